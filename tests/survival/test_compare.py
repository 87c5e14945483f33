from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import compare

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/curves.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
TIME, EVENT, STATUS, GROUP, SITE = (DATA[name] for name in ("time", "event", "status", "group", "site"))


def close(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(np.array(ours, dtype=float), np.array(theirs, dtype=float), rtol=tolerance)


@pytest.mark.parametrize(
    ("case", "options"),
    [("plain", {}), ("strata", {"strata": SITE}), ("rho", {"rho": 1})],
    ids=lambda value: str(value)[:6],
)
def test_logrank_is_that_of_survdiff(case: str, options: dict[str, Any]) -> None:
    ours = compare.logrank(TIME, EVENT, GROUP, **options)
    for name in ("chi2", "df", "p", "observed", "expected"):
        close(getattr(ours, name), GOLDEN["logrank"][case][name])
    assert ours.groups == ("a", "b", "c")


@pytest.mark.parametrize("cause", [1, 2])
@pytest.mark.parametrize(
    ("case", "options"),
    [("plain", {}), ("rho", {"rho": 1}), ("strata", {"strata": SITE}), ("both", {"rho": 0.5, "strata": SITE})],
    ids=lambda value: str(value)[:6],
)
def test_gray_is_that_of_cmprsk(case: str, options: dict[str, Any], cause: int) -> None:
    ours = compare.gray(TIME, STATUS, GROUP, cause=cause, **options)
    for name in ("chi2", "df", "p"):
        close(getattr(ours, name), GOLDEN["gray"][case][name][cause - 1])


def test_without_competing_events_grays_score_is_the_log_ranks() -> None:
    close(compare.gray(TIME, EVENT, GROUP).expected, compare.logrank(TIME, EVENT, GROUP).expected)


@pytest.mark.parametrize("test", [compare.logrank, compare.gray])
def test_order_and_names_are_nothing(test: Any) -> None:
    order = np.random.default_rng(3).permutation(len(TIME))
    renamed = np.array([{"a": 30, "b": 10, "c": 20}[name] for name in GROUP])
    ours, theirs = test(TIME, EVENT, GROUP), test(TIME[order], EVENT[order], renamed[order])
    assert theirs.chi2 == pytest.approx(ours.chi2, rel=1e-12)
    assert theirs.groups == (10, 20, 30)


def test_whole_weights_are_repeated_rows() -> None:
    rows = np.repeat(np.arange(len(TIME)), DATA["weight"])
    ours = compare.logrank(TIME, EVENT, GROUP, weights=DATA["weight"])
    assert ours.chi2 == pytest.approx(compare.logrank(TIME[rows], EVENT[rows], GROUP[rows]).chi2, rel=1e-12)
    with pytest.raises(DataError, match="whole"):
        compare.logrank(TIME, EVENT, GROUP, weights=DATA["share"])


@pytest.mark.parametrize("test", [compare.logrank, compare.gray])
def test_an_arm_without_events_is_compared(test: Any) -> None:
    spared = np.where(GROUP == "c", 0, EVENT)
    assert test(TIME, spared, GROUP).observed[2] == 0
    assert 0 < test(TIME, spared, GROUP).p < 1e-3


@pytest.mark.parametrize("test", [compare.logrank, compare.gray])
def test_no_event_has_no_p_and_a_reason(test: Any) -> None:
    none = test(TIME, np.zeros_like(EVENT), GROUP)
    assert np.isnan([none.chi2, none.p]).all()
    assert (none.df, none.note) == (0, "no event with more than one group at risk")


def test_a_group_gone_before_the_first_event_takes_no_degree_of_freedom() -> None:
    time, event, group = [1, 1, 2, 3, 4, 5, 6], [0, 0, 1, 1, 1, 0, 1], list("ccababa")
    ours = compare.logrank(time, event, group)
    assert ours.df == 1
    assert "never at risk together" in ours.note
    assert ours.chi2 == pytest.approx(compare.logrank(time[2:], event[2:], group[2:]).chi2)


def test_what_can_not_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="one group only"):
        compare.logrank(TIME, EVENT, np.zeros(len(TIME)))
    with pytest.raises(ConfigError, match="no cause 0"):
        compare.gray(TIME, STATUS, GROUP, cause=0)
