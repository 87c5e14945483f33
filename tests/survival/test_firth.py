from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import firth
from bonerisk.survival.ascent import maximise
from bonerisk.survival.few_columns import FewColumns

CASES = json.loads((Path(__file__).parents[1] / "golden/firth.json").read_text())["cases"]


def simulate(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two arms and an age, whole months, half of the rows censored, and none of the second arm with an event."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.arange(n) % 2, rng.integers(50, 80, n)]).astype(float)
    time = rng.integers(1, 12, n).astype(float)
    return x, time, (rng.random(n) < 0.5) & (x[:, 0] == 0)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_maximum_and_profile_are_those_found_by_optimisers_in_r(case: dict[str, Any]) -> None:
    data = {key: np.array(value, dtype=float) for key, value in case["data"].items()}
    fit = firth.fit(**data, ties=case["ties"], level=case["level"])
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-11)
    np.testing.assert_allclose(fit.coefficients, case["coefficients"], atol=5e-7)  # as far as the optimiser goes
    np.testing.assert_allclose(fit.covariance, case["covariance"], atol=1e-6)
    np.testing.assert_allclose(fit.lower, case["lower"], atol=1e-9)
    np.testing.assert_allclose(fit.upper, case["upper"], atol=1e-9)
    np.testing.assert_allclose(fit.p_value, case["p_value"], atol=1e-11)


def test_it_is_what_coxphf_prints_for_the_data_of_its_help() -> None:
    level = np.array([0, 2, 1, 1, 1, 0, 0])
    x = np.column_stack([level == 1, level == 2, [0, 0, 0, 0, 1, 1, 1]])
    fit = firth.fit(x, [4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0], ties="breslow")
    np.testing.assert_allclose(np.exp(fit.coefficients), [4.9610519, 1.9696916, 0.9098196], rtol=1e-6)
    np.testing.assert_allclose(np.exp(fit.lower), [0.56823954, 0.13404776, 0.07179951], rtol=1e-6)
    np.testing.assert_allclose(np.exp(fit.upper), [71.53693, 39.18328, 11.88728], rtol=1e-6)
    np.testing.assert_allclose(fit.p_value, [0.1451405, 0.6041722, 0.9365575], atol=1e-7)


def test_one_event_among_two_equal_arms_has_a_hazard_ratio_of_three() -> None:
    """By hand: 3/2 β − 2 log(1 + exp β) is highest at exp β = 3."""
    fit = firth.fit(np.arange(20)[:, None] % 2, np.r_[5, 1, np.full(18, 9)], np.arange(20) == 1)
    assert np.exp(fit.coefficients[0]) == pytest.approx(3)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_score_is_the_gradient_of_the_penalised_likelihood(ties: str) -> None:
    x, time, event = simulate(80)
    weights = np.random.default_rng(0).uniform(0.5, 2, 80)
    likelihood = FewColumns(x, time, event, ties=ties, weights=weights)
    beta, h = np.array([-0.7, 0.4]), 1e-4
    numeric = [
        (
            likelihood.at(beta + h * unit, firth=True).log_likelihood
            - likelihood.at(beta - h * unit, firth=True).log_likelihood
        )
        / (2 * h)
        for unit in np.eye(2)
    ]
    np.testing.assert_allclose(likelihood.at(beta, firth=True).score, numeric, atol=1e-6)


def test_an_arm_without_events_has_a_finite_hazard_ratio_where_cox_has_none() -> None:
    x, time, event = simulate(60)
    fit = firth.fit(x, time, event)
    assert np.isfinite([fit.coefficients, fit.lower, fit.upper]).all()
    assert fit.upper[0] < 0  # it is protective, and so much is known
    with pytest.raises(DataError, match="no maximum: it keeps rising with arm"):
        maximise(FewColumns(x, time, event, names=["arm", "age"]), firth=False)
    mirrored = firth.fit(np.column_stack([1 - x[:, 0], x[:, 1]]), time, event)
    assert (mirrored.lower[0], mirrored.upper[0]) == pytest.approx((-fit.upper[0], -fit.lower[0]), abs=1e-7)


def test_with_many_events_it_tends_to_the_ordinary_cox() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4000, 2))
    time = np.ceil(20 * rng.exponential(np.exp(-x @ [0.5, -0.2])))
    event = rng.random(4000) < 0.8
    fit, cox = firth.fit(x, time, event), PHReg(time, x, event, ties="efron").fit()
    assert np.abs(fit.coefficients - cox.params).max() < 0.03 * cox.bse.min()
    np.testing.assert_allclose(fit.lower, cox.conf_int()[:, 0], atol=0.05 * cox.bse.min())
    np.testing.assert_allclose(fit.upper, cox.conf_int()[:, 1], atol=0.05 * cox.bse.min())


def test_order_and_units_change_nothing_else() -> None:
    x, time, event = simulate(60)
    fit, shuffle = firth.fit(x, time, event), np.random.default_rng(0).permutation(60)
    other = firth.fit((x * [1, 12] + [0, 1e4])[shuffle], 365 * time[shuffle], event[shuffle])
    np.testing.assert_allclose(other.coefficients * [1, 12], fit.coefficients, atol=1e-7)
    np.testing.assert_allclose(other.upper * [1, 12], fit.upper, atol=1e-7)
    np.testing.assert_allclose(other.p_value, fit.p_value, atol=1e-9)


def test_rows_twice_are_rows_of_weight_two() -> None:
    x, time, event = simulate(60)
    twice = firth.fit(np.tile(x, (2, 1)), np.tile(time, 2), np.tile(event, 2), ties="breslow")
    weighted = firth.fit(x, time, event, ties="breslow", weights=np.full(60, 2.0))
    np.testing.assert_allclose(twice.lower, weighted.lower, atol=1e-8)
    assert twice.log_likelihood == pytest.approx(weighted.log_likelihood)


def test_an_interval_of_level_one_minus_p_ends_at_no_effect() -> None:
    x, time, event = simulate(60)
    p = firth.fit(x, time, event).p_value
    assert firth.fit(x, time, event, level=1 - p[0]).upper[0] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_fitted_is_said() -> None:
    x, time, event = simulate(60)
    age = x[:, 1:]
    with pytest.raises(DataError, match="arm_b, one: constant, or determined"):
        firth.fit(
            np.hstack([x, 1 - x[:, :1], np.ones((60, 1)) / 10]), time, event, names=["arm", "age", "arm_b", "one"]
        )
    with pytest.raises(DataError, match="column 0: constant"):  # it varies only among those gone before the first event
        firth.fit(np.eye(60)[:, :1], np.arange(1, 61), np.arange(60) > 0)
    with pytest.raises(DataError, match="none of 60 rows has an event"):
        firth.fit(age, time, np.zeros(60))
    with pytest.raises(DataError, match=r"column 0 is nan\n  where: row 7"):
        firth.fit(np.where(np.arange(60)[:, None] == 7, np.nan, age), time, event)
    with pytest.raises(DataError, match=r"shape \(60, p\), not \(60,\)"):
        firth.fit(age[:, 0], time, event)
    with pytest.raises(DataError, match="weight 0 is not over 0"):
        firth.fit(age, time, event, weights=np.zeros(60))
    with pytest.raises(ConfigError, match="'exact'"):
        firth.fit(age, time, event, ties="exact")
    with pytest.raises(ConfigError, match="level is 95"):
        firth.fit(age, time, event, level=95)


def test_a_likelihood_with_two_maxima_is_refused() -> None:
    rng = np.random.default_rng(1)
    x, time = rng.normal(size=(80, 20)), rng.integers(1, 8, 80)
    with pytest.raises(DataError, match="20 columns are too many for 10 events"):
        firth.fit(x, time, rng.random(80) < 0.15)
