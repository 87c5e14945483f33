from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bonerisk.evaluation import thresholds
from bonerisk.evaluation.intervals import interval
from bonerisk.evaluation.resampling import Draws, distributions
from bonerisk.evaluation.sample import Sample
from bonerisk.evaluation.thresholds import Threshold, at, youden

RISK = [0.9, 0.5, 0.5, 0.4, 0.2, 0.1]
LABEL = [1, 1, 0, 1, 0, 0]
EXPECTED = {"accuracy": 4 / 6, "sensitivity": 2 / 3, "specificity": 2 / 3, "ppv": 2 / 3, "npv": 2 / 3, "f1": 4 / 6}


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
    assert (interval(alone).method == "Wilson") == (name != "f1")
    repeated = distributions(Sample.of(RISK * 2, LABEL * 2, list(range(6)) * 2), metrics, draws)[name]
    assert interval(repeated).method.startswith("patient bootstrap")


def test_youden_is_that_of_proc(golden: dict[str, Any]) -> None:
    sample = Sample.of(golden["data"]["risk"], golden["data"]["label"])
    best = golden["youden"]
    assert youden(sample).value == pytest.approx(best["threshold"])
    for name in ("sensitivity", "specificity"):
        assert once(name, sample, best["threshold"]).value[0] == pytest.approx(best[name])


def test_youden_takes_the_most_sensitive_of_equals() -> None:
    sample = Sample.of([0.8, 0.6, 0.4, 0.2], [1, 0, 1, 0])  # J is 1/2 between 0.8 and 0.6, and between 0.4 and 0.2
    assert youden(sample).value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("risk", "label", "why"),
    [([0.1, 0.2], [1, 1], "with and without"), ([0.5] * 4, [0, 1, 0, 1], "chance"), ([0.9, 0.1], [0, 1], "chance")],
)
def test_youden_that_cannot_be_fitted_says_why(risk: list[float], label: list[int], why: str) -> None:
    fitted = youden(Sample.of(risk, label))
    assert fitted.value is None
    assert why in fitted.note
    values = at(fitted, thresholds.accuracy)(Sample.of(risk, label).drawn())
    assert np.isnan(values.value[0])
    assert values.undefined == fitted.note
