from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bonerisk.evaluation.binary import BinaryResult
from bonerisk.reporting.figures.evaluation import draw
from bonerisk.reporting.figures.flow import flow
from bonerisk.reporting.figures.history import histories, history
from bonerisk.reporting.figures.style import Drawing, panels, save

KINDS = ["calibration", "confusion", "precision_recall", "roc"]
KINDS += [f"subgroups_{metric}" for metric in ("accuracy", "auc", "sensitivity", "specificity")]


def test_an_evaluation_is_drawn_whole(drawn: Path) -> None:
    assert sorted(path.stem for path in drawn.glob("*.svg")) == sorted(
        f"{kind}_{split}" for kind in KINDS for split in ("test", "external")
    )
    assert all(path.with_suffix(".png").is_file() for path in drawn.glob("*.svg"))


def test_alt_text_gives_the_numbers(drawn: Path, result: BinaryResult) -> None:
    drawing = Drawing.read(drawn / "roc_test.svg")
    row = result.metrics.query("split == 'test' and subgroup == 'all' and metric == 'auc' and reference == ''").iloc[0]
    assert f"ospenscreen_demo {row['estimate']:.2f} (" in drawing.alt
    assert f"{row['n']} films, {row['n_events']} with low bone mass" in drawing.title


def test_same_data_same_svg(tmp_path: Path) -> None:
    epochs = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.7, 0.6], "tune_loss": [0.7, 0.65], "tune_auc": [0.5, 0.6]})
    for name in ("a", "b"):
        save(history(epochs), tmp_path, name, "Training", "Loss by epoch")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("reason", ["", "a long reason " * 12])
def test_flow_of_any_length(tmp_path: Path, reason: str) -> None:
    steps = [[f"step {i}", 100 - 10 * i, 10 if i else 0, 100 - 10 * i, reason] for i in range(6)]
    table = pd.DataFrame(steps, columns=["step", "kept", "dropped", "kept_patients", "reason"])
    splits = pd.DataFrame(
        {
            "split": ["train", "test"],
            "films": [30, 20],
            "patients": [30, 20],
            "events": [np.nan, 7.0],
            "outcome": ["", "low bone mass"],
        }
    )
    drawing = save(flow(table, splits), tmp_path, "flow", "Flow", "Flow")
    dark = np.array(Image.open(drawing.path.with_suffix(".png")).convert("L")) < 128
    assert not dark[0].any() and not dark[-1].any()  # nothing is cut off
    assert not dark[:, 0].any() and not dark[:, -1].any()


def test_histories_of_many_runs(tmp_path: Path) -> None:
    epochs = pd.DataFrame({"epoch": [1, 2], "tune_auc": [0.5, 0.6], "tune_loss": [0.7, 0.6]})
    save(histories({f"lr {i}": epochs for i in range(9)}), tmp_path, "histories", "Histories", "Histories")
    assert (tmp_path / "histories.svg").is_file()


def test_drawing_leaves_no_global_state(tmp_path: Path) -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    with panels(2, 2) as (figure, _):
        pass
    save(figure, tmp_path, "empty", "Empty", "Empty")
    assert dict(rcParams) == before


def test_nothing_to_draw_is_no_error(tmp_path: Path, result: BinaryResult) -> None:
    """A cohort too small for any number still gets a page: what is there is drawn."""
    from dataclasses import replace

    empty = result.metrics.assign(estimate=np.nan, lower=np.nan, upper=np.nan)
    curves = {name: getattr(result, name).head(0) for name in ("roc", "precision_recall", "calibration")}
    draw(tmp_path, replace(result, metrics=empty, **curves))
    assert {path.stem.rpartition("_")[0] for path in tmp_path.glob("*.svg")} == {"confusion"}
