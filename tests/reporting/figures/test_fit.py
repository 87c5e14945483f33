"""Long names, on a machine with our font and on one with DejaVu alone: what is drawn stays on its canvas."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting import drawings
from bonerisk.reporting.figures import letters, style
from bonerisk.reporting.figures.flow import flow
from bonerisk.reporting.figures.history import histories
from bonerisk.reporting.figures.importance import importance
from bonerisk.reporting.figures.ranking import ranking
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.runs.epochs import BEFORE, Epochs
from bonerisk.reporting.wording.vocabulary import Vocabulary
from tests.reporting.conftest import evaluated

SITE = "Universitätsklinikum der Landeshauptstadt, Zweigstelle Nordwest"
MODEL = "ospenscreen_demo_of_the_second_round_with_a_very_long_name_without_any_space"
WORDS = Vocabulary("hospital admission for a fracture of the proximal femur")


@pytest.fixture(params=["ours", "DejaVu"], autouse=True)
def font(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """DejaVu, a quarter wider, stands for any font."""
    if request.param == "DejaVu":
        monkeypatch.setattr(letters, "FAMILY", ("DejaVu Sans",))
        monkeypatch.setitem(style._STYLE, "font.sans-serif", ["DejaVu Sans"])
    letters.width_in.cache_clear()
    yield
    letters.width_in.cache_clear()


@pytest.fixture(scope="module")
def long(cohort: pd.DataFrame, predictions: pd.DataFrame) -> Result:
    named = predictions.assign(model=MODEL, site=np.where(predictions["sex"] == "F", SITE, "B"))
    return evaluated(cohort.assign(site=named["site"]), named)


def test_an_evaluation_with_long_names(
    long: Result, cohort: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawings, "vocabulary_of", lambda *_: WORDS)
    drawings.draw(tmp_path, long, cohort)  # each figure that is saved is checked, see conftest
    assert len(list(tmp_path.glob("*.svg"))) > 10


def test_figures_of_training_with_long_names(tmp_path: Path) -> None:
    names = [f"{MODEL}_{number}" for number in range(4)]
    epochs = pd.DataFrame({"epoch": [1, 2], "tune_auc": [0.5, 0.6], "tune_loss": [0.7, 0.6]})
    save(histories({name: Epochs(epochs, **BEFORE) for name in names}), tmp_path, "histories", "", "")
    table = pd.DataFrame({"name": names, "share": 0.25, "mean_abs_shap": 0.1})
    save(importance(table), tmp_path, "importance", "", "")
    rows = pd.DataFrame({"split": "test", "model": names, "estimate": 0.7, "lower": 0.6, "upper": 0.8})
    save(ranking(rows, "AUC (area under the curve)", names), tmp_path, "ranking", "", "")


def test_boxes_of_the_flow_hold_their_texts(tmp_path: Path, saved: deque[Figure]) -> None:
    steps = [["all films of the picture archive and communication system", 90, 0, 80, ""]]
    steps += [[SITE, 50, 40, 50, MODEL], ["short", 40, 10, 40, "Röntgenbild/Befund/" * 5]]
    table = pd.DataFrame(steps, columns=["step", "kept", "dropped", "kept_patients", "reason"])
    sizes = {"films": 12_345, "patients": 11_345, "events": 1234.0, "outcome": WORDS.having}
    splits = pd.DataFrame([{"split": split, **sizes} for split in ("train", "tune", "test", "external")])
    save(flow(table, splits, WORDS), tmp_path, "flow", "", "")
    axes = saved[-1].axes[0]
    boxes = [patch.get_window_extent() for patch in axes.patches]
    texts = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert len(boxes) == len(texts) == 9
    assert all(box.contains(*text.min) and box.contains(*text.max) for box, text in zip(boxes, texts, strict=True))


def test_lines_are_as_wide_as_they_are_drawn() -> None:
    assert letters.wrap("a bb ccc", 10, 8) == "a bb ccc"
    lines = letters.wrap(f"{SITE} {MODEL}", 1.0, 8).split("\n")
    assert max(letters.width_in(line, 8) for line in lines) <= 1.0
    assert "".join(lines).replace(" ", "") == f"{SITE} {MODEL}".replace(" ", "")
    assert letters.wrap("WWW", 0.01, 8) == "W\nW\nW"  # narrower than a letter


def test_signs_of_mathematics_are_letters(tmp_path: Path) -> None:
    with style.panels(2, 2) as (figure, [axes]):
        axes.set_title("cost in $ and $^$")
    save(figure, tmp_path, "dollar", "", "")
