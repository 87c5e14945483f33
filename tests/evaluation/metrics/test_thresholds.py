from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics import thresholds
from bonerisk.evaluation.metrics.metric import at_horizon
from bonerisk.evaluation.metrics.thresholds import Threshold, at
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

RISK = [0.9, 0.5, 0.5, 0.4, 0.2, 0.1]
LABEL = [1, 1, 0, 1, 0, 0]
EXPECTED = {
    "accuracy": 4 / 6,
    "sensitivity": 2 / 3,
    "specificity": 2 / 3,
    "ppv": 2 / 3,
    "npv": 2 / 3,
    "f1": 4 / 6,
    "kappa": 1 / 3,
}


def once(name: str, sample: Sample, threshold: float) -> Any:
    return at(Threshold("x", threshold), getattr(thresholds, name))(sample.drawn())


def test_a_risk_at_the_threshold_is_positive() -> None:
    counts = Sample.of(RISK, LABEL).drawn().counts(0.5)
    assert [int(side[0]) for side in (counts.tp, counts.fp, counts.fn, counts.tn)] == [2, 1, 1, 2]


@pytest.mark.parametrize("name", EXPECTED)
def test_values(name: str) -> None:
    assert once(name, Sample.of(RISK, LABEL), 0.5).value[0] == pytest.approx(EXPECTED[name])


@pytest.mark.parametrize(
    ("name", "threshold", "label"),
    [
        ("ppv", 1.0, LABEL),
        ("npv", 0.0, LABEL),
        ("sensitivity", 0.5, [0] * 6),
        ("specificity", 0.5, [1] * 6),
        ("f1", 1.0, [0] * 6),
        ("kappa", 1.0, [0] * 6),
    ],
)
def test_nothing_to_divide_by_is_no_value_with_a_reason(name: str, threshold: float, label: list[int]) -> None:
    values = once(name, Sample.of(RISK, label), threshold)
    assert np.isnan(values.value[0])
    assert "film" in values.undefined


@pytest.mark.parametrize("name", EXPECTED)
def test_wilson_only_for_proportions_where_patients_have_one_film(name: str) -> None:
    metrics, draws = {name: at(Threshold("0.5", 0.5), getattr(thresholds, name))}, Draws.of(6, 50)
    alone = distributions(Sample.of(RISK, LABEL), metrics, draws)[name]
    assert (interval(alone).method == "Wilson") == (name not in ("f1", "kappa"))
    repeated = distributions(Sample.of(RISK * 2, LABEL * 2, list(range(6)) * 2), metrics, draws)[name]
    assert interval(repeated).method.startswith("patient bootstrap")


def test_an_unfitted_threshold_has_no_values_and_hands_on_its_reason() -> None:
    values = at(Threshold("youden", None, "not fitted: why"), thresholds.accuracy)(Sample.of(RISK, LABEL).drawn())
    assert np.isnan(values.value[0])
    assert values.undefined == "not fitted: why"


@pytest.mark.parametrize("outcome", ["censored", "competing"])
@pytest.mark.parametrize("name", ["sensitivity", "specificity", "ppv", "npv"])
def test_at_a_horizon_values_are_those_of_timeroc(outcome: str, name: str) -> None:
    golden = json.loads((Path(__file__).parents[2] / "golden/thresholds.json").read_text())
    data = golden["data"]
    status = np.array(data["status"])
    films = Followed.of(data["marker"], data["time"], status if outcome == "competing" else status % 2)
    metric = at_horizon(at(Threshold("x", data["threshold"]), getattr(thresholds, name)), data["horizon"])
    assert metric(films.drawn()).value[0] == pytest.approx(golden[outcome]["values"][name], abs=1e-12)


def test_kappa_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    called, read = (rng.random(200) < 0.2).astype(int), (rng.random(200) < 0.5).astype(int)
    found = once("kappa", Sample.of(called, called | read), 0.5)
    assert found.value[0] == pytest.approx(cohen_kappa_score(called, called | read))


def test_predictive_values_at_a_prevalence() -> None:
    sample = Sample.of(RISK, LABEL)
    drawn = sample.drawn(np.array([[1.0] * 6, [2.0, 1, 1, 1, 1, 1]]))
    for name in ("ppv", "npv"):
        own = at(Threshold("x", 0.5), getattr(thresholds, name))(drawn)
        prevalence = drawn.weights @ sample.label / drawn.weights.sum(axis=1)
        for draw, share in enumerate(prevalence):  # at the prevalence of the films themselves, nothing changes
            metric = at(Threshold("x", 0.5), getattr(thresholds, f"{name}_at_prevalence")(share))
            assert metric(drawn).value[draw] == pytest.approx(own.value[draw])
    rare = at(Threshold("x", 0.5), thresholds.ppv_at_prevalence(0.1))(drawn)
    assert rare.value[0] == pytest.approx(0.1 * 2 / 3 / (0.1 * 2 / 3 + 0.9 / 3))
    assert rare.trials is None
    with pytest.raises(ConfigError, match="prevalence 5"):
        thresholds.npv_at_prevalence(5)


def test_predictive_values_at_a_prevalence_need_both_outcomes_and_a_film_on_that_side() -> None:
    for label, threshold in ((LABEL, 1.0), ([0] * 6, 0.5), ([1] * 6, 0.5)):
        values = at(Threshold("x", threshold), thresholds.ppv_at_prevalence(0.1))(Sample.of(RISK, label).drawn())
        assert np.isnan(values.value[0])
        assert "film" in values.undefined
