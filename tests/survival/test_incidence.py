from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

from bonerisk.errors import DataError
from bonerisk.survival import aalen_johansen, kaplan_meier
from bonerisk.survival.incidence import at_horizons, zero_bound

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/curves.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
TIME, STATUS, GROUP = DATA["time"], DATA["status"], DATA["group"]


def test_rows_are_the_curves_of_each_group() -> None:
    rows = at_horizons(TIME, STATUS, [1, 3], group=GROUP, cluster=DATA["patient"])
    assert [(row.group, row.horizon, row.method.split(",")[0]) for row in rows[:4]] == [
        ("a", 1, "Aalen–Johansen"),
        ("a", 1, "Kaplan–Meier"),
        ("a", 3, "Aalen–Johansen"),
        ("a", 3, "Kaplan–Meier"),
    ]
    inside = GROUP == "b"
    incidence, survival = (row for row in rows if (row.group, row.horizon) == ("b", 3))
    theirs = aalen_johansen.fit(TIME[inside], STATUS[inside], cluster=DATA["patient"][inside]).at([3])
    assert (incidence.incidence, incidence.lower, incidence.upper) == (theirs.estimate, theirs.lower, theirs.upper)
    other = kaplan_meier.fit(TIME[inside], STATUS[inside] == 1, cluster=DATA["patient"][inside]).at([3])
    assert (survival.incidence, survival.lower, survival.upper) == (
        1 - other.estimate,
        1 - other.upper,
        1 - other.lower,
    )
    assert survival.incidence > incidence.incidence
    assert incidence.n == inside.sum()
    assert incidence.n_events == np.sum(inside & (STATUS == 1) & (TIME <= 3))
    assert incidence.n_competing == np.sum(inside & (STATUS == 2) & (TIME <= 3))
    assert incidence.at_risk == np.sum(inside & (TIME >= 3))


def test_without_deaths_there_is_one_row_each() -> None:
    assert len(at_horizons(TIME, STATUS == 1, [1, 2], group=GROUP)) == 6


def test_a_group_without_events_has_the_exact_bound_of_its_patients_at_the_horizon() -> None:
    spared = np.where((GROUP == "c") & (STATUS == 1), 0, STATUS)
    (row,) = [row for row in at_horizons(TIME, spared, [2], group=GROUP, cluster=DATA["patient"]) if row.group == "c"][
        :1
    ]
    patients = len(set(DATA["patient"][(GROUP == "c") & (TIME >= 2)]))
    assert patients < row.at_risk
    assert (row.incidence, row.lower, row.upper) == (0, 0, zero_bound(patients))
    assert "exact one-sided bound" in row.method
    assert row.note == f"no event; bound from the {patients} at risk at the horizon"


@pytest.mark.parametrize("n", [1, 7, 300, 10**6])
@pytest.mark.parametrize("level", [0.9, 0.975])
def test_bound_is_clopper_and_pearsons(n: int, level: float) -> None:
    assert zero_bound(n, level) == pytest.approx(beta.ppf(level, 1, n), rel=1e-10)


def test_a_horizon_past_follow_up_has_a_reason_and_no_number() -> None:
    for row in at_horizons(TIME, 0 * STATUS, [99]) + at_horizons(TIME, STATUS, [99]):
        assert np.isnan([row.incidence, row.lower, row.upper]).all()
        assert "follow-up ends at" in row.note


def test_nobody_has_no_bound() -> None:
    with pytest.raises(DataError, match="at risk"):
        zero_bound(0)
