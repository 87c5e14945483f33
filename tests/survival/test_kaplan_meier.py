from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import kaplan_meier
from bonerisk.survival.curve import shortened

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/curves.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {"weights": DATA["weight"]},
    "entry": {"entry": DATA["entry"]},
    "shares": {"weights": DATA["share"]},
    "cluster": {"cluster": DATA["patient"]},
    "cluster_entry": {"cluster": DATA["patient"], "entry": DATA["entry"]},
    "uncensored": {"event": np.ones_like(DATA["event"])},
}


def fit(**changes: Any) -> kaplan_meier.KaplanMeier:
    return kaplan_meier.fit(**{"time": DATA["time"], "event": DATA["event"], **changes})


def close(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(np.array(ours, dtype=float), np.array(theirs, dtype=float), rtol=0, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_curve_is_that_of_survfit(case: str) -> None:
    ours, theirs = fit(**CASES[case]), GOLDEN["kaplan_meier"][case]
    for name in ("time", "at_risk", "events", "censored", "survival", "standard_error"):
        close(getattr(ours, name), theirs[name])
    assert ours.variance == (
        "Greenwood" if case in ("plain", "weights", "entry", "uncensored") else "infinitesimal jackknife"
    )


@pytest.mark.parametrize("interval", ["log-log", "log", "plain", "logit"])
@pytest.mark.parametrize("case", CASES)
def test_limits_are_those_of_survfit_on_the_named_scale(case: str, interval: str) -> None:
    ours, theirs = fit(interval=interval, **CASES[case]), GOLDEN["kaplan_meier"][case]["limits"][interval]
    close(ours.lower, theirs["lower"])
    close(ours.upper, theirs["upper"])
    assert ours.interval == interval


@pytest.mark.parametrize("case", CASES)
def test_readings_are_those_of_summary(case: str) -> None:
    ours, theirs = fit(**CASES[case]).at(GOLDEN["when"]), GOLDEN["kaplan_meier"][case]["at"]
    close(ours.estimate, theirs["survival"])
    close(ours.at_risk, theirs["at_risk"])
    close(ours.lower[1:], theirs["lower"][1:])  # the first time asked for lies before the first event: R says 1 to 1
    close(ours.upper[1:], theirs["upper"][1:])
    assert ours.note[0] == "no event so far, so no interval"
    assert np.isnan(ours.lower[0])


@pytest.mark.parametrize("case", CASES)
def test_quantiles_are_those_of_survfit(case: str) -> None:
    curve, theirs = fit(**CASES[case]), GOLDEN["kaplan_meier"][case]["quantiles"]
    ours = [curve.quantile(share) for share in (0.1, 0.25, 0.5, 0.75)]
    close([one.estimate for one in ours], theirs["quantile"])
    close([one.lower for one in ours], theirs["lower"])
    close([one.upper for one in ours], theirs["upper"])
    assert all(bool(one.note) == bool(np.isnan([one.estimate, one.lower, one.upper]).any()) for one in ours)


@pytest.mark.parametrize("case", ["plain", "weights", "entry", "cluster", "uncensored"])
def test_restricted_mean_is_that_of_survfit(case: str) -> None:
    ours, theirs = fit(**CASES[case]).restricted_mean(GOLDEN["horizon"]), GOLDEN["kaplan_meier"][case]
    close([ours.estimate, ours.standard_error], [theirs["restricted_mean"], theirs["restricted_mean_error"]])
    assert (ours.horizon, ours.note) == (GOLDEN["horizon"], "")


def test_reverse_curve_is_that_of_prodlim() -> None:
    ours, theirs = kaplan_meier.follow_up(DATA["time"], DATA["event"]), GOLDEN["reverse"]
    close(ours.time, theirs["time"])
    close(ours.survival, theirs["survival"])
    close(ours.standard_error, theirs["standard_error"])
    close([ours.median.estimate, ours.median.lower, ours.median.upper], theirs["median"], 2e-9)


def test_reverse_jackknife_is_that_of_censorings_moved_behind_the_events() -> None:
    ended = DATA["status"] > 0
    later = DATA["time"] + 1e-6 * ~ended
    ours = kaplan_meier.follow_up(DATA["time"], DATA["status"], cluster=DATA["patient"])
    theirs = kaplan_meier.fit(later, ~ended, cluster=DATA["patient"]).at(ours.time + 1e-6)
    close(ours.survival, theirs.estimate)
    close(ours.standard_error, theirs.standard_error)


def test_whole_weights_are_repeated_rows_and_order_is_nothing() -> None:
    order = np.random.default_rng(1).permutation(np.repeat(np.arange(len(DATA["time"])), DATA["weight"]))
    ours, theirs = fit(weights=DATA["weight"]), fit(time=DATA["time"][order], event=DATA["event"][order])
    for name in ("at_risk", "survival", "standard_error", "lower"):
        close(getattr(ours, name), getattr(theirs, name))


def test_each_row_its_own_patient_is_greenwood_and_films_of_one_patient_are_no_more_than_one() -> None:
    rows = np.arange(len(DATA["time"]))
    close(fit(cluster=rows).standard_error, fit().standard_error)
    twice = {name: np.tile(DATA[name], 2) for name in ("time", "event")}
    close(fit(**twice, cluster=np.tile(rows, 2)).standard_error, fit().standard_error)


def test_a_flat_stretch_at_one_half_has_its_middle_as_median() -> None:
    assert kaplan_meier.fit([1, 2, 3, 4], [1, 1, 1, 1]).median.estimate == 2.5
    assert kaplan_meier.fit([1, 2, 3, 4], [1, 1, 0, 0]).median.estimate == 3.0


def test_past_the_last_observation_there_is_a_reason_and_no_number() -> None:
    reading = fit().at([6.01])
    assert np.isnan(reading.estimate[0])
    assert reading.note == (f"undefined: follow-up ends at {DATA['time'].max():g}",)
    assert reading.at_risk[0] == 0
    gone = kaplan_meier.fit([1, 2], [1, 1]).at([5])
    assert (gone.estimate[0], gone.note[0]) == (0, "nobody is left, or one patient only, so no interval")


def test_a_horizon_past_follow_up_is_shortened_and_told() -> None:
    last = DATA["time"].max()
    mean = fit().restricted_mean(99)
    assert mean.horizon == last
    assert "shortened" in mean.note
    assert shortened(DATA["time"], last) == (last, "")


def test_without_events_there_is_no_interval_and_a_reason() -> None:
    curve = kaplan_meier.fit([1.0, 2.0, 3.0], [0, 0, 0])
    np.testing.assert_array_equal(curve.survival, 1)
    mean = curve.restricted_mean(2)
    assert (mean.estimate, mean.note) == (2, "no event up to the horizon, so no interval")
    assert np.isnan([mean.lower, mean.upper, curve.median.estimate]).all()
    assert "not down to 0.5 when follow-up ends at 3" in curve.median.note


def test_one_patient_alone_has_no_variance() -> None:
    curve = kaplan_meier.fit([1.0, 2.0, 3.0], [1, 1, 0], cluster=["p", "p", "p"])
    assert np.isnan(curve.standard_error).all()
    assert "one patient only" in curve.at([1]).note[0]
    assert "one patient only" in curve.restricted_mean(2).note


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weights": np.where(np.arange(150) == 3, 0, 1)}, "weight 0.0 is not over 0"),
        ({"weights": [1, 2]}, "length of time"),
        ({"cluster": [None] * 150}, "cluster is missing"),
        ({"time": -DATA["time"]}, "is not over 0"),
    ],
    ids=["weight", "length", "cluster", "time"],
)
def test_wrong_data_are_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        fit(**changes)


def test_a_risk_set_that_empties_before_others_enter_is_refused() -> None:
    with pytest.raises(DataError, match="all at risk have the event at 1, before others enter"):
        kaplan_meier.fit([1, 4, 5], [1, 1, 0], entry=[0, 2, 2])


def test_unknown_scales_levels_and_times_are_refused() -> None:
    with pytest.raises(ConfigError, match="log-log, log, plain, logit"):
        fit(interval="exact")
    with pytest.raises(ConfigError, match="level"):
        fit(level=95)
    with pytest.raises(DataError, match="from 0 on"):
        fit().at([-1])
    with pytest.raises(DataError, match="horizon"):
        fit().restricted_mean(0)
