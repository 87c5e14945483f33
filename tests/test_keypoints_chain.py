"""Points from training to the survival chain, as typed: train → evaluate → report, and prepare with found points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.datasets.of_run import OfRun
from bonerisk.keypoints.columns import columns
from bonerisk.keypoints.levels import LUMBAR
from bonerisk.runs.find import load

Typed = Callable[..., tuple[int, list[str], str]]
FILMS = ["dataset=phantom_spine", "dataset.patients=40", "dataset.split=[0.5,0.2,0.3]", "dataset.events=enriched"]
SMALL = ["preprocessing.height=96", "preprocessing.width=64", "encoder.channels=4", "training.max_epochs=1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keypoints")


@pytest.fixture
def detector(place: Path, typed: Typed) -> Path:
    """A training, made once, that has learnt next to nothing, and sets no film aside."""
    memo = place / "detector"
    if not memo.exists():
        code, out, err = typed(place, "train", "model=spine_keypoints_demo", *FILMS, *SMALL, "head.least_score=0")
        assert code == 0, err
        memo.write_text(out[-1])
    return Path(memo.read_text())


def test_points_are_evaluated_and_shown(place: Path, detector: Path, typed: Typed) -> None:
    code, out, err = typed(place, "evaluate", f"run={detector}", "evaluation.n_draws=10", "evaluation.min_n=2")
    assert code == 0, err
    metrics = pd.read_csv(place / out[-1] / "metrics.csv").query("subgroup == 'all'").set_index("metric")
    assert {"oks_ap", "pck", "median_mm", "set_aside"} <= set(metrics.index)
    assert metrics.loc["median_mm", "estimate"] > 0
    examples = pd.read_csv(place / out[-1] / "figures" / "points" / "points.csv")
    assert examples["group"].tolist() == ["typical", "largest error", "least sure"]
    assert examples["error_mm"].max() == examples.set_index("group").loc["largest error", "error_mm"]
    code, out, err = typed(place, "report", f"runs=[{out[-1]}]")
    assert code == 0, err
    page = (place / out[-1] / "report.html").read_text()
    assert "Can the points be found on a film?" in page
    assert "Points found" in page
    assert "too few to conclude" not in page
    runs = ",".join(str(path) for path in (place / "outputs" / "evaluate" / "spine_keypoints_demo").iterdir())
    code, again, err = typed(place, "evaluate", f"run={detector}", "evaluation.n_draws=10", "evaluation.min_n=2")
    assert code == 0, err
    code, out, err = typed(place, "report", f"runs=[{runs},{again[-1]}]")
    assert code == 0, err
    table = pd.read_csv(place / out[-1] / "tables" / "keypoint_precision.csv")
    assert len(table) == 2
    assert "Mean ± SD of 2: " in (place / out[-1] / "report.html").read_text()


def test_found_points_take_the_place_of_marked_ones(place: Path, detector: Path, typed: Typed) -> None:
    code, out, err = typed(place, "prepare", *FILMS, f"keypoints={detector}", "preprocessing=none")
    assert code == 0, err
    run = place / out[-1]
    found, places = pd.read_parquet(run / "cohort.parquet"), columns(LUMBAR)
    marked = pd.read_parquet(place / detector / "cohort.parquet").set_index("image_id")[places]
    assert not np.allclose(found.set_index("image_id").loc[marked.index, places], marked, atol=1)
    assert pd.read_csv(run / "flow.csv")["step"].iloc[-1] == "points found"
    [note] = (text for text in load(run).record["notes"] if text.startswith("Points were found"))
    assert f"trained or tuned on {len(marked)} of the {len(found)} films" in note
    again = OfRun(str(run)).load(place / "data")
    pd.testing.assert_frame_equal(again.table[places], found[places])
    assert run / "cohort.parquet" in again.sources
    code, out, err = typed(place, "train", "model=cox", "features=spine_model1", "dataset=run", f"dataset.run={run}")
    assert code == 0, err
    learnt = pd.read_parquet(place / out[-1] / "cohort.parquet")
    seen = found[found["split"].isin(["train", "tune"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(learnt[places], seen[places])
    assert run.resolve() in {path.resolve() for path in load(place / out[-1]).parents}


def test_a_detector_that_is_sure_of_nothing_stops_and_another_model_finds_no_points(
    place: Path, detector: Path, typed: Typed
) -> None:
    code, out, err = typed(place, "train", "model=spine_keypoints_demo", *FILMS, *SMALL, "head.least_score=0.99")
    assert code == 0, err
    code, _, err = typed(place, "prepare", *FILMS, f"keypoints={out[-1]}", "preprocessing=none")
    assert code == 3
    assert "is doubtful: its score is 0." in err
    code, out, err = typed(place, "train", "model=cox", "features=spine_model1", *FILMS)
    assert code == 0, err
    code, _, err = typed(place, "prepare", *FILMS, f"keypoints={out[-1]}", "preprocessing=none")
    assert code == 2
    assert "cox predicts fracture and finds no points" in err


def test_a_spine_model_predicts_with_found_points(place: Path, detector: Path, typed: Typed) -> None:
    small = ["training.max_epochs=1", "training.batch_size=16", "encoder.channels=4", "preprocessing.size=64"]
    code, out, err = typed(place, "train", "model=spine_deepsurv_demo", *FILMS, *small)
    assert code == 0, err
    run = out[-1]
    code, out, err = typed(place, "evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2")
    assert code == 0, err
    judged = pd.read_parquet(place / out[-1] / "predictions.parquet").query("model == 'spine_deepsurv_demo'")
    code, out, err = typed(place, "predict", f"run={run}", *FILMS, "pages=1")
    assert code == 0, err
    found = pd.read_parquet(place / out[-1] / "predictions.parquet").set_index("image_id").loc[judged["image_id"]]
    for name in ("risk", "survival_5y"):
        np.testing.assert_array_equal(found[name], judged[name])
    film = pd.read_parquet(place / run / "cohort.parquet")["image_path"].iloc[0]
    code, _, err = typed(place, "predict", f"run={run}", film)
    assert code == 2
    assert "keypoints=RUN" in err
    code, out, err = typed(place, "predict", f"run={run}", film, f"keypoints={detector}", "pages=0")
    assert (code, err.count("error")) in ((0, 0), (3, 1)), err  # a detector that has learnt nothing may exchange points
    code, _, err = typed(place, "predict", f"run={detector}", film)
    assert code == 2
    assert "finds points, and predicts no risk" in err
