"""Agreement of T-scores: R's values, weights that repeat films, and classes as the cohort has them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.evaluation.metrics import agreement
from bonerisk.evaluation.metrics.thresholds import sensitivity, specificity
from bonerisk.evaluation.samples.readings import CUTS, Readings

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/agreement.json").read_text())
NAMES = [name for name in GOLDEN if hasattr(agreement, name)]
FILMS = Readings.of(**GOLDEN["data"])


def test_every_metric_has_a_golden_value() -> None:
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_r(name: str) -> None:
    found = getattr(agreement, name)(FILMS.drawn())
    assert found.value == pytest.approx([GOLDEN[name]], rel=1e-10)


@pytest.mark.parametrize(("cut", "key"), list(zip(CUTS.values(), ("low", "osteoporosis"), strict=True)))
def test_limits_are_those_of_r(cut: float, key: str) -> None:
    counts = FILMS.drawn().counts(cut)
    assert sensitivity(counts).value == pytest.approx([GOLDEN[key]["sensitivity"]])
    assert specificity(counts).value == pytest.approx([GOLDEN[key]["specificity"]])


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_is_a_film_so_many_times(name: str) -> None:
    times = np.random.default_rng(0).poisson(1, len(FILMS))
    again = Readings.of(np.repeat(FILMS.estimate, times), np.repeat(FILMS.observed, times))
    metric = getattr(agreement, name)
    weighed = metric(FILMS.drawn(np.array([times, times * 0 + 1], dtype=float)))
    np.testing.assert_allclose(weighed.value, [metric(again.drawn()).value[0], GOLDEN[name]], rtol=1e-9)


def test_classes_are_those_of_the_cohort() -> None:
    t_scores = np.round(np.arange(-4, 1, 0.01), 2)
    expected = [BONE_CLASSES.index(name) for name in bone_class(pd.Series(t_scores))]
    assert Readings.classes(t_scores).tolist() == expected


@pytest.mark.parametrize("name", ["pearson_r", "slope"])
def test_equal_estimates_have_no_value(name: str) -> None:
    films = Readings.of(np.full(30, -1.1), np.linspace(-3, 1, 30))
    found = getattr(agreement, name)(films.drawn())
    assert np.isnan(found.value).all()
    assert "equal" in found.undefined
