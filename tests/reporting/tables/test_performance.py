from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.evaluation.binary import BinaryResult
from bonerisk.reporting.numbers import interval
from bonerisk.reporting.tables import performance

NAME = "ospenscreen_demo"


@pytest.fixture
def metrics(result: BinaryResult) -> pd.DataFrame:
    return result.metrics


@pytest.fixture
def ours(metrics: pd.DataFrame) -> pd.DataFrame:
    return metrics[metrics["model"] == NAME]


def whole(metrics: pd.DataFrame, metric: str, threshold: str = "") -> pd.Series:
    chosen = (metrics["split"] == "test") & (metrics["subgroup"] == "all") & (metrics["metric"] == metric)
    rows = metrics[chosen & (metrics["threshold"] == threshold) & (metrics["reference"] == "")]
    assert len(rows) == 1
    return rows.iloc[0]


def test_by_split_has_the_papers_rows(ours: pd.DataFrame, result: BinaryResult) -> None:
    confusion = result.confusion[result.confusion["model"] == NAME]
    table = performance.by_split(ours, confusion, {"0.5": 0.5, "youden": 0.4})
    frame = table.frame.set_index(["Group", "Metric"])
    auc, sensitivity = whole(ours, "auc"), whole(ours, "sensitivity", "0.5")
    assert frame.loc[("Without a threshold", "AUC"), "Test"] == interval(*auc[["estimate", "lower", "upper"]])
    assert frame.loc[("Threshold 0.5", "Sensitivity"), "Test"] == interval(*sensitivity[["estimate", "lower", "upper"]])
    counts = confusion[
        (confusion["split"] == "test") & (confusion["subgroup"] == "all") & (confusion["threshold"] == "0.5")
    ]
    assert frame.loc[("Threshold 0.5", "TP, n (%)"), "Test"].startswith(f"{counts['tp'].iloc[0]} (")
    of_threshold = frame.loc["Youden's threshold (0.40)"].index.tolist()
    rates = ["Sensitivity", "Specificity", "PPV", "NPV", "Accuracy", "F1 score"]
    assert of_threshold == ["TP, n (%)", "TN, n (%)", "FP, n (%)", "FN, n (%)", *rates]
    assert any("Wilson" in note for note in table.notes)


def test_what_cant_be_computed_says_why(ours: pd.DataFrame) -> None:
    table = performance.by_subgroup(ours, "0.5", 0.5)
    row = table.frame[(table.frame["Split"] == "Test") & (table.frame["Subgroup"] == "Age 50–54")].iloc[0]
    assert row["AUC"].startswith("–[")
    letter = row["AUC"][1:]
    assert any(note.startswith(letter) and "patients" in note for note in table.notes)
    mild = table.frame[(table.frame["Split"] == "Test") & (table.frame["Subgroup"] == "Mild")].iloc[0]
    assert mild["Specificity"] == ""  # not defined among cases, rather than not computable


def test_models_and_differences(metrics: pd.DataFrame) -> None:
    models = performance.models(metrics).frame
    assert models[models["Split"] == "Test"]["Model"].tolist()[:3] == [NAME, "age + sex", "age + sex + BMI"]
    differences = performance.differences(metrics)
    assert differences is not None
    first = differences.frame.iloc[0]
    assert (first["Model"], first["minus"]) == (NAME, "age + sex")
    assert first["Δ AUC"][0] in "+−"
    assert performance.differences(metrics[metrics["reference"] == ""]) is None
