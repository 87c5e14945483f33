"""Trees on top of a ridge model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from bonerisk.heads.cox import CoxRidge
from bonerisk.heads.fitted_logistic import LogisticHead, LogisticRidge
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.heads.xgboost import XGBoostBinary, XGBoostCox
from bonerisk.reporting.figures.importance import ranked
from bonerisk.reporting.runs.epochs import best

Array = np.ndarray

NAMES = ["first", "second", "third"]
FEW_PAIRS = {"eta": [0.1], "max_depth": [1, 3]}
STARTED = [XGBoostCox, XGBoostBinary]


def linear(x: Array) -> Array:
    """Log odds that are a sum."""
    return x @ [1.0, -0.7, 0.4]


def interaction(x: Array) -> Array:
    """Log odds of which a straight line knows next to nothing."""
    return 3 * np.sign(x[:, 0] * x[:, 1]) + 0.5 * x[:, 2]


def draw(n: int, log_odds: Any, seed: int) -> tuple[Array, RowOutcomes]:
    """Features (n, 3), and as outcomes both a label and a time to an event, censored after 2 years."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    danger = log_odds(x)
    time = rng.exponential(np.exp(-danger))
    label = (rng.random(n) < expit(danger)).astype(int)
    return x, RowOutcomes(np.arange(n), label, np.minimum(time, 2), (time < 2).astype(int))


def aucs(log_odds: Any, n: int, seeds: int, **settings: Any) -> Array:
    """AUC (seeds, 2) in new rows: trees, and logistic regression."""
    found = []
    for seed in range(seeds):
        (x, outcomes), tuning, (new, truth) = (
            draw(size, log_odds, 3 * seed + place) for place, size in enumerate((n, n // 4, 2000))
        )
        trees, regression = XGBoostBinary(NAMES, **FEW_PAIRS, **settings), LogisticHead(NAMES)
        for head in (trees, regression):
            head.fit(x, outcomes, tuning, seed=0)
        found.append([roc_auc_score(truth.label, head.risk(new)) for head in (trees, regression)])
    return np.array(found)


def test_where_the_signal_is_linear_trees_are_as_good_as_logistic_regression() -> None:
    trees, regression = aucs(linear, n=200, seeds=8).T
    assert trees.mean() > regression.mean() - 0.005
    alone, _ = aucs(linear, n=200, seeds=8, start="none").T
    assert alone.mean() < regression.mean() - 0.02


def test_where_features_interact_trees_are_better() -> None:
    trees, regression = aucs(interaction, n=400, seeds=3).T
    assert (trees > regression + 0.15).all()


@pytest.fixture(scope="module", params=STARTED)
def grown(request: Any) -> Any:
    head = request.param(NAMES, **FEW_PAIRS)
    head.fit(*draw(600, interaction, 0), draw(200, interaction, 1), seed=0)
    return head


@pytest.fixture(scope="module", params=STARTED)
def alone(request: Any) -> Any:
    head = request.param(NAMES, **FEW_PAIRS)
    head.fit(*draw(300, linear, 4), draw(100, linear, 5), seed=0)
    return head


def test_contributions_of_line_and_trees_add_up_to_the_margin(grown: Any) -> None:
    x, _ = draw(100, interaction, 2)
    rest = grown.margin(x) - grown.contributions(x).sum(axis=1)
    assert grown.booster.num_boosted_rounds() > 0
    assert np.ptp(grown.line(x)) > 0.1
    np.testing.assert_allclose(rest, rest[0], atol=5e-6)  # the trees are float32


def test_the_history_begins_with_the_line_and_marks_what_was_kept(grown: Any) -> None:
    trees = grown.booster.num_boosted_rounds()
    assert best(grown.history)["round"] == trees == grown.history["tune"].argmin()
    assert f"{trees} trees" in grown.notes[0]
    if isinstance(grown, XGBoostBinary):
        x, outcomes = draw(200, interaction, 1)
        p = np.where(outcomes.label == 1, expit(grown.line(x)), expit(-grown.line(x)))
        assert grown.history["tune"][0] == pytest.approx(-np.log(p).mean(), abs=1e-5)


def test_without_trees_it_is_the_ridge_model(alone: Any) -> None:
    ridge = CoxRidge(NAMES, ties="efron") if isinstance(alone, XGBoostCox) else LogisticRidge(NAMES)
    ridge.fit(*draw(300, linear, 4), draw(100, linear, 5), seed=0)
    x, _ = draw(50, linear, 6)
    expected = ridge.risk(x)
    found = alone.risk(x)
    shift = (expected - found).mean() if isinstance(alone, XGBoostCox) else 0  # a log hazard has any constant
    np.testing.assert_allclose(found + shift, expected, atol=1e-9)
    assert best(alone.history)["round"] == 0 == alone.booster.num_boosted_rounds()
    assert "No trees" in alone.notes[0]
    used = ranked(alone.importance(x))
    assert used["feature"].tolist() == ["first", "second", "third"]
    assert (used["share"] == 0).all()


@pytest.mark.parametrize("make", STARTED)
def test_with_few_events_trees_start_from_a_constant(make: Any) -> None:
    (x, outcomes), tuning = draw(80, linear, 0), draw(80, linear, 1)
    rare = (np.arange(80) < 3).astype(int)
    head = make(NAMES, **FEW_PAIRS)
    head.fit(x, RowOutcomes(outcomes.patient, rare, outcomes.time, rare), tuning, seed=0)
    assert any("start from a constant" in note for note in head.notes)
    assert "line_slopes" not in head.tensors()


def test_rows_nearly_all_with_the_outcome_are_fitted() -> None:
    x, outcomes = draw(100, linear, 0)
    most = RowOutcomes(outcomes.patient, (np.arange(100) > 5).astype(int))
    head = XGBoostBinary(NAMES, **FEW_PAIRS)
    head.fit(x, most, (x, most), seed=0)
    assert head.risk(x).mean() == pytest.approx(0.94, abs=0.03)


def test_events_that_all_come_in_the_order_of_the_risk_are_fitted() -> None:
    x, _ = draw(60, linear, 0)
    event = np.zeros(60, dtype=int)
    event[np.argsort(-x[:, 0])[:6]] = 1
    outcomes = RowOutcomes(np.arange(60), time=np.exp(-3 * x[:, 0]), event=event)
    head = XGBoostCox(NAMES, **FEW_PAIRS)
    head.fit(x, outcomes, (x, outcomes), seed=0)
    assert np.corrcoef(head.risk(x), x[:, 0])[0, 1] > 0.9
