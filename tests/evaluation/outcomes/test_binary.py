from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.evaluation import Evaluation as Built
from bonerisk.evaluation.metrics_table import CONFUSION, METRICS

Evaluation = Callable[..., Built]
CLINICAL = "age_years + sex + bmi_kg_m2"


def pick(metrics: pd.DataFrame, **where: str) -> pd.DataFrame:
    """Rows of the metrics table; reference and threshold are empty unless given."""
    where = {"subgroup": "all", "reference": "", "threshold": "", **where}
    return metrics[np.logical_and.reduce([metrics[name] == value for name, value in where.items()])]


def test_every_number_has_an_interval_or_a_note(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    result = evaluation().run(predictions, tuning, training)
    metrics = result.metrics
    assert list(metrics) == list(METRICS)
    assert list(result.confusion) == list(CONFUSION)
    empty = metrics["estimate"].isna()
    assert (metrics.loc[empty, "note"] != "").all()
    known = metrics[~empty]
    ordered = known["lower"] <= known["upper"]
    assert (ordered | (known["lower"].isna() & known["note"].str.contains("no interval"))).all()
    assert ordered.mean() > 0.95
    assert not metrics.duplicated(["dataset", "split", "model", "reference", "subgroup", "metric", "threshold"]).any()
    assert set(metrics["subgroup"]) == {
        *("all", "sex=F", "sex=M", "age=50-54", "age=55-59", "age=60-64", "age=65+"),
        *("severity=mild", "severity=moderate", "severity=advanced"),
    }
    assert result.roles == {
        "net": "film",
        "age_years + sex": "baseline",
        CLINICAL: "baseline",
        f"{CLINICAL} (tuning)": "refitted",
        f"net + {CLINICAL}": "combined",
        "oracle_filmed_density": "oracle",
    }
    assert set(result.predictions["model"]) == set(result.roles)
    json.dumps(result.thresholds)


def test_confusion_and_metrics_agree(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    result = evaluation().run(predictions, tuning, training)
    for _, row in result.confusion[result.confusion["model"] == "net"].iterrows():
        found = pick(result.metrics, model="net", subgroup=row.subgroup, threshold=row.threshold, metric="sensitivity")
        assert found["estimate"].item() == pytest.approx(row.tp / (row.tp + row.fn))
    youden = next(t for t in result.thresholds["thresholds"] if (t["model"], t["threshold"]) == ("net", "youden"))
    called = predictions["risk"] >= youden["value"]
    whole = result.confusion.query("model == 'net' and subgroup == 'all' and threshold == 'youden'")
    assert whole["tp"].item() == (called & (predictions["label"] == 1)).sum()


def test_severity_compares_its_cases_with_all_normals(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    metrics = evaluation().run(predictions, tuning, training).metrics
    mild = int(((predictions["t_score"] < -1) & (predictions["t_score"] > -1.5)).sum())
    normal = int((predictions["label"] == 0).sum())
    area = pick(metrics, model="net", subgroup="severity=mild", metric="auc")
    assert (area["n"].item(), area["n_events"].item()) == (mild + normal, mild)
    right = pick(metrics, model="net", subgroup="severity=mild", metric="accuracy", threshold="0.5")
    assert right["n"].item() == right["n_events"].item() == mild


def test_the_order_of_rows_changes_nothing(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    plain = evaluation(n_draws=50).run(predictions, tuning, training)
    other = evaluation(n_draws=50).run(
        predictions.sample(frac=1, random_state=1), tuning.sample(frac=1, random_state=2), training[::-1]
    )
    pd.testing.assert_frame_equal(other.metrics, plain.metrics, rtol=1e-9)
    pd.testing.assert_frame_equal(other.confusion, plain.confusion)


def test_repeated_films_widen_nothing_and_get_the_bootstrap(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    again = predictions.assign(image_id=predictions["image_id"] + "_again")
    once = evaluation().run(predictions, tuning, training).metrics
    twice = evaluation().run(pd.concat([predictions, again]), tuning, training).metrics
    for metric in ("auc", "average_precision", "o_e", "calibration_slope"):
        bounds = ["estimate", "lower", "upper"]
        found, expected = pick(twice, model="net", metric=metric), pick(once, model="net", metric=metric)
        np.testing.assert_allclose(found[bounds], expected[bounds], rtol=1e-9)
        assert "300 patients" in found["note"].item()
    found = pick(twice, model="net", metric="accuracy", threshold="0.5")
    assert found["method"].item().startswith("patient bootstrap")
    assert "300 patients" in found["note"].item()


def test_differences_are_those_of_the_models(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    metrics = evaluation().run(predictions, tuning, training).metrics
    film, clinical = (pick(metrics, model=m, metric="auc")["estimate"].item() for m in ("net", CLINICAL))
    gain = pick(metrics, model="net", reference=CLINICAL, metric="auc")
    assert gain["estimate"].item() == pytest.approx(film - clinical)
    width = {m: np.ptp(pick(metrics, model=m, metric="auc")[["lower", "upper"]].to_numpy()) for m in ("net", CLINICAL)}
    assert np.ptp(gain[["lower", "upper"]].to_numpy()) < sum(width.values())


@pytest.mark.parametrize("signal", [0.0, 1.0])
def test_the_gain_over_clinical_columns_is_there_only_with_a_signal(
    evaluation: Evaluation, simulation: Callable[..., pd.DataFrame], signal: float, training: pd.DataFrame
) -> None:
    metrics = evaluation().run(simulation(600, "test", 7, signal), simulation(300, "tune", 8, signal), training).metrics
    gain = pick(metrics, model=f"net + {CLINICAL}", reference=f"{CLINICAL} (tuning)", metric="auc")
    assert (gain["lower"].item() > 0) == (signal > 0)
    assert gain["upper"].item() > 0


def test_splits_are_evaluated_apart(
    evaluation: Evaluation, simulation: Callable[..., pd.DataFrame], tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    test, external = simulation(150, "test", 1), simulation(120, "external", 4).assign(site="B")
    both = evaluation(n_draws=50).run(pd.concat([test, external]), tuning, training).metrics
    alone = evaluation(n_draws=50).run(external, tuning, training).metrics
    pd.testing.assert_frame_equal(both[both["split"] == "external"].reset_index(drop=True), alone)
    assert set(both["split"]) == {"test", "external"}


def test_missing_values_compare_on_the_same_films(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    predictions.loc[:49, "bmi_kg_m2"] = np.nan
    result = evaluation().run(predictions, tuning, training)
    known = predictions[50:]
    alone = evaluation().run(known, tuning, training).metrics
    gain = pick(result.metrics, model="net", reference=CLINICAL, metric="auc")
    assert gain["n"].item() == 250
    assert gain["estimate"].item() == pick(alone, model="net", reference=CLINICAL, metric="auc")["estimate"].item()
    assert "50 films that miss a value" in gain["note"].item()
    assert (result.predictions["model"] == CLINICAL).sum() == 250


def test_a_column_that_is_not_there_gives_a_note_and_the_gain_starts_from_the_rest(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    tables = (table.drop(columns="bmi_kg_m2") for table in (predictions, tuning, training))
    result = evaluation().run(*tables)
    row = pick(result.metrics, model=CLINICAL, metric="auc")
    assert row["estimate"].isna().item()
    assert row["note"].item() == "not fitted: no column bmi_kg_m2"
    gain = pick(result.metrics, model="net + age_years + sex", reference="age_years + sex (tuning)", metric="auc")
    assert np.isfinite(gain["estimate"].item())


@pytest.mark.parametrize(
    ("keep", "note"),
    [
        (lambda t: t.index < 10, "under 20 patients"),
        (lambda t: t["label"] == 0, "under 5 patients with the outcome"),
        (lambda t: t["label"] == 1, "under 5 patients without the outcome"),
    ],
)
def test_too_few_give_a_note(
    evaluation: Evaluation,
    keep: Any,
    note: str,
    predictions: pd.DataFrame,
    tuning: pd.DataFrame,
    training: pd.DataFrame,
) -> None:
    metrics = evaluation().run(predictions[keep(predictions)], tuning, training).metrics
    row = pick(metrics, model="net", metric="auc")
    assert row["estimate"].isna().item()
    assert row["note"].item() == note


def test_tuning_of_one_outcome_fits_nothing_and_says_so(
    evaluation: Evaluation, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    metrics = evaluation().run(predictions, tuning[tuning["label"] == 0], training).metrics
    row = pick(metrics, model="net", metric="sensitivity", threshold="youden")
    assert row["estimate"].isna().item()
    assert "tuning needs films with and without" in row["note"].item()
    row = pick(metrics, model=f"net + {CLINICAL}", metric="auc")
    assert row["note"].item().startswith("not fitted")


@pytest.mark.parametrize("seen_in", ["tuning", "training"])
def test_patients_already_seen_are_refused(
    evaluation: Evaluation, seen_in: str, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> None:
    tables = {"tuning": tuning, "training": training}
    first = predictions["patient_id"][0]
    tables[seen_in].loc[3, "patient_id"] = first
    with pytest.raises(DataError, match=first):
        evaluation().run(predictions, **tables)
    tables[seen_in].loc[3, "site"] = "elsewhere"  # another person
    evaluation(n_draws=10).run(predictions, **tables)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: t.drop(columns="risk"), "no column risk"),
        (lambda t: pd.concat([t, t[:1]]), "second row"),
        (lambda t: t.assign(risk=np.nan), "no probability"),
        (lambda t: t.assign(risk=t["risk"] * 3), "no probability"),
        (lambda t: t.assign(label=2), "label other than"),
        (lambda t: t[:0], "no predictions"),
        (lambda t: t.assign(model="other"), "no tuning predictions of other"),
    ],
)
def test_a_wrong_predictions_table_is_refused(
    evaluation: Evaluation,
    change: Any,
    what: str,
    predictions: pd.DataFrame,
    tuning: pd.DataFrame,
    training: pd.DataFrame,
) -> None:
    with pytest.raises(DataError, match=what):
        evaluation().run(change(predictions), tuning, training)


@pytest.mark.parametrize("name", ["discrimination.acu", "nowhere.auc", "auc"])
def test_an_unknown_metric_is_a_config_error(evaluation: Evaluation, name: str) -> None:
    with pytest.raises(ConfigError, match=f"no metric {name}"):
        evaluation(binary={"ranking": [name]})


@pytest.mark.parametrize("wrong", [{"level": 95.0}, {"level": 0.0}, {"n_draws": 0}])
def test_impossible_intervals_are_a_config_error(evaluation: Evaluation, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="level"):
        evaluation(**wrong)
