from __future__ import annotations

import json
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.survival import cause_specific, cox
from bonerisk.survival.baseline import Baseline
from bonerisk.survival.cause_specific import Hazard, cumulative_incidence

Array = np.ndarray

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/cause_specific.json").read_text())
DATA, AT = GOLDEN["data"], np.column_stack([GOLDEN["at"]["age"], GOLDEN["at"]["male"]])
X, TIME, STATUS = np.column_stack([DATA["age"], DATA["male"]]), np.array(DATA["time"]), np.array(DATA["status"])


def hazards(status: Array, **options: Any) -> tuple[Hazard, Hazard | None, tuple[str, ...]]:
    fit = partial(cox.fit, **options)
    competing, notes = cause_specific.competing_hazard(fit, X, TIME, status == 1, status == 2)
    return Hazard.of(fit(X, TIME, status == 1)), competing and competing[0], notes


@pytest.fixture(scope="module")
def both() -> tuple[Hazard, Hazard]:
    event, competing, _ = hazards(STATUS)
    assert competing is not None
    return event, competing


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["ties"])
def test_incidence_is_that_of_csc(case: dict[str, Any]) -> None:
    event, competing, notes = hazards(STATUS, ties=case["ties"])
    assert competing is not None
    np.testing.assert_allclose(event.coefficients, case["coefficients"], rtol=1e-9)
    np.testing.assert_allclose(competing.coefficients, case["competing"], rtol=1e-9)
    found = cumulative_incidence(event, competing, AT, GOLDEN["times"])
    np.testing.assert_allclose(found, case["incidence"], rtol=1e-9)
    assert notes == ()


def test_too_few_competing_events_are_the_same_for_everybody() -> None:
    event, competing, [note] = hazards(np.array(GOLDEN["few"]), ties="breslow")
    assert competing is not None
    found = cumulative_incidence(event, competing, AT, GOLDEN["times"])
    np.testing.assert_allclose(found, np.minimum(GOLDEN["common"]["incidence"], 1), rtol=1e-9)
    assert "1 competing events, at a rate that is the same for everybody: they have no Cox model" in note


def test_a_cox_model_of_fewer_competing_events_than_columns_is_not_trusted() -> None:
    x = np.random.default_rng(0).normal(size=(100, 2))
    first = np.arange(100) == np.argmin(np.abs(x).sum(axis=1))  # among the others: there is a maximum
    time = np.where(first, 0.5, 1.0)
    assert np.isfinite(cox.fit(x, time, first).coefficients).all()
    competing, [note] = cause_specific.competing_hazard(cox.fit, x, time, ~first, first)
    assert competing is not None
    assert not competing[0].coefficients.any()
    assert "1 events for 2 columns" in note


def test_separated_competing_events_are_the_same_for_everybody() -> None:
    died = np.where((STATUS == 2) & (X[:, 1] == 0), 0, STATUS)  # men only
    _, competing, [note] = hazards(died)
    assert competing is not None
    assert not competing.coefficients.any()
    assert "goes to infinity" in note
    events = np.array([np.sum((died == 2) & (t == TIME)) for t in competing.baseline.times])
    at_risk = np.array([np.sum(t <= TIME) for t in competing.baseline.times])
    np.testing.assert_allclose(competing.baseline.cumulative_hazard, np.cumsum(events / at_risk), rtol=1e-12)


def test_nobody_competes() -> None:
    assert hazards(np.where(STATUS == 2, 0, STATUS))[1:] == (None, ())
    unknown = np.full(len(TIME), np.nan)
    assert cause_specific.competing_hazard(cox.fit, X, TIME, STATUS == 1, unknown) == (None, ())


def test_an_event_counts_before_a_competing_one_of_the_same_row(both: tuple[Hazard, Hazard]) -> None:
    competing, _ = cause_specific.competing_hazard(cox.fit, X, TIME, STATUS == 1, STATUS > 0)
    assert competing is not None
    np.testing.assert_array_equal(competing[0].coefficients, both[1].coefficients)


def test_incidence_rises_with_time_and_stays_under_that_without_competition(both: tuple[Hazard, Hazard]) -> None:
    event, competing = both
    times = np.linspace(0, 13, 40)
    found = cumulative_incidence(event, competing, X, times)
    nobody = Hazard(np.zeros(2), np.zeros(2), Baseline(np.empty(0), np.empty(0), 14.0))
    alone = cumulative_incidence(event, nobody, X, times)
    assert (np.diff(found) >= 0).all()
    assert (found <= alone).all()
    assert found[:, -1].mean() < 0.7 * alone[:, -1].mean()
    np.testing.assert_array_equal(found[:, 0], 0)


def test_of_nobody_and_of_no_time(both: tuple[Hazard, Hazard]) -> None:
    assert cumulative_incidence(*both, X[:0], [1, 5]).shape == (0, 2)
    assert cumulative_incidence(*both, X, []).shape == (len(X), 0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("far", [-1e99, -1e4, 1e4, 1e99])
def test_a_row_far_outside_has_a_probability(both: tuple[Hazard, Hazard], far: float) -> None:
    for x in ([far, 0], [0, far], [far, far], [far, -far]):
        found = cumulative_incidence(*both, np.array([x]), [1, 5, 13])
        assert ((found >= 0) & (found <= 1)).all()
        assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_missing_covariate_is_told(both: tuple[Hazard, Hazard], value: float) -> None:
    with pytest.raises(DataError, match=r"row 1, counted from 0; 1 such"):
        cumulative_incidence(*both, np.array([[60, 1], [value, 1]]), [1])


def test_a_time_after_the_end_of_follow_up_is_told(both: tuple[Hazard, Hazard]) -> None:
    with pytest.raises(DataError, match="follow-up ends at"):
        cumulative_incidence(*both, X, [5, 99])


def test_chunks_bound_the_memory() -> None:
    """1,000 event times of 50,000 rows are 400 MB at once."""
    steps = np.linspace(0.001, 1, 1000)
    hazard = Hazard(np.ones(1), np.zeros(1), Baseline(steps, steps, 1.0))
    x = np.random.default_rng(0).normal(size=(50_000, 1))
    tracemalloc.start()
    found = cumulative_incidence(hazard, hazard, x, [1.0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    # Two equal hazards: half of those who have either. In steps, it is more by at most one step.
    np.testing.assert_allclose(
        found[:, 0], 0.5 * (1 - np.exp(-2 * np.exp(x[:, 0]))), atol=0.001 * np.exp(x[:, 0].max())
    )
