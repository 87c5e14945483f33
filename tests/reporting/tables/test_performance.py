from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan

import pandas as pd
import pytest

from bonerisk.evaluation.validation.validate import UNTESTED
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.runs.reported import reported
from bonerisk.reporting.tables import models, performance, subgroups
from bonerisk.reporting.wording.numbers import interval, p_value, percent
from bonerisk.runs.find import StoredRun

MakeRun = Callable[..., StoredRun]


@pytest.fixture
def evaluation(make_run: MakeRun) -> EvaluationRun:
    return reported([make_run("evaluate", make_run("train"))]).evaluations[0]


@pytest.fixture
def followed_up(make_cox: MakeRun) -> EvaluationRun:
    return reported([make_cox("evaluate", make_cox("train"))]).evaluations[0]


def whole(evaluation: EvaluationRun, *key: object, reference: str = "") -> pd.Series:
    row = evaluation.value("test", evaluation.run.name, TableKey(*key), reference)
    assert row is not None
    return row


def text(row: pd.Series) -> str:
    return interval(row["estimate"], row["lower"], row["upper"])


def test_by_split_has_the_papers_rows(evaluation: EvaluationRun) -> None:
    table = performance.by_split(evaluation)
    frame = table.frame.set_index(["Group", "Metric"])
    assert frame.loc[("Without a threshold", "AUC"), "Test"] == text(whole(evaluation, "auc"))
    of_half = frame.loc["Threshold 0.5"]
    assert of_half.loc["Sensitivity", "Test"] == text(whole(evaluation, "sensitivity", nan, "0.5"))
    counts = evaluation.confusion.query("split == 'test' and subgroup == 'all' and threshold == '0.5'")
    assert of_half.loc["TP, n (%)", "Test"].startswith(f"{counts['tp'].iloc[0]:.0f} (")
    [youden] = [
        name for name in frame.index.get_level_values(0).unique() if name.startswith("Youden's threshold (risk 0.")
    ]
    rates = ["Sensitivity", "Specificity", "PPV", "NPV", "Accuracy", "F1 score"]
    assert frame.loc[youden].index.tolist() == ["TP, n (%)", "TN, n (%)", "FP, n (%)", "FN, n (%)", *rates]
    assert any("Wilson" in note for note in table.notes)


def test_by_split_of_time_to_an_event(followed_up: EvaluationRun) -> None:
    frame = performance.by_split(followed_up).frame.set_index(["Group", "Metric"])
    films = followed_up.cohort.query("split == 'test'")
    deaths = (films["competing_event"] == 1) & (films["time_years"] <= 5)
    assert frame.loc[("Films", "Competing event first by 5 years, n"), "Test"] == str(deaths.sum())
    names = ["Harrell's C-index", "Uno's C at 5 years", "AUC at 5 years", "AUC by risk at 5 years"]
    assert frame.loc["Without a threshold"].index.tolist()[:4] == names
    [youden] = [name for name in frame.index.get_level_values(0).unique() if name.startswith("Youden")]
    at = frame.loc[youden, "Test"]
    assert at["Hazard ratio, high to low risk"].startswith(text(whole(followed_up, "hazard_ratio", nan, "youden")))
    high = followed_up.ours.query("split == 'test' and subgroup == 'risk=high'").iloc[0]
    assert at["Incidence by 5 years, high risk"].startswith(percent(*high[["estimate", "lower", "upper"]]))
    assert not any(name.startswith("TP") for name in at.index)  # weighed for censoring, they are no counts


def test_what_cant_be_computed_says_why(evaluation: EvaluationRun) -> None:
    table = subgroups.by_subgroup(evaluation, "0.5", 0.5, nan)
    row = table.frame[(table.frame["Split"] == "Test") & (table.frame["Subgroup"] == "Age 50–54")].iloc[0]
    assert row["AUC"].startswith("–[")
    letter = row["AUC"][1:]
    assert any(note.startswith(letter) and "patients" in note for note in table.notes)
    mild = table.frame[(table.frame["Split"] == "Test") & (table.frame["Subgroup"] == "Mild")].iloc[0]
    assert mild["Specificity"] == ""  # not defined among cases, rather than not computable


def test_subgroups_of_time_to_an_event(followed_up: EvaluationRun) -> None:
    frame = subgroups.by_subgroup(followed_up, "youden", 0.5, 5.0).frame
    heads = ["Split", "Subgroup", "Films", "Fracture by 5 years", "Harrell's C-index", "AUC"]
    assert frame.columns.tolist()[:7] == [*heads, "Incidence"]
    assert "High risk" not in frame["Subgroup"].tolist()


def test_gaps_with_their_p(followed_up: EvaluationRun) -> None:
    table = subgroups.gaps(followed_up)
    assert table is not None
    row, first = table.frame.iloc[0], followed_up.result.gaps.iloc[0]
    assert (row["Subgroup"], row["Metric"]) == ("Female", "Harrell's C-index")
    assert row["Gap to the rest"].startswith(interval(first["estimate"], first["lower"], first["upper"], sign=True))
    assert {"p", "p, Holm", "p, Bonferroni"} < set(table.frame)


def test_models_and_differences(evaluation: EvaluationRun, followed_up: EvaluationRun) -> None:
    frame = models.models(evaluation, nan).frame
    assert frame[frame["Split"] == "Test"]["Model"].tolist()[:3] == ["ospenscreen_demo", "age + sex", "age + sex + BMI"]
    first = models.differences(evaluation, nan).frame.iloc[0]
    assert (first["", "Model"], first["", "minus"]) == ("ospenscreen_demo", "age + sex")
    assert first["Δ AUC", "Difference"][0] in "+−"
    table = models.differences(followed_up, 5.0)
    assert table.frame.iloc[0]["Δ Harrell's C-index", "Difference"] == interval(
        *whole(followed_up, "c_index", reference="t_score")[["estimate", "lower", "upper"]], sign=True
    )
    assert (
        "Over 0: the first model is better; for Brier score at 5 years and Integrated Brier score at 5 years: under 0."
        in table.notes[0]
    )
    assert table.title == "Paired differences, at 5 years but for Harrell's C-index"


def test_differences_have_the_adjusted_p(followed_up: EvaluationRun) -> None:
    table, rows = models.differences(followed_up, 5.0), followed_up.result.differences
    [row] = rows.query(
        "split == 'test' and subgroup == 'all' and metric == 'c_index' and model == @followed_up.model and "
        "reference == 't_score'"
    ).itertuples()
    assert table.frame.iloc[0]["Δ Harrell's C-index", "p, Holm"] == p_value(row.p_holm)
    assert row.n_tests > 1
    assert "Holm adjusts for all differences of the split in that metric" in table.notes[1]


def test_differences_without_p(followed_up: EvaluationRun) -> None:
    known = followed_up.result.differences
    earlier = replace(followed_up.result, differences=pd.DataFrame(columns=list(known)))
    table = models.differences(replace(followed_up, result=earlier), 5.0)
    assert "Δ Harrell's C-index" in table.frame
    assert "There are no p-values: an earlier version evaluated the models." in table.notes
    validated = {
        "metrics": followed_up.result.metrics.query("split == 'test'").assign(split="corrected"),
        "differences": known.query("split == 'test'").assign(split="corrected", p=nan, p_holm=nan, note=UNTESTED),
    }
    table = models.differences(replace(followed_up, result=replace(followed_up.result, **validated)), 5.0)
    assert "Δ Harrell's C-index" in table.frame
    assert table.notes[1] == "No p-value: the draws do not repeat the refits."
    assert not any(note.startswith("[a] No p") for note in table.notes)


def test_nothing_compared(evaluation: EvaluationRun) -> None:
    metrics, none = evaluation.metrics, evaluation.result.differences.iloc[:0]
    alone = replace(evaluation.result, metrics=metrics[metrics["reference"] == ""], differences=none)
    assert models.differences(replace(evaluation, result=alone), nan) is None


def test_net_benefit_explains_the_threshold_that_the_table_has(evaluation: EvaluationRun) -> None:
    table = models.net_benefit(evaluation)
    assert table is not None
    assert "at 50%, one case is worth 1 treated in vain" in table.notes[0]


def test_empty_cells_are_explained_only_if_there_are_any(evaluation: EvaluationRun) -> None:
    explained, result = "Empty cells: only the ranking of the model is judged.", evaluation.result
    metrics, name = result.metrics, result.metrics["model"].iloc[0]
    of_one = replace(evaluation, result=replace(result, metrics=metrics[metrics["model"] == name]))
    assert explained not in models.models(of_one, nan).notes
    ranked = (metrics["model"] != name) & metrics["metric"].isin(["brier", "ipa"])
    some = replace(evaluation, result=replace(result, metrics=metrics[~ranked]))
    assert explained in models.models(some, nan).notes


def test_net_benefit_beside_treating_everybody(followed_up: EvaluationRun) -> None:
    table = models.net_benefit(followed_up)
    row = table.frame[table.frame["Split"] == "Test at 5 years"].iloc[0]
    incidence = whole(followed_up, "incidence", 5.0)["estimate"]
    assert float(row["Treat everybody"]) == pytest.approx(1000 * (incidence - (1 - incidence) * 0.05 / 0.95), abs=0.051)
    assert row["cox"].startswith(f"{1000 * whole(followed_up, 'net_benefit', 5.0, '0.05')['estimate']:.1f} (")
    assert "at 5%, one case is worth 19 treated in vain" in table.notes[0]
