from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting.drawings import draw
from bonerisk.reporting.figures.calibration import calibration
from bonerisk.reporting.figures.flow import flow
from bonerisk.reporting.figures.history import histories, history
from bonerisk.reporting.figures.incidence import incidence
from bonerisk.reporting.figures.ridge import ridge
from bonerisk.reporting.figures.style import Drawing, panels, save
from bonerisk.reporting.runs.epochs import BEFORE, Epochs
from bonerisk.reporting.wording.vocabulary import Vocabulary

KINDS = ["calibration", "confusion", "decision", "precision_recall", "roc"]
KINDS += [f"subgroups_{metric}" for metric in ("accuracy", "auc", "sensitivity", "specificity")]


def test_an_evaluation_is_drawn_whole(drawn: Path) -> None:
    assert sorted(path.stem for path in drawn.glob("*.svg")) == sorted(
        f"{kind}_{split}" for kind in KINDS for split in ("test", "external")
    )
    assert all(path.with_suffix(".png").is_file() for path in drawn.glob("*.svg"))


def test_alt_text_gives_the_numbers(drawn: Path, result: Result) -> None:
    drawing = Drawing.read(drawn / "roc_test.svg")
    row = result.metrics.query("split == 'test' and subgroup == 'all' and metric == 'auc' and reference == ''").iloc[0]
    assert f"ospenscreen_demo {row['estimate']:.2f} (" in drawing.alt
    assert f"{row['n']} films, {row['n_events']} with low bone mass" in drawing.title


def test_time_to_an_event_is_drawn_whole(survival_drawn: Path, survival: Result) -> None:
    kinds = ["calibration", "decision", "roc", "subgroups_auc_t"]
    names = [f"{kind}_{split}_5y" for kind in kinds for split in ("test", "external")]
    names += [f"{kind}_{split}" for kind in ("incidence", "subgroups_c_index") for split in ("test", "external")]
    names = [f"{name}_youden" if name.startswith("incidence") else name for name in names]
    assert sorted(path.stem for path in survival_drawn.glob("*.svg")) == sorted(names)
    incidence, roc = (Drawing.read(survival_drawn / f"{name}.svg") for name in ("incidence_test_youden", "roc_test_5y"))
    ours = survival.metrics.query("split == 'test' and model == 'cox' and reference == ''")
    high = ours.query("metric == 'incidence' and subgroup == 'risk=high'").iloc[0]
    assert f"High risk: {100 * high['estimate']:.1f}% (" in incidence.alt
    assert "by 5 years; Low risk: " in incidence.alt
    events = ours.query("metric == 'auc_t' and subgroup == 'all'").iloc[0]["n_events"]
    by = "by probability; marked: thresholds of the risk"  # deaths compete
    assert roc.title == f"ROC curves at 5 years, {by}. Test: 140 films, {events} with a fracture by 5 years"
    assert "true hazard (oracle)" in roc.alt


def test_axes_end_with_low_risks() -> None:
    risk = pd.Series(np.linspace(0.001, 0.03, 100))
    groups = pd.DataFrame({"predicted": [0.01, 0.02], "observed": [0.012, 0.02], "lower": 0.0, "upper": [0.02, 0.04]})
    figure = calibration(groups, risk, "", ("predicted", "observed", "films"), smooth=groups)
    axes = figure.axes[0]
    assert axes.get_xlim()[1] == axes.get_ylim()[1] == pytest.approx(0.0424, abs=1e-4)
    whole = calibration(groups, risk, "", ("predicted", "observed", "films"))
    assert whole.axes[0].get_xlim()[1] == pytest.approx(1.01)


def test_numbers_at_risk_are_counted_exactly() -> None:
    time = np.array([0.5, 1.0, 1.5, 3.0, 4.0])
    points = pd.DataFrame({"group": "high", "time_years": [1.0, 4.0], "incidence": [0.1, 0.2]})
    points = points.assign(lower=points["incidence"], upper=points["incidence"])
    figure = incidence(points, {"high": time}, {"high": "High"}, [5.0], "", "")
    written = [text.get_text() for text in figure.axes[0].texts]
    assert written == ["At risk", "High", "5", "4", "2", "2", "1"]  # at 0, 1, 2, 3 and 4 years, ends included


def test_same_data_same_svg(tmp_path: Path) -> None:
    epochs = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.7, 0.6], "tune_loss": [0.7, 0.65], "tune_auc": [0.5, 0.6]})
    for name in ("a", "b"):
        save(history(Epochs(epochs, **BEFORE)), tmp_path, name, "Training", "Loss by epoch")
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
    drawing = save(flow(table, splits, Vocabulary("low bone mass")), tmp_path, "flow", "Flow", "Flow")
    dark = np.array(Image.open(drawing.path.with_suffix(".png")).convert("L")) < 128
    assert not dark[0].any() and not dark[-1].any()  # nothing is cut off
    assert not dark[:, 0].any() and not dark[:, -1].any()


def test_histories_of_many_runs(tmp_path: Path) -> None:
    epochs = pd.DataFrame({"epoch": [1, 2], "tune_auc": [0.5, 0.6], "tune_loss": [0.7, 0.6]})
    save(
        histories({f"lr {i}": Epochs(epochs, **BEFORE) for i in range(9)}),
        tmp_path,
        "histories",
        "Histories",
        "Histories",
    )
    assert (tmp_path / "histories.svg").is_file()


def test_drawing_leaves_no_global_state(tmp_path: Path) -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    with panels(2, 2) as (figure, _):
        pass
    save(figure, tmp_path, "empty", "Empty", "Empty")
    assert dict(rcParams) == before


def test_nothing_to_draw_is_no_error(tmp_path: Path, result: Result, cohort: pd.DataFrame) -> None:
    """A cohort too small for any number still gets a page: what is there is drawn."""
    from dataclasses import replace

    empty = result.metrics.assign(estimate=np.nan, lower=np.nan, upper=np.nan)
    draw(tmp_path, replace(result, metrics=empty, curves={}), cohort)
    assert {path.stem.rpartition("_")[0] for path in tmp_path.glob("*.svg")} == {"confusion"}


def test_the_penalty_taken_is_marked() -> None:
    path = pd.DataFrame({"penalty": [10.0, 1.0, 0.1], "score": [-5.0, -3.0, -4.0], "standard_error": 0.5})
    line, taken = ridge(path, 1.0).axes[0].lines
    assert line.get_xydata().shape == (3, 2)
    assert taken.get_xydata().tolist() == [[1.0, -3.0]]
