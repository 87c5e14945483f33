"""Times that differ by rounding are one time for every statistic, as in R's survival."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.concordance import c_index, uno_c
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.survival import compare, cox, kaplan_meier, proportional
from bonerisk.survival.outcome import outcome, without_near_ties

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/near_ties.json").read_text())
NEAR, ENTRY, FAR, CHAIN = (np.array(GOLDEN["data"][name], dtype=float) for name in ("near", "entry", "far", "chain"))
X, EVENT = np.array(GOLDEN["data"]["x"])[:, None], np.array(GOLDEN["data"]["event"])


@pytest.mark.parametrize("name", ["near", "far", "chain"])
def test_times_are_those_of_r(name: str) -> None:
    times = np.array(GOLDEN["data"][name])
    assert outcome(times, np.ones(len(times))).time.tolist() == GOLDEN["resolved"][name]
    assert len(np.unique(times)) > len(np.unique(GOLDEN["resolved"][name]))


def test_entries_are_resolved_together_with_times() -> None:
    checked = outcome(NEAR, EVENT, ENTRY)
    assert checked.time.tolist() == GOLDEN["with_entry"]["time"]
    assert checked.entry is not None
    assert checked.entry.tolist() == GOLDEN["with_entry"]["entry"]


def test_a_row_whose_follow_up_is_rounding_is_refused() -> None:
    with pytest.raises(DataError, match=r"entry 1\.0 is under its time by rounding only"):
        outcome([2, 1 + 1e-12], [1, 1], [0, 1])


def test_other_times_do_not_change_by_a_bit() -> None:
    times = np.array([1.0, np.nextafter(1.0, 2), 3.0, np.nan, np.inf, 1 / 3])
    assert np.array_equal(without_near_ties(times)[0], [1.0, 1.0, 3.0, np.nan, np.inf, 1 / 3], equal_nan=True)
    apart = np.random.default_rng(0).permutation(np.linspace(0.01, 9, 5000) / 7)
    assert without_near_ties(apart)[0] is apart


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_is_that_of_r(ties: str) -> None:
    found = cox.fit(X, NEAR, EVENT, ties=ties).coefficients
    np.testing.assert_allclose(found, GOLDEN["cox"][ties], rtol=1e-9)


def test_cox_with_entries_is_that_of_r() -> None:
    found = cox.fit(X, NEAR, EVENT, entry=ENTRY).coefficients
    np.testing.assert_allclose(found, GOLDEN["cox_with_entry"], rtol=1e-9)


def test_curve_and_tests_are_those_of_r() -> None:
    curve, golden = kaplan_meier.fit(NEAR, EVENT), GOLDEN["kaplan_meier"]
    assert curve.time.tolist() == golden["time"]
    np.testing.assert_allclose(curve.survival, golden["survival"], rtol=1e-12)
    np.testing.assert_allclose(curve.standard_error, golden["standard_error"], rtol=1e-12)
    assert compare.logrank(NEAR, EVENT, X[:, 0] > 0).chi2 == pytest.approx(GOLDEN["logrank"], rel=1e-12)
    change = proportional.check(X, NEAR, EVENT)
    assert [change.chi2, change.df, change.p_value] == pytest.approx(GOLDEN["proportional"], rel=1e-6)


def test_concordance_is_that_of_r() -> None:
    drawn = Followed.of(X[:, 0], NEAR, EVENT).drawn()
    assert c_index(drawn).value == pytest.approx([GOLDEN["c_index"]], rel=1e-12)
    assert uno_c(drawn, horizon=9.0).value == pytest.approx([GOLDEN["uno"]], rel=1e-12)
