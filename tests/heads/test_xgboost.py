from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.hazards import calibrated
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.heads.xgboost import XGBoostAFT, XGBoostBinary, XGBoostCox
from bonerisk.survival import aalen_johansen, firth

NAMES = ["worse", "better", "product"]
HEADS = [partial(XGBoostCox, start="none"), XGBoostAFT, partial(XGBoostBinary, start="none")]


@pytest.fixture(scope="module", params=HEADS)
def grown(request: Any, simulate: Any) -> Any:
    (x, target, _), (x_tune, tuning, _) = simulate(1500), simulate(700, seed=1)
    head = request.param(NAMES, eta=[0.3], max_depth=[6], subsample=1)
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
    assert grown.booster.num_boosted_rounds() == best < len(grown.history) == best + grown.growth.patience
    assert grown.history["train"].is_monotonic_decreasing
    assert f"{best} trees" in grown.notes[0]


@pytest.mark.parametrize("make", HEADS)
def test_the_pair_of_the_lowest_loss_on_tuning_is_taken(make: Any, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(1500), simulate(700, seed=1)
    lowest = []
    for depth in (1, 6):
        alone = make(NAMES, eta=[0.1], max_depth=[depth])
        alone.fit(x, target, (x_tune, tuning), seed=0)
        lowest.append(alone.history["tune"].min())
    both = make(NAMES, eta=[0.1], max_depth=[1, 6])
    both.fit(x, target, (x_tune, tuning), seed=0)
    assert both.history["tune"].min() == min(lowest) < max(lowest)
    assert f"depth {(1, 6)[int(np.argmin(lowest))]} had the lowest loss on tuning of 2 pairs" in both.notes[1]


@pytest.mark.parametrize("head", [XGBoostCox, XGBoostAFT])
def test_as_many_events_are_expected_as_are_observed_at_each_horizon(head: Any, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _), (new, seen, _) = (simulate(4000, seed=seed) for seed in range(3))
    fitted = head(NAMES, eta=[0.1], max_depth=[2])
    fitted.fit(x, target, (x_tune, tuning), seed=0)
    status = np.where(seen.event == 1, 1, 2 * (seen.competing == 1))
    observed = aalen_johansen.fit(seen.time, status)
    for years, survival in fitted.survival(new).items():
        assert observed.at([years]).estimate[0] / (1 - survival).mean() == pytest.approx(1, abs=0.1)


def test_few_events_on_tuning_give_no_wilder_a_slope_than_the_training_rows_have(simulate: Any) -> None:
    """The one event of tuning has the highest risk: its Cox slope is infinite."""
    x, target, rates = simulate(500, death=0)
    score = np.log(rates[:, 0])
    event = np.zeros(500)
    event[np.argmax(score)] = 1
    tuning = RowOutcomes(np.arange(500), time=np.full(500, 2.0), event=event)
    hazards, notes = calibrated((score, score), tuning, x, target, seed=0)
    assert 0 < hazards.event.coefficients[0] <= firth.fit(score[:, None], target.time, target.event).coefficients[0]
    assert "1 events of the tuning split; these are few: don't rely on the probabilities" in notes[0]


def test_growth_that_went_on_to_the_end_is_told(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(1500), simulate(700, seed=1)
    head = XGBoostCox(NAMES, rounds=2, start="none")
    head.fit(x, target, (x_tune, tuning), seed=0)
    assert "raise head.rounds" in head.notes[0]


def test_monotone_transforms_of_a_feature_change_nothing(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(500), simulate(300, seed=1)
    plain, other = (
        XGBoostCox(NAMES, eta=[0.3], max_depth=[3], subsample=1, start="none"),
        XGBoostCox(NAMES, eta=[0.3], max_depth=[3], subsample=1, start="none"),
    )
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


def test_what_is_no_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"eta=\[\] must .*; max_depth=\[0\] must .*; subsample=0 must .*; rounds=0"):
        XGBoostCox(NAMES, eta=[], max_depth=[0], subsample=0, rounds=0)
    with pytest.raises(DataError, match="not grown yet"):
        XGBoostCox(NAMES).risk(np.zeros((1, 3)))
