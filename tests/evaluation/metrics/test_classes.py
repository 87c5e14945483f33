"""Metrics of three classes in order: R's values, and weights that repeat films."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.evaluation.metrics import agreement, classes, discrimination, thresholds
from bonerisk.evaluation.metrics.calibration.binary import o_e
from bonerisk.evaluation.samples.classed import Classed

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/ordinal.json").read_text())
WHOLE = {name: getattr(classes, name, None) or getattr(agreement, name) for name in [*GOLDEN][2:-1]}
FILMS = Classed.of(**GOLDEN["data"])


def test_there_are_all_metrics() -> None:
    assert [*WHOLE] == ["ordinal_auc", "class_accuracy", "class_kappa", "ranked_probability", "brier_of_classes"]


@pytest.mark.parametrize("name", WHOLE)
def test_values_are_those_of_r(name: str) -> None:
    times = np.random.default_rng(0).poisson(1, len(FILMS))
    rows = np.repeat(np.arange(len(FILMS)), times)
    assert FILMS.probabilities is not None
    again = Classed.of(FILMS.label[rows], FILMS.probabilities[rows], FILMS.risk[rows])
    found = WHOLE[name](FILMS.drawn(np.array([times, times * 0 + 1], dtype=float))).value
    np.testing.assert_allclose(found, [WHOLE[name](again.drawn()).value[0], GOLDEN[name]], rtol=1e-10)


@pytest.mark.parametrize("number", range(3))
def test_values_of_each_class_are_those_of_r(number: int) -> None:
    expected, drawn = GOLDEN["of_class"][number], FILMS.drawn()
    for metric in (discrimination.auc, o_e):
        assert metric(drawn.against_rest(number)).value == pytest.approx([expected[metric.__name__]], rel=1e-10)
    for metric in (thresholds.sensitivity, thresholds.specificity, thresholds.ppv, thresholds.npv):
        assert metric(drawn.counts(number)).value == pytest.approx([expected[metric.__name__]], rel=1e-10)
