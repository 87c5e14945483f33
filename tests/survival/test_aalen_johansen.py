from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import aalen_johansen, kaplan_meier

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/curves.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "shares": {"weights": DATA["share"]},
    "cluster": {"cluster": DATA["patient"]},
}


def fit(**changes: Any) -> aalen_johansen.AalenJohansen:
    return aalen_johansen.fit(**{"time": DATA["time"], "status": DATA["status"], **changes})


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(np.array(ours, dtype=float), np.array(theirs, dtype=float), rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_curves_are_those_of_survfit(case: str) -> None:
    ours, theirs = fit(**CASES[case]), GOLDEN["aalen_johansen"][case]
    for name in ("time", "incidence", "standard_error"):
        close(getattr(ours, name), theirs[name])


@pytest.mark.parametrize("case", ["plain", "shares"])
def test_limits_are_those_of_survfit(case: str) -> None:
    ours, theirs = fit(**CASES[case]), GOLDEN["aalen_johansen"][case]
    close(ours.lower, theirs["lower"])
    close(ours.upper, theirs["upper"])


@pytest.mark.parametrize("case", CASES)
def test_time_lost_is_that_of_survfit(case: str) -> None:
    lost = [fit(**CASES[case]).time_lost(GOLDEN["horizon"], cause) for cause in (1, 2)]
    close([one.estimate for one in lost], GOLDEN["aalen_johansen"][case]["time_lost"])
    close([one.standard_error for one in lost], GOLDEN["aalen_johansen"][case]["time_lost_error"])


@pytest.mark.parametrize("cause", [1, 2])
def test_incidence_is_that_of_cmprsk(cause: int) -> None:
    close(fit().at(GOLDEN["cuminc"]["times"], cause).estimate, GOLDEN["cuminc"]["incidence"][cause - 1])


def test_incidences_and_survival_add_up() -> None:
    curves = fit()
    close(curves.incidence.sum(axis=1) + curves.survival, np.ones(len(curves.time)))
    close(curves.survival, kaplan_meier.fit(DATA["time"], DATA["status"] > 0).survival)


def test_one_cause_is_kaplan_meier() -> None:
    event = DATA["status"] == 1
    ours, theirs = fit(status=event), kaplan_meier.fit(DATA["time"], event)
    close(ours.incidence[:, 0], 1 - theirs.survival)
    close(ours.standard_error[:, 0], theirs.standard_error)
    close(ours.incidence[:, 1], np.zeros(len(ours.time)))
    horizon = GOLDEN["horizon"]
    close(ours.time_lost(horizon).estimate, horizon - theirs.restricted_mean(horizon).estimate)
    close(ours.time_lost(horizon).standard_error, theirs.restricted_mean(horizon).standard_error)


def test_a_third_cause_splits_the_second() -> None:
    split = np.where((DATA["status"] == 2) & (DATA["site"] == 1), 3, DATA["status"])
    ours, theirs = fit(status=split, causes=3), fit()
    close(ours.incidence[:, 0], theirs.incidence[:, 0])
    close(ours.standard_error[:, 0], theirs.standard_error[:, 0])
    close(ours.incidence[:, 1] + ours.incidence[:, 2], theirs.incidence[:, 1])
    with pytest.raises(DataError, match="status 3"):
        fit(status=split)


def test_whole_weights_are_repeated_rows_and_order_is_nothing() -> None:
    order = np.random.default_rng(1).permutation(np.repeat(np.arange(len(DATA["time"])), DATA["weight"]))
    ours, theirs = fit(weights=DATA["weight"]), fit(time=DATA["time"][order], status=DATA["status"][order])
    close(ours.incidence, theirs.incidence)
    close(ours.standard_error, theirs.standard_error)


def test_when_all_have_failed_the_curves_stay() -> None:
    curves = aalen_johansen.fit([1, 2, 3, 4], [1, 2, 1, 2])
    assert curves.at([9]).estimate[0] == 0.5
    assert np.isfinite(curves.standard_error).all()
    assert curves.time_lost(9).horizon == 4


def test_past_follow_up_and_before_events_there_is_a_reason() -> None:
    notes = fit().at([0.01, 99]).note
    assert notes == ("no event so far, so no interval", f"undefined: follow-up ends at {DATA['time'].max():g}")


@pytest.mark.parametrize("cause", [0, 3])
def test_a_cause_that_is_not_there_is_refused(cause: int) -> None:
    with pytest.raises(ConfigError, match=f"no cause {cause}"):
        fit().at([1], cause)
    with pytest.raises(ConfigError, match=f"no cause {cause}"):
        fit().time_lost(1, cause)
