from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from statsmodels.discrete.discrete_model import Logit

from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.calibration.binary import calibration_slope, distances, e50, e90, ici, o_e
from bonerisk.evaluation.samples.sample import Sample


def once(metric: Any, risk: Any, label: Any) -> float:
    sample = Sample.of(risk, label)
    return float(metric(sample.drawn()).value[0])


def test_slope_and_ratio_are_those_of_glm_and_val_prob(golden: dict[str, Any]) -> None:
    data, expected = golden["data"], golden["calibration"]
    slope = once(calibration_slope, data["risk"], data["label"])
    assert slope == pytest.approx(expected["glm_slope"], rel=1e-8)
    assert slope == pytest.approx(expected["val_prob_slope"], abs=1e-6)  # lrm stops earlier
    assert once(o_e, data["risk"], data["label"]) == pytest.approx(expected["o_e"], rel=1e-12)


def test_each_draw_has_the_slope_of_a_fit_to_the_drawn_rows(golden: dict[str, Any]) -> None:
    risk, label = (np.array(golden["data"][name], dtype=float) for name in ("risk", "label"))
    sample, draws = Sample.of(risk, label), Draws.of(len(risk), 10)
    slopes = distributions(sample, {"": calibration_slope}, draws)[""].drawn
    for slope, counts in zip(slopes, draws.counts, strict=True):
        rows = np.repeat(np.arange(len(risk)), counts)
        design = np.column_stack([np.ones(len(rows)), logit(risk[rows])])
        assert slope == pytest.approx(Logit(label[rows], design).fit(disp=False).params[1], rel=1e-6)


def test_true_probabilities_are_calibrated_and_overconfident_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=20_000)
    label = rng.random(20_000) < expit(truth)
    assert once(calibration_slope, expit(truth), label) == pytest.approx(1, abs=0.05)
    assert once(calibration_slope, expit(2 * truth), label) == pytest.approx(0.5, abs=0.03)
    assert once(o_e, expit(truth), label) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("risk", "label"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),
        ([0.5] * 4, [0, 1, 0, 1]),
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 1, 1]),
        ([0.0, 1.0], [0, 1]),
    ],
    ids=["separated", "constant", "one outcome", "certain"],
)
def test_a_likelihood_without_maximum_has_no_slope(risk: list[float], label: list[int]) -> None:
    assert np.isnan(once(calibration_slope, risk, label))


def test_certain_risks_are_taken_as_almost_certain() -> None:
    rng = np.random.default_rng(1)
    risk, label = np.concatenate([[0.0, 1.0], rng.random(200)]), np.concatenate([[0, 0], rng.integers(0, 2, 200)])
    assert np.isfinite(once(calibration_slope, risk, label))


def test_the_smooth_curve_is_that_of_rms() -> None:
    values = json.loads((Path(__file__).resolve().parents[3] / "golden/calibration.json").read_text())
    data, expected = values["data"], values["binary"]
    for metric in (ici, e50, e90):
        assert once(metric, data["predicted"], data["label"]) == pytest.approx(expected[metric.__name__], rel=1e-12)
    assert expected["ici"] == pytest.approx(expected["ici_rms"], rel=1e-9)


def test_twice_the_weight_is_twice_the_films_and_nothing_where_it_is_zero() -> None:
    rng = np.random.default_rng(2)
    label, risk = rng.integers(0, 2, 300), rng.integers(1, 9, 300) / 10  # few values: the knots stay where they are
    sample, weights = Sample.of(risk, label), np.where(rng.random(300) < 0.5, 2.0, 1.0)
    again = sample.where(np.repeat(np.arange(300), weights.astype(int)))
    for metric in (calibration_slope, ici, e50, e90):
        assert metric(sample.drawn(weights[None])).value[0] == pytest.approx(metric(again.drawn()).value[0], abs=1e-7)


@pytest.mark.parametrize("decimals", [1, 9])
def test_percentiles_are_those_of_films_repeated_by_weight(decimals: int) -> None:
    rng = np.random.default_rng(3)
    observed, weights = rng.random((20, 500)).round(decimals), rng.integers(0, 4, (20, 500))
    found = distances(np.zeros(500), observed, weights.astype(float))
    for draw in range(20):
        values = np.repeat(observed[draw], weights[draw])
        expected = [values.mean(), *np.quantile(values, [0.5, 0.9])]
        np.testing.assert_allclose(found[:, draw], expected, rtol=1e-12)


def test_perfect_probabilities_are_nowhere_off_and_few_values_have_no_curve() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=20_000)
    label = rng.random(20_000) < expit(truth)
    assert once(ici, expit(truth), label) < 0.01
    assert once(ici, expit(2 * truth), label) > 0.1
    values = ici(Sample.of([0.2, 0.8] * 50, [0, 1] * 50).drawn())
    assert np.isnan(values.value).all()
    assert "too few values" in values.undefined
