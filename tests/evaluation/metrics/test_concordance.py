from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sksurv.metrics import concordance_index_ipcw
from sksurv.util import Surv

from bonerisk.evaluation.intervals import resampling
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.concordance import auc_t, auc_t_risk, c_index, uno_c
from bonerisk.evaluation.metrics.metric import Metric
from bonerisk.evaluation.metrics.pairs import Pairs
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.heads.cox import Cox
from bonerisk.heads.row_outcomes import RowOutcomes

FOLDER = Path(__file__).parents[2] / "golden"
GOLDEN = json.loads((FOLDER / "concordance.json").read_text())
OF_PROBABILITY = json.loads((FOLDER / "auc_probability.json").read_text())
METRICS = {
    "c_index": c_index,
    "uno_c": lambda drawn: uno_c(drawn, 3),
    "auc_t": lambda drawn: auc_t(drawn, 3),
}
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))


def followed(risk: str = "a", competing: bool = True) -> Followed:
    data = GOLDEN["data"]
    status = np.array(data["status"])
    return Followed.of(data[risk], data["time"], status if competing else status > 0, data["patient"])


def once(metric: Metric, films: Followed) -> float:
    return float(metric(films.drawn()).value[0])


@pytest.mark.parametrize("case", ["harrell", "uno_3", "uno_6.25", "uno_50"])
@pytest.mark.parametrize("outcome", ["competing_censored", "either"])
def test_c_is_that_of_survival(case: str, outcome: str) -> None:
    films = followed(competing=outcome == "competing_censored")
    _, _, years = case.partition("_")
    found = once(lambda drawn: uno_c(drawn, float(years)) if years else c_index(drawn), films)
    assert found == pytest.approx(GOLDEN[outcome][case]["estimate"], abs=1e-12)


@pytest.mark.parametrize(("case", "risk"), [("competing", "a"), ("either", "a"), ("b", "b")])
@pytest.mark.parametrize("place", range(3))
def test_auc_at_a_horizon_is_that_of_risk_regression(case: str, risk: str, place: int) -> None:
    horizon = GOLDEN["auc_t"]["horizons"][place]
    found = once(lambda drawn: auc_t(drawn, horizon), followed(risk, competing=case != "either"))
    assert found == pytest.approx(GOLDEN["auc_t"][case][place], abs=1e-12)


@pytest.mark.parametrize("place", range(3))
def test_auc_by_probability_is_that_of_score_with_a_cause_specific_cox_model(place: int) -> None:
    data, horizon = (
        {name: np.array(of) for name, of in OF_PROBABILITY["data"].items()},
        OF_PROBABILITY["horizons"][place],
    )
    x, time, status = np.column_stack([data["age"], data["bmd"]]), data["time"], data["status"]
    outcomes = RowOutcomes(np.arange(len(x)), time=time, event=status == 1, competing=status == 2)
    head = Cox(["age", "bmd"], horizons_years=OF_PROBABILITY["horizons"])
    head.fit(x, outcomes, (x, outcomes), seed=0)
    predicted = {years: 1 - survival for years, survival in head.survival(x).items()}
    films = Followed.of(head.risk(x), time, status, predicted=predicted)
    assert once(lambda drawn: auc_t(drawn, horizon), films) == pytest.approx(
        OF_PROBABILITY["by_probability"][place], abs=1e-9
    )
    assert once(lambda drawn: auc_t_risk(drawn, horizon), films) == pytest.approx(
        OF_PROBABILITY["by_risk"][place], abs=1e-9
    )
    without = Followed.of(head.risk(x), time, status)
    by_risk = auc_t(without.drawn(), horizon)
    assert by_risk.value[0] == pytest.approx(OF_PROBABILITY["by_risk"][place], abs=1e-9)
    assert by_risk.note == f"films are ranked by risk: the model gives no probability at {horizon:g} years"
    assert not auc_t(films.drawn(), horizon).note


def test_uno_where_a_censoring_ties_with_an_event_is_that_of_survival_and_not_of_scikit_survival() -> None:
    seven = {name: np.array(GOLDEN["seven"][name]) for name in ("risk", "time", "event")}

    def both(rows: slice, horizon: float, tau: float) -> tuple[float, float]:
        risk, time, event = (seven[name][rows] for name in ("risk", "time", "event"))
        outcome = Surv.from_arrays(event == 1, time)
        ours = once(lambda drawn: uno_c(drawn, horizon), Followed.of(risk, time, event))
        return ours, concordance_index_ipcw(outcome, outcome, risk, tau=tau)[0]

    assert both(slice(None), 299, 299) == pytest.approx((GOLDEN["seven"]["until_299"], 0.3743), abs=5e-5)
    assert both(slice(None), 298, 299) == pytest.approx((GOLDEN["seven"]["until_128"], 0.3743), abs=5e-5)
    without_the_tie = both(slice(1, None), 298, 299)
    assert without_the_tie[0] == pytest.approx(without_the_tie[1], abs=1e-12)


@each_metric
@pytest.mark.parametrize("competing", [True, False], ids=["competing", "either"])
def test_each_draw_is_the_estimate_on_the_drawn_rows(
    metric: Metric, competing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = followed(competing=competing)
    draws = Draws.of(films.patient.max() + 1, 20, seed=2)
    drawn = distributions(films, {"": metric}, draws)[""].drawn
    for counts, value in zip(draws.counts, drawn, strict=True):
        rows = np.repeat(np.arange(len(films)), counts[films.patient])
        again = Followed.of(films.risk[rows], films.time[rows], films.status[rows])
        assert value == pytest.approx(once(metric, again), abs=1e-12)
    monkeypatch.setattr(resampling, "CHUNK", 3 * len(films))
    assert (distributions(films, {"": metric}, draws)[""].drawn == drawn).all()


@each_metric
def test_the_order_of_rows_changes_nothing(metric: Metric) -> None:
    films = followed()
    rows = np.random.default_rng(0).permutation(len(films))
    shuffled = Followed.of(films.risk[rows], films.time[rows], films.status[rows])
    assert once(metric, shuffled) == pytest.approx(once(metric, films), abs=1e-12)


@each_metric
@pytest.mark.parametrize("transform", [np.exp, lambda r: 3 * r - 7, lambda r: -1 / (r + 1)], ids=["exp", "line", "1/r"])
def test_a_rising_transform_of_risk_changes_nothing(metric: Metric, transform: Any) -> None:
    films = followed("b")
    assert once(metric, Followed.of(transform(films.risk), films.time, films.status)) == once(metric, films)


@each_metric
def test_all_films_twice_change_nothing(metric: Metric) -> None:
    films = followed()
    twice = Followed.of(np.tile(films.risk, 2), np.tile(films.time, 2), np.tile(films.status, 2))
    assert once(metric, twice) == pytest.approx(once(metric, films), abs=1e-12)


@each_metric
def test_a_backward_risk_is_not_flipped_and_equal_risks_rank_like_a_coin(metric: Metric) -> None:
    films = followed()
    backward = once(metric, Followed.of(-films.risk, films.time, films.status))
    assert backward == pytest.approx(1 - once(metric, films), abs=1e-12)
    assert backward < 0.5
    assert once(metric, Followed.of(np.ones(len(films)), films.time, films.status)) == 0.5


@each_metric
def test_without_an_event_there_is_no_value_and_a_reason(metric: Metric) -> None:
    values = metric(Followed.of([0.1, 0.2, 0.3], [1, 2, 4], [0, 2, 0]).drawn())
    assert np.isnan(values.value).all()
    assert "event" in values.undefined


def test_the_one_event_is_compared_with_those_who_outlive_it() -> None:
    films = Followed.of([0.9, 0.5, 0.4, 0.5, 0.8], [1, 2, 2, 3, 4], [0, 1, 0, 0, 0])  # 0.4 is censored with the event
    assert once(c_index, films) == pytest.approx((1 + 0.5 + 0) / 3)
    assert once(lambda drawn: uno_c(drawn, 2), films) == pytest.approx((1 + 0.5 + 0) / 3)
    assert once(lambda drawn: auc_t(drawn, 2), films) == pytest.approx((0.5 + 0) / 2)


def test_an_event_that_none_outlives_has_no_pair() -> None:
    assert np.isnan(once(c_index, Followed.of([0.2, 0.3], [1, 2], [0, 1])))
    assert np.isnan(once(c_index, Followed.of([0.2, 0.3], [1, 1], [1, 1])))


def test_a_horizon_outside_the_follow_up() -> None:
    films = followed(competing=False)
    last, beyond = (once(lambda drawn, h=h: uno_c(drawn, h), films) for h in (films.time.max(), 50))
    assert beyond == last
    before = uno_c(films.drawn(), 0.1)
    assert np.isnan(before.value[0])
    assert "no event by 0.1 years" in before.undefined
    for status in (followed().status, films.status):  # the dead alone would be no fair controls
        none_left = auc_t(Followed.of(films.risk, films.time, status).drawn(), 50)
        assert np.isnan(none_left.value[0])
        assert "50 years" in none_left.undefined


def test_a_horizon_with_all_outcomes_known_needs_nobody_beyond_it() -> None:
    dead_or_fractured = Followed.of([0.3, 0.2, 0.4, 0.1], [1, 2, 3, 4], [1, 2, 1, 2])
    assert once(lambda drawn: auc_t(drawn, 5), dead_or_fractured) == 1


def test_competing_events_end_the_follow_up_of_c_like_censorings() -> None:
    films = followed()
    recoded = Followed.of(films.risk, films.time, films.status == 1)
    for metric in (c_index, METRICS["uno_c"]):
        assert once(metric, films) == pytest.approx(once(metric, recoded), abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 33])
def test_pairs_are_those_of_all_with_all(n: int) -> None:
    rng = np.random.default_rng(n)
    time, event, risk = rng.integers(1, 9, n), rng.random(n) < 0.6, rng.integers(0, 5, n)
    order = np.lexsort((~event, time))
    time, event, risk = time[order], event[order], risk[order]
    later = (time[:, None] < time) | ((time[:, None] == time) & ~event)
    lower = later * ((risk[:, None] > risk) + 0.5 * (risk[:, None] == risk))
    pairs, weights = Pairs.of(risk, time, event), rng.integers(0, 4, n).astype(float)
    assert (pairs.event == np.flatnonzero(event)).all()
    assert (pairs.lower(weights) == lower[event] @ weights).all()
    assert (pairs.higher(weights[event], n) == weights[event] @ lower[event]).all()
    with pytest.raises(ValueError, match="whole"):
        pairs.lower(weights + 0.5)
