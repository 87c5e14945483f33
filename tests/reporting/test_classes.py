"""The page of a model of three classes, beside one of the T-score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.reporting.drawings import draw
from tests.reporting.conftest import NAME, evaluated, maker
from tests.reporting.test_report import Page, written


def page_of(cohort: pd.DataFrame, folder: Path, sure: float, start: float = 0.0, *, drawn: bool = True) -> Page:
    """The page of a model whose probabilities are the better the surer it is; from `start` it favours worse classes."""
    noise = np.random.default_rng(5).normal(0, 0.6, len(cohort))
    label = np.digitize(-cohort["t_score"], [1.05, 1.75])
    rows = cohort.assign(label=label, bone_class=np.array(BONE_CLASSES)[label])
    rows = rows.drop(columns="oracle_filmed_density")
    z = start - (rows["t_score"] + 1.2 + noise) * sure
    p = softmax(np.column_stack([np.zeros(len(rows)), z, 2 * z - sure]), axis=1)
    given = {f"p_{name}": of for name, of in zip(BONE_CLASSES, p.T, strict=True)}
    shared = rows.drop(columns="image_path").assign(dataset="mine")
    risk = -(0.7 * rows["t_score"] + noise)
    models = [
        shared.assign(model=NAME, risk=p @ np.arange(3), **given),
        shared.assign(model="by T-score", risk=risk, class_called=np.digitize(risk, [1.05, 2.45])),
    ]
    result = evaluated(rows, pd.concat(models, ignore_index=True), "bone_class")
    (folder / "figures").mkdir()
    if drawn:
        draw(folder / "figures", result, rows)
    make = maker(folder, rows, result, folder / "figures", NAME)
    return written([make("evaluate", make("train"))], folder / "report")


@pytest.fixture(scope="module")
def page(cohort: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return page_of(cohort, tmp_path_factory.mktemp("classes"), 3.0)


def test_it_says_what_was_predicted(page: Page) -> None:
    assert "who has low bone mass or osteoporosis?" in page.text
    for text in ("Ordinal AUC", "Weighted κ of the classes", "Ranked probability score", "Performance by class"):
        assert text in page.text
    assert "{}" not in page.text and "nan" not in page.text.split("What was run")[1]


def test_the_matrix_and_the_forest_are_drawn(page: Page) -> None:
    alts = [str(image["alt"]) for image in page.images]
    [matrices] = [alt for alt in alts if alt.startswith("Confusion") and "Test" in alt.split(":")[1]]
    assert matrices.count("osteoporosis called low bone mass") == 2  # a matrix a model
    assert any("Ordinal AUC by subgroup" in alt for alt in alts)


def test_models_stand_beside_each_other_class_by_class(page: Page) -> None:
    rows = pd.read_csv(page.path.parent / "tables" / "classes.csv")
    assert rows["Model"].value_counts().nunique() == 1 and len(rows) == 2 * 2 * 3
    of_score = rows[rows["Model"] == "by T-score"]
    assert of_score["Sensitivity"].str.contains("–").all() and of_score["AUC"].str.startswith("–").all()
    assert "The model gives no probability of each class" in page.text


def test_each_class_has_a_roc_and_a_calibration_curve(page: Page) -> None:
    alts = [str(image["alt"]) for image in page.images]
    for name in ("normal", "low bone mass", "osteoporosis"):
        for kind in ("ROC curves", "Calibration"):
            [alt] = [each for each in alts if each.startswith(f"{kind} of {name} against the rest. Test:")]
            assert "films, " in alt and " 0 osteoporosis" not in alt


def test_a_class_that_is_never_called_is_a_caution(cohort: pd.DataFrame, tmp_path: Path) -> None:
    text = page_of(cohort, tmp_path, 0.2, start=-3.0, drawn=False).text
    assert "the model calls no film osteoporosis" in text
