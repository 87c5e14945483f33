from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.calibration import binary as of_label
from bonerisk.evaluation.metrics.calibration.at_horizon import calibration_slope, e50, e90, ici, o_e
from bonerisk.evaluation.metrics.calibration.curves import groups, smooth
from bonerisk.evaluation.metrics.calibration.model import incidence, log_cumulative_hazard, of_follow_up
from bonerisk.evaluation.metrics.calibration.pseudo_values import pseudo_values
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.survival import cox

GOLDEN = json.loads((Path(__file__).resolve().parents[3] / "golden/calibration.json").read_text())
HORIZON = float(GOLDEN["data"]["horizon"])
METRICS = {"o_e": o_e, "calibration_slope": calibration_slope, "ici": ici, "e50": e50, "e90": e90}


def golden(outcome: str) -> Followed:
    data = GOLDEN["data"]
    return Followed.of(data["predicted"], **data[outcome], predicted={HORIZON: data["predicted"]})


def once(metric: Any, films: Followed, horizon: float = HORIZON) -> float:
    return float(metric(films.drawn(), horizon).value[0])


def simulate(n: int, competing: bool, sharper: float = 1.0) -> Followed:
    """Films of known probability of the event by 5 years, predicted with its cloglog `sharper` times as wide."""
    rng = np.random.default_rng(0)
    x = rng.normal(-1.2, 0.7, n)
    event, death = 5 * rng.exponential(np.exp(-x)), np.full(n, np.inf)
    if competing:  # a third of those without the event die before, which leaves the incidence of the event as it is
        event = np.where(rng.random(n) < incidence(x), rng.uniform(0, 5, n), np.inf)
        death = np.where(rng.random(n) < 0.3, rng.uniform(0, 5, n), 20)
        death[event < 5] = np.inf
    times = np.stack([rng.uniform(1, 9, n), event, death])
    return Followed.of(x, times.min(axis=0), times.argmin(axis=0), predicted={5.0: incidence(sharper * x)})


@pytest.mark.parametrize("outcome", ["single", "competing"])
@pytest.mark.parametrize("name", METRICS)
def test_calibration_is_that_of_r(name: str, outcome: str) -> None:
    # R's glm() ends by its deviance, which leaves the slope of the pseudo-values at 2e-9.
    assert once(METRICS[name], golden(outcome)) == pytest.approx(GOLDEN[outcome][name], rel=1e-8)


def test_pseudo_values_are_those_of_leaving_out_each_film() -> None:
    films, data = golden("competing"), GOLDEN["data"]["competing"]
    order = np.lexsort((np.array(data["status"]) == 0, data["time"]))
    expected = np.array(GOLDEN["competing"]["pseudo_values"])[order]
    np.testing.assert_allclose(pseudo_values(films.drawn(), HORIZON)[0], expected, atol=1e-11)


@pytest.mark.parametrize("outcome", ["single", "competing"])
def test_each_draw_is_a_fit_to_the_drawn_rows(outcome: str) -> None:
    films, draws = golden(outcome), Draws.of(400, 10)
    metrics = {name: lambda drawn, of=METRICS[name]: of(drawn, HORIZON) for name in ("o_e", "calibration_slope")}
    found = distributions(films, metrics, draws)
    for i, counts in enumerate(draws.counts):
        again = films.where(np.repeat(np.arange(400), counts[films.patient]))
        for name in metrics:
            assert found[name].drawn[i] == pytest.approx(once(METRICS[name], again), rel=2e-6)


def test_the_curve_of_each_draw_is_the_cox_model_of_the_drawn_rows() -> None:
    films = golden("single")
    model = of_follow_up(films, HORIZON, True)
    assert model is not None
    weights = Draws.of(400, 5).counts[:, films.patient].astype(float)
    for i, counts in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(400), counts)
        time, had = np.minimum(films.time, HORIZON)[rows], films.had_event(HORIZON)[rows]
        observed = 1 - cox.fit(model.columns[rows], time, had).survival(model.columns[rows], [HORIZON]).ravel()
        apart = np.abs(observed - films.predicted[HORIZON][rows])
        for metric, expected in ((ici, apart.mean()), (e50, np.median(apart)), (e90, np.quantile(apart, 0.9))):
            assert metric(films.drawn(weights), HORIZON).value[i] == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("outcome", ["single", "competing"])
@pytest.mark.parametrize("name", METRICS)
def test_two_of_each_film_are_weights_of_two_and_order_is_nothing(name: str, outcome: str) -> None:
    films = golden(outcome)
    p = films.predicted[HORIZON].round(1)  # many equal ones, so that the knots of twice as many films are the same
    films = Followed.of(p, films.time, films.status, predicted={HORIZON: p})
    twice = films.where(np.repeat(np.arange(400), 2))
    weighted = METRICS[name](films.drawn(np.full((1, 400), 2.0)), HORIZON).value[0]
    assert once(METRICS[name], twice) == pytest.approx(weighted, rel=1e-9)
    mixed = np.random.default_rng(0).permutation(400)
    other = Followed.of(p[mixed], films.time[mixed], films.status[mixed], predicted={HORIZON: p[mixed]})
    assert once(METRICS[name], other) == pytest.approx(once(METRICS[name], films), rel=1e-9)


@pytest.mark.parametrize("competing", [False, True])
def test_the_truth_is_calibrated_and_the_overconfident_are_not(competing: bool) -> None:
    # Standard errors over simulations: 0.013 (O:E), 0.022 (slope), 0.002 (ICI).
    truth, sharp = simulate(20_000, competing), simulate(20_000, competing, sharper=2.0)
    assert once(o_e, truth, 5.0) == pytest.approx(1, abs=0.04)
    assert once(calibration_slope, truth, 5.0) == pytest.approx(1, abs=0.07)
    assert once(ici, truth, 5.0) < 0.01
    assert once(calibration_slope, sharp, 5.0) == pytest.approx(0.5, abs=0.035)
    assert once(ici, sharp, 5.0) > 0.1
    assert once(e50, sharp, 5.0) < once(e90, sharp, 5.0)


def test_without_censoring_observed_over_expected_is_that_of_a_binary_outcome() -> None:
    rng = np.random.default_rng(1)
    time, status, p = rng.exponential(5, 200), rng.integers(1, 3, 200), rng.random(200)
    films = Followed.of(p, time, status, predicted={5.0: p})
    binary = Sample.of(p, (status == 1) & (time <= 5))
    assert once(o_e, films, 5.0) == pytest.approx(of_label.o_e(binary.drawn()).value[0])


@pytest.mark.parametrize("outcome", ["single", "competing"])
@pytest.mark.parametrize("name", METRICS)
def test_a_follow_up_that_ends_before_the_horizon_leaves_no_value(name: str, outcome: str) -> None:
    films = golden(outcome)
    short = films.where(np.flatnonzero((films.time < 4) | ((films.time == 4) & (films.status == 0))))
    values = METRICS[name](short.drawn(), HORIZON)
    assert np.isnan(values.value).all()
    assert "followed up to the horizon" in values.undefined


@pytest.mark.parametrize("name", ["calibration_slope", "ici", "e50", "e90"])
def test_what_cant_be_fitted_says_why(name: str) -> None:
    films = golden("competing")

    def undefined(predicted: Any, status: Any) -> str:
        p = np.broadcast_to(predicted, 400)
        values = METRICS[name](Followed.of(p, films.time, status, predicted={HORIZON: p}).drawn(), HORIZON)
        assert np.isnan(values.value).all()
        return values.undefined

    assert "constant" in undefined(0.3, films.status)
    assert "no event" in undefined(films.predicted[HORIZON], np.where(films.status == 1, 0, films.status))
    assert "no maximum" in undefined(
        np.exp(-films.time), films.status == 1
    )  # the first to have it is always the highest


def test_a_draw_without_events_has_no_fit() -> None:
    films = golden("single")
    weights = np.stack([np.ones(400), np.where(films.had_event(HORIZON), 0.0, 1.0)])
    for metric in (calibration_slope, ici):
        assert np.isfinite(metric(films.drawn(weights), HORIZON).value).tolist() == [True, False]
    assert o_e(films.drawn(weights), HORIZON).value[1] == 0


@pytest.mark.parametrize("competing", [False, True])
def test_the_smooth_curve_of_the_truth_is_the_diagonal(competing: bool) -> None:
    films = simulate(3000, competing)
    curve = smooth(films, 5.0, Draws.of(3000, 50))
    assert (curve["lower"] < curve["observed"]).all()
    assert (curve["observed"] < curve["upper"]).all()
    assert np.abs(curve["observed"] - curve["predicted"]).mean() < 0.03
    assert (curve["lower"] < curve["predicted"]).mean() > 0.5
    short = films.where(np.flatnonzero((films.time < 3) | (films.status == 0)))
    short = short.where(np.flatnonzero(short.time < 4))
    assert smooth(short, 5.0, Draws.of(3000, 5)).empty


def test_groups_hold_all_films_and_have_their_own_incidence() -> None:
    films = golden("competing")
    found = groups(films, HORIZON, Draws.of(400, 50))
    assert len(found) == 10
    assert found["n"].sum() == 400
    assert found["predicted"].is_monotonic_increasing
    assert (found["lower"] <= found["observed"]).all()
    first = films.where(np.flatnonzero(films.predicted[HORIZON] < np.quantile(films.predicted[HORIZON], 0.1)))
    assert found["observed"][0] == pytest.approx(once(o_e, first) * first.predicted[HORIZON].mean())


def test_probabilities_go_to_the_log_hazard_and_back() -> None:
    p = np.array([1e-6, 0.2, 0.999])
    np.testing.assert_allclose(incidence(log_cumulative_hazard(p)), p)
    assert np.isfinite(log_cumulative_hazard(np.array([0.0, 1.0]))).all()
