from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import firth
from bonerisk.survival.proportional import check

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/proportional.json").read_text())
X, TIME, EVENT = (np.array(GOLDEN["data"][key]) for key in ("x", "time", "event"))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['ties']}-{case['transform']}")
def test_the_test_and_the_residuals_are_those_of_cox_zph(case: dict[str, Any]) -> None:
    result = check(X, TIME, EVENT, ties=case["ties"], transform=case["transform"])
    rows = [(column.chi2, 1, column.p_value) for column in result.columns]
    np.testing.assert_allclose([*rows, (result.chi2, result.df, result.p_value)], case["table"], atol=1e-8)
    np.testing.assert_allclose(result.event_times, case["time"])
    np.testing.assert_allclose(result.transformed, case["transformed"], atol=1e-12)
    np.testing.assert_allclose(result.residuals, case["residuals"], atol=1e-8)
    np.testing.assert_allclose([column.slope for column in result.columns], case["slope"], atol=1e-8)


def test_the_halves_are_two_fits_apart() -> None:
    result = check(X, TIME, EVENT)
    assert (result.n_early, result.n_late, result.split_time) == (47, 49, 4.0)
    late = result.split_time < TIME
    first, second = firth.fit(X, TIME, EVENT * ~late), firth.fit(X[late], TIME[late], EVENT[late])
    for j, column in enumerate(result.columns):
        logs = first.coefficients[j], second.coefficients[j]
        margin = 1.959963984540054 * np.sqrt(first.covariance[j, j] + second.covariance[j, j])
        assert np.log([column.hazard_ratio_early, column.hazard_ratio_late]) == pytest.approx(logs)
        assert np.log(column.ratio) == pytest.approx(logs[1] - logs[0])
        assert np.log([column.ratio_lower, column.ratio_upper]) == pytest.approx(
            [logs[1] - logs[0] - margin, logs[1] - logs[0] + margin]
        )


@pytest.mark.parametrize(("fades", "proportional"), [(0.0, True), (1.0, False)])
def test_an_effect_that_ends_halfway_is_seen_as_a_ratio(fades: float, proportional: bool) -> None:
    rng = np.random.default_rng(5)
    n = 3000
    arm = np.arange(n) % 2
    waits = rng.exponential(size=n)
    hazard = 3.0**arm  # up to time 0.4; from then on both arms have the same if it fades
    time = np.where(waits < 0.4 * hazard, waits / hazard, 0.4 + (waits - 0.4 * hazard) / hazard ** (1 - fades))
    (column,) = check(arm[:, None], np.minimum(time, 2), time < 2, names=["arm"]).columns
    assert (column.name, column.note) == ("arm", "")
    assert (column.ratio_lower < 1 < column.ratio_upper) == proportional
    assert (column.p_value > 0.01) == proportional
    assert (column.slope < -0.5) == (not proportional)


def test_order_and_units_change_nothing_else() -> None:
    shuffle = np.random.default_rng(0).permutation(len(TIME))
    ours = check(X, TIME, EVENT, transform="identity")
    other = check((X * [12, 1, 1] + 5)[shuffle], 365 * TIME[shuffle], EVENT[shuffle], transform="identity")
    assert other.chi2 == pytest.approx(ours.chi2)
    for a, b in zip(ours.columns, other.columns, strict=True):
        assert b.chi2 == pytest.approx(a.chi2, abs=1e-9)
    assert other.columns[1].ratio_upper == pytest.approx(ours.columns[1].ratio_upper)
    assert other.columns[1].slope * 365 == pytest.approx(ours.columns[1].slope)


def test_a_column_that_tells_nothing_in_a_half_has_a_note() -> None:
    early = np.where((TIME <= 2) & (np.arange(len(TIME)) % 2), 1.0, 0.0)  # all of this arm are gone by then
    result = check(np.column_stack([X, early]), TIME, EVENT, names=["age", "male", "score", "gone"])
    gone = result.columns[-1]
    assert np.isnan([gone.hazard_ratio_late, gone.ratio, gone.ratio_lower]).all()
    assert np.isfinite([gone.hazard_ratio_early, gone.chi2]).all()
    assert gone.note.startswith("no hazard ratio in the second half")
    assert result.columns[0].note == ""


def test_a_column_that_varies_at_one_event_time_only_has_no_test() -> None:
    rows = np.arange(30)
    time, event = np.maximum(rows - 2.0, 1), np.isin(rows, [0, 2, 8, 12, 16, 20, 24])  # the first four tie
    x = np.column_stack([np.random.default_rng(2).normal(size=30), rows < 2])
    result = check(x, time, event)
    assert np.isnan([result.columns[1].chi2, result.columns[1].p_value, result.columns[1].slope]).all()
    assert result.columns[1].note.startswith("no test")
    assert (result.df, result.chi2) == (1, pytest.approx(result.columns[0].chi2))


def test_a_hazard_ratio_beyond_a_float_is_infinite_without_a_warning() -> None:
    result = check(X / 1e4, TIME, EVENT)
    assert np.inf in [column.ratio_upper for column in result.columns]


def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(DataError, match="all events are at time 3"):
        check(X, TIME, EVENT * (TIME == 3))
    with pytest.raises(DataError, match="no maximum"):
        check(X[:, 1:2], TIME, EVENT * X[:, 1])
    with pytest.raises(ConfigError, match="'sqrt'"):
        check(X, TIME, EVENT, transform="sqrt")
    with pytest.raises(ConfigError, match="level"):
        check(X, TIME, EVENT, level=0)
