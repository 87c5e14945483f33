"""Models of three classes through the whole evaluation, each judged by its own probabilities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.evaluation.tables.result import Result
from bonerisk.parts import lacks
from tests.evaluation.conftest import simulate

CLINICAL = "age_years + sex + bmi_kg_m2"
P = [f"p_{name}" for name in BONE_CLASSES]
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def classed(table: pd.DataFrame, model: str = "net", sure: float = 3.0) -> pd.DataFrame:
    """Films of three classes, with probabilities that are the better the surer a model is."""
    noise = np.random.default_rng(len(table)).normal(0, 0.5, len(table))
    z = -(table["t_score"] + 1.2 + noise) * sure
    p = softmax(np.column_stack([np.zeros(len(table)), z, 2 * z - sure]), axis=1)
    label = np.digitize(-table["t_score"], [1.05, 1.75])
    return table.assign(model=model, label=label, risk=p @ np.arange(3), **dict(zip(P, p.T, strict=True)))


def tables(*, test: int = 300) -> Tables:
    training = classed(simulate(600, "train", 3)).drop(columns=["risk", "model", *P])
    return classed(simulate(test, "test", 1)), classed(simulate(200, "tune", 2)), training


def run(evaluation: Callable[..., Evaluation], given: Tables, **changes: object) -> Result:
    return evaluation(**changes).run(*given, outcome="ordinal", target="bone_class")


@pytest.fixture(scope="module")
def result(evaluation: Callable[..., Evaluation]) -> Result:
    """Of two models: net, and one that gives all films the same probabilities."""
    test, tune, training = tables()
    flat = {"model": "flat", "risk": 0.8, **dict(zip(P, (0.5, 0.2, 0.3), strict=True))}
    both = [pd.concat([films, films.assign(**flat)], ignore_index=True) for films in (test, tune)]
    return run(evaluation, (*both, training))


def pick(metrics: pd.DataFrame, **where: str) -> pd.Series:
    where = {"model": "net", "reference": "", "subgroup": "all", **where}
    rows = metrics[np.logical_and.reduce([metrics[name] == value for name, value in where.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


def test_it_has_the_members_of_the_contract(evaluation: Callable[..., Evaluation]) -> None:
    assert not lacks(type(evaluation().ordinal), Outcome)


def test_metrics_say_what_the_films_say(result: Result) -> None:
    films = result.predictions[result.predictions["model"] == "net"]
    y, p = films["label"], films[P].to_numpy()
    called = p.argmax(axis=1)
    expected = {
        "ordinal_auc": np.mean([roc_auc_score(y >= cut, films["risk"]) for cut in (1, 2)]),
        "class_accuracy": (called == y).mean(),
        "class_kappa": cohen_kappa_score(y, called, weights="quadratic"),
        "ranked_probability": np.mean((np.cumsum(p, axis=1)[:, :2] - (y.to_numpy()[:, None] <= [0, 1])) ** 2),
        "brier_of_classes": np.mean(((p - np.eye(3)[y]) ** 2).sum(axis=1)),
        "auc_low_bone_mass": roc_auc_score(y == 1, p[:, 1]),
        "o_e_osteoporosis": (y == 2).sum() / p[:, 2].sum(),
        "sensitivity_osteoporosis": (called[y == 2] == 2).mean(),
        "specificity_normal": (called[y != 0] != 0).mean(),
        "ppv_low_bone_mass": (y[called == 1] == 1).mean(),
        "npv_normal": (y[called != 0] != 0).mean(),
    }
    for metric, value in expected.items():
        row = pick(result.metrics, metric=metric)
        assert row["estimate"] == pytest.approx(value), metric
        assert row["lower"] < value < row["upper"], metric
        assert row["n_events"] == (y > 0).sum()
    assert pick(result.metrics, metric="ppv_low_bone_mass")["method"] == "Wilson"
    assert (result.metrics.loc[result.metrics["estimate"].isna(), "note"] != "").all()


def test_the_counts_are_those_of_the_films(result: Result) -> None:
    films = result.predictions[result.predictions["model"] == "net"]
    counts = result.class_counts
    counts = counts[(counts["model"] == "net") & (counts["subgroup"] == "all")]
    assert counts["n"].sum() == len(films)
    both = (films["label"] == 2) & (films[P].to_numpy().argmax(axis=1) == 1)
    asked = (counts["observed"] == "osteoporosis") & (counts["called"] == "low_bone_mass")
    assert counts.loc[asked, "n"].item() == both.sum()


def test_each_model_is_judged_by_its_own_probabilities(result: Result) -> None:
    of = result.predictions[result.predictions["model"] == "flat"]
    assert np.allclose(of[P], [0.5, 0.2, 0.3])
    assert pick(result.metrics, model="flat", metric="ordinal_auc")["estimate"] == 0.5
    assert pick(result.metrics, model="flat", metric="class_accuracy")["estimate"] == pytest.approx(
        (of["label"] == 0).mean()
    )
    difference = pick(result.metrics, model="flat", reference="net", metric="brier_of_classes")
    own = [pick(result.metrics, model=model, metric="brier_of_classes")["estimate"] for model in ("flat", "net")]
    assert difference["estimate"] == pytest.approx(own[0] - own[1])


def test_all_films_called_of_one_class_have_no_predictive_value_of_the_others(result: Result) -> None:
    row = pick(result.metrics, model="flat", metric="ppv_osteoporosis")
    assert np.isnan(row["estimate"]) and "no film is positive" in row["note"]
    assert pick(result.metrics, model="flat", metric="sensitivity_normal")["estimate"] == 1
    assert pick(result.metrics, model="flat", metric="class_kappa")["estimate"] == pytest.approx(0)


def test_the_film_beats_the_baseline_of_probabilities(result: Result) -> None:
    assert set(result.roles.values()) == {"film", "baseline", "refitted", "combined", "oracle"}
    base = result.predictions[result.predictions["model"] == CLINICAL]
    assert np.allclose(base[P].sum(axis=1), 1) and np.allclose(base["risk"], base[P] @ np.arange(3))
    better = pick(result.metrics, model="net", reference=CLINICAL, metric="ranked_probability")
    assert better["upper"] < 0
    gain = pick(result.metrics, model=f"net + {CLINICAL}", reference=f"{CLINICAL} (tuning)", metric="ordinal_auc")
    assert gain["lower"] > 0


def test_a_class_absent_from_test_has_notes_for_numbers(evaluation: Callable[..., Evaluation]) -> None:
    test, tune, training = tables()
    found = run(evaluation, (test[test["label"] < 2], tune, training)).metrics
    for metric in ("auc_osteoporosis", "sensitivity_osteoporosis"):
        row = pick(found, metric=metric)
        assert np.isnan(row["estimate"]) and row["note"]
    whole = pick(found, metric="ordinal_auc")
    of = test[test["label"] < 2]
    assert whole["estimate"] == pytest.approx(roc_auc_score(of["label"], of["risk"])) and "1 of 2 cuts" in whole["note"]


def test_a_model_of_a_risk_alone_has_notes_for_numbers(evaluation: Callable[..., Evaluation]) -> None:
    test, tune, training = tables()
    found = run(evaluation, (test.drop(columns=P), tune.drop(columns=P), training)).metrics
    assert pick(found, metric="ordinal_auc")["estimate"] > 0.8
    row = pick(found, metric="class_accuracy")
    assert np.isnan(row["estimate"]) and "gives no probability of each class" in row["note"]


def test_a_model_that_calls_classes_without_probabilities_is_judged_by_its_calls(
    evaluation: Callable[..., Evaluation],
) -> None:
    """As one of the T-score, beside one with probabilities, on the same films."""
    test, tune, training = tables()
    both = [
        pd.concat([of, of.drop(columns=P).assign(model="calls", class_called=of[P].to_numpy().argmax(axis=1))])
        for of in (test, tune)
    ]
    found = run(evaluation, (*(of.reset_index(drop=True) for of in both), training))
    for metric in ("ordinal_auc", "class_accuracy", "class_kappa", "sensitivity_osteoporosis", "ppv_normal"):
        ours, theirs = (pick(found.metrics, metric=metric, model=model) for model in ("calls", "net"))
        assert ours[["estimate", "lower", "upper"]].tolist() == theirs[["estimate", "lower", "upper"]].tolist(), metric
    for metric in ("brier_of_classes", "auc_normal", "o_e_osteoporosis"):
        row = pick(found.metrics, metric=metric, model="calls")
        assert np.isnan(row["estimate"]) and "gives no probability of each class" in row["note"], metric
    difference = {"model": "calls", "reference": "net"}
    assert pick(found.metrics, metric="class_kappa", **difference)["estimate"] == 0
    assert np.isnan(pick(found.metrics, metric="ranked_probability", **difference)["estimate"])
    counts = found.class_counts.set_index(["model", "subgroup", "observed", "called"])["n"]
    assert counts["calls"].equals(counts["net"])


def test_impossible_tables_are_refused(evaluation: Callable[..., Evaluation]) -> None:
    test, tune, training = tables(test=50)
    for wrong, why in (
        (test.assign(p_normal=test["p_normal"] + np.where(test.index == 7, 0.2, 0)), "do not sum to 1"),
        (test.drop(columns="p_normal"), "do not sum to 1"),
        (test.assign(class_called=np.where(test.index == 7, 3, np.nan)), "class_called other than 0, 1, 2"),
        (test.assign(label=np.where(test.index == 7, 3, test["label"])), "label other than 0, 1, 2"),
    ):
        with pytest.raises(DataError, match=why):
            run(evaluation, (wrong, tune, training))
    with pytest.raises(ConfigError, match="no probability"):
        run(evaluation, (test, tune, training), recalibration="slope")


def test_without_tuning_there_is_no_gain_but_all_else(evaluation: Callable[..., Evaluation]) -> None:
    test, tune, training = tables()
    found = run(evaluation, (test, tune.iloc[:0], training))
    assert pick(found.metrics, metric="class_accuracy")["estimate"] > 0.5
    assert set(found.roles.values()) == {"film", "baseline", "oracle"}
