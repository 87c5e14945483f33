from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.decision import decision_curve, net_benefit
from bonerisk.evaluation.metrics.metric import at_horizon
from bonerisk.evaluation.samples.followed import AtHorizon, Followed
from bonerisk.evaluation.samples.sample import Sample

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/decision.json").read_text())
DATA = GOLDEN["data"]
HORIZON, GRID = float(DATA["horizon"]), DATA["thresholds"]
DRAWS = Draws.of(len(DATA["risk"]), 40)


def binary() -> Sample:
    return Sample.of(DATA["risk"], DATA["label"])


def followed(outcome: str) -> Followed:
    status = np.array(DATA["status"])
    status = status if outcome == "competing" else status % 2
    return Followed.of(np.zeros(len(status)), DATA["time"], status, predicted={HORIZON: DATA["risk"]})


def curve(outcome: str) -> pd.DataFrame:
    sample = binary() if outcome == "binary" else AtHorizon(followed(outcome), HORIZON, predicted=True)
    return decision_curve(sample, GRID, DRAWS)


@pytest.mark.parametrize("outcome", ["binary", "censored", "competing"])
def test_net_benefit_is_that_of_its_formula_in_r(outcome: str) -> None:
    golden = GOLDEN[outcome] if outcome == "binary" else GOLDEN[outcome]["ipcw"]
    points = curve(outcome)
    np.testing.assert_allclose(points["net_benefit"], golden["model"], atol=1e-12)
    np.testing.assert_allclose(points["treat_all"], golden["all"], atol=1e-12)


@pytest.mark.parametrize("outcome", ["censored", "competing"])
def test_treating_all_is_exactly_and_the_model_nearly_as_by_incidence_among_the_positive(outcome: str) -> None:
    golden, points = GOLDEN[outcome]["incidence"], curve(outcome)
    np.testing.assert_allclose(points["treat_all"], golden["all"], atol=1e-12)
    np.testing.assert_allclose(points["net_benefit"], golden["model"], atol=0.01)


@pytest.mark.parametrize("threshold", GRID)
def test_the_metric_is_a_point_of_the_curve_with_its_bounds(threshold: float) -> None:
    for outcome, sample, metric in (
        ("binary", binary(), net_benefit(threshold)),
        ("competing", followed("competing"), at_horizon(net_benefit(threshold), HORIZON, predicted=True)),
    ):
        point = curve(outcome).set_index("threshold").loc[threshold]
        found = distributions(sample, {"": metric}, DRAWS)[""]
        assert found.estimate == pytest.approx(point["net_benefit"], abs=1e-12)
        assert np.quantile(found.drawn, [0.025, 0.975]) == pytest.approx(
            [point["net_benefit_lower"], point["net_benefit_upper"]], abs=1e-12
        )


def test_advantage_and_treatments_avoided() -> None:
    points = curve("binary")
    better = points["treat_all"].clip(lower=0)
    np.testing.assert_allclose(points["advantage"], points["net_benefit"] - better)
    # By definition: negatives without the outcome, less what the cases among the negatives are worth, per 100 films.
    risk, label = np.array(DATA["risk"]), np.array(DATA["label"])
    for point in points.itertuples():
        spared, missed = (100 * np.mean((risk < point.threshold) & (label == side)) for side in (0, 1))
        odds = point.threshold / (1 - point.threshold)
        assert point.avoided_per_100 == pytest.approx(spared - missed / odds)
        assert point.advantage_lower <= point.advantage <= point.advantage_upper


def test_order_and_doubling_of_films_change_nothing() -> None:
    order = np.random.default_rng(0).permutation(len(DATA["risk"])).repeat(2)
    shuffled = Sample.of(np.array(DATA["risk"])[order], np.array(DATA["label"])[order])
    names = ["net_benefit", "treat_all", "advantage", "avoided_per_100"]
    again = decision_curve(shuffled, GRID, Draws.of(len(order), 1))
    np.testing.assert_allclose(again[names], curve("binary")[names], atol=1e-12)


def test_a_constant_risk_treats_all_up_to_itself_and_none_beyond() -> None:
    points = decision_curve(Sample.of([0.3] * 10, [1, 0] * 5), np.arange(1, 100) / 100, Draws.of(10, 20))
    below = points["threshold"] <= 0.3
    assert (points.loc[below, "net_benefit"] == points.loc[below, "treat_all"]).all()
    assert (points.loc[~below, "net_benefit"] == 0).all()


@pytest.mark.parametrize(("label", "expected"), [(1, 1.0), (0, -0.25 / 0.75)])
def test_one_outcome_only_is_all_benefit_or_all_harm(label: int, expected: float) -> None:
    assert net_benefit(0.25)(Sample.of([0.3, 0.9], [label] * 2).drawn()).value[0] == pytest.approx(expected)


def test_no_film_known_at_the_horizon_is_an_empty_curve_and_no_value() -> None:
    films = Followed.of([0.1, 0.2], [1.0, 2.0], [0, 0], predicted={HORIZON: [0.1, 0.2]})
    assert decision_curve(AtHorizon(films, HORIZON, predicted=True), GRID, Draws.of(2, 5)).empty
    values = at_horizon(net_benefit(0.1), HORIZON, predicted=True)(films.drawn())
    assert np.isnan(values.value[0])
    assert values.undefined


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, float("nan")])
def test_a_threshold_probability_lies_between_0_and_1(threshold: float) -> None:
    for asked in (lambda: net_benefit(threshold), lambda: decision_curve(binary(), [0.1, threshold], DRAWS)):
        with pytest.raises(ConfigError, match="threshold probability"):
            asked()


@pytest.mark.parametrize("risk", [[0.1, 1.2], [-0.3, 0.2]])
def test_risks_that_are_no_probabilities_are_refused(risk: Any) -> None:
    sample = Sample.of(risk, [0, 1])
    for asked in (lambda: net_benefit(0.1)(sample.drawn()), lambda: decision_curve(sample, GRID, Draws.of(2, 2))):
        with pytest.raises(DataError, match="is no probability"):
            asked()
