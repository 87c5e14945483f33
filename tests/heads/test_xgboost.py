from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads import log_normal
from bonerisk.heads.hazards import calibrated
from bonerisk.heads.log_normal import LogNormal
from bonerisk.heads.xgboost import XGBoostAFT, XGBoostBinary, XGBoostCox
from bonerisk.survival.baseline import Baseline
from bonerisk.survival.cause_specific import Hazard
from bonerisk.survival.outcome import outcome

NAMES = ["worse", "better", "product"]
HEADS = [XGBoostCox, XGBoostAFT, XGBoostBinary]


@pytest.fixture(scope="module", params=HEADS)
def grown(request: Any, simulate: Any) -> Any:
    (x, target, _), (x_tune, tuning, _) = simulate(1500), simulate(700, seed=1)
    head = request.param(NAMES)
    head.fit(x, target, (x_tune, tuning), seed=0)
    return head


def test_contributions_and_a_constant_add_up_to_the_margin(grown: Any, simulate: Any) -> None:
    x, _, _ = simulate(300, seed=2)
    rest = grown.margin(x) - grown.contributions(x).sum(axis=1)
    assert grown.contributions(x).shape == x.shape
    np.testing.assert_allclose(rest, rest[0], atol=2e-6)  # the trees are float32
    danger = -1 if isinstance(grown, XGBoostAFT) else 1  # its margin is a time
    assert np.corrcoef(danger * grown.contributions(x)[:, 0], x[:, 0])[0, 1] > 0.8


def test_importance_is_of_the_features_that_matter(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(1500), simulate(700, seed=1)
    same = x.copy()
    same[:, 1] = 0
    head = XGBoostCox(NAMES)
    head.fit(same, target, (x_tune, tuning), seed=0)
    found = head.importance(x)
    assert found["feature"].tolist() == ["worse", "product", "better"]
    assert found["mean_abs_shap"].is_monotonic_decreasing
    assert found.iloc[2][["splits", "gain", "mean_gain", "mean_abs_shap"]].tolist() == [0] * 4
    np.testing.assert_allclose(found["mean_gain"][:2] * found["splits"][:2], found["gain"][:2], rtol=1e-5)


def test_trees_after_the_best_round_are_cut(grown: Any) -> None:
    best = int(grown.history["tune"].argmin()) + 1
    assert grown.booster.num_boosted_rounds() == best < len(grown.history) == best + grown.patience
    assert grown.history["train"].is_monotonic_decreasing
    assert f"{best} trees" in grown.notes[0]


def test_growth_that_went_on_to_the_end_is_told(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(1500), simulate(700, seed=1)
    head = XGBoostCox(NAMES, rounds=2)
    head.fit(x, target, (x_tune, tuning), seed=0)
    assert "raise head.rounds" in head.notes[0]


def test_monotone_transforms_of_a_feature_change_nothing(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(500), simulate(300, seed=1)
    plain, other = XGBoostCox(NAMES, max_depth=3), XGBoostCox(NAMES, max_depth=3)
    plain.fit(x, target, (x_tune, tuning), seed=0)
    other.fit(1000 * x, target, (1000 * x_tune, tuning), seed=0)
    np.testing.assert_allclose(other.risk(1000 * x), plain.risk(x), atol=1e-6)


def test_the_slope_of_an_overfit_score_is_that_of_new_rows(simulate: Any) -> None:
    """Three times the true log hazard, and another model's training rows."""
    (x, target, rates), (_, tuning, rates_tune) = simulate(2000, death=0), simulate(2000, seed=1, death=0)
    score, of_tuning = (3 * np.log(of[:, 0]) for of in (rates, rates_tune))
    hazards, notes = calibrated((score, of_tuning), tuning, x, target, seed=0)
    assert hazards.event.coefficients == pytest.approx([1 / 3, 0, 0, 0], abs=0.03)
    survival = hazards.survival(np.column_stack([score, x]), [5.0])[5.0]
    np.testing.assert_allclose(survival, np.exp(-5 * rates[:, 0]), atol=0.06)
    assert "0.3" in notes[0]


def test_a_score_that_ranks_the_wrong_way_tells_nobody_apart(simulate: Any) -> None:
    x, target, rates = simulate(500)
    score = -np.log(rates[:, 0])
    hazards, notes = calibrated((score, score), target, x, target, seed=0)
    assert not hazards.event.coefficients.any()
    assert "same for everybody" in notes[0]


def test_a_score_without_a_cox_model_is_taken_as_it_is(simulate: Any) -> None:
    x, target, _ = simulate(500)
    flat = np.zeros(500)
    hazards, notes = calibrated((flat, flat), target, x, target, seed=0)
    assert hazards.event.coefficients[0] == 1
    assert "no Cox model" in notes[0]


def test_log_normal_times_are_found_again() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=20_000)
    time, end = np.exp(1.5 + 0.6 * predicted + 0.8 * rng.normal(size=20_000)), rng.uniform(1, 10, 20_000)
    model, notes = log_normal.fit(predicted, outcome(np.minimum(time, end), time < end), None)
    assert (model.intercept, model.slope, model.scale) == pytest.approx((1.5, 0.6, 0.8), abs=0.03)
    assert "0.6" in notes[0]
    assert list(model.survival(predicted, np.empty((20_000, 0)), [5.0, 11.0])) == [5]


def test_predicted_times_that_say_nothing_tell_nobody_apart() -> None:
    rng = np.random.default_rng(0)
    time = rng.exponential(5, 200)
    model, notes = log_normal.fit(-np.log(time) + rng.normal(size=200), outcome(time, np.ones(200)), None)
    assert model.slope == 0
    assert (model.intercept, model.scale) == pytest.approx((np.log(time).mean(), np.log(time).std()), rel=1e-3)
    assert "same for everybody" in notes[0]


def test_times_without_a_spread_are_refused() -> None:
    with pytest.raises(DataError, match="no maximum"):
        log_normal.fit(np.zeros(20), outcome(np.full(20, 3.0), np.ones(20)), None)


def test_without_a_competing_hazard_the_steps_are_of_no_account() -> None:
    nobody = Hazard(np.zeros(1), np.zeros(1), Baseline(np.array([1.0]), np.array([0.0]), 9.0))
    predicted, x = np.linspace(0, 3, 7), np.zeros((7, 1))
    alone, beside = (
        LogNormal(0.2, 0.9, 1.1, 9.0, competing).survival(predicted, x, [1, 5]) for competing in (None, nobody)
    )
    for horizon in (1, 5):
        np.testing.assert_allclose(beside[horizon], alone[horizon], rtol=1e-12)


def test_what_is_no_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="rounds=0"):
        XGBoostCox(NAMES, rounds=0)
    with pytest.raises(DataError, match="not grown yet"):
        XGBoostCox(NAMES).risk(np.zeros((1, 3)))
