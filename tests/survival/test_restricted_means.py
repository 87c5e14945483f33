from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.survival import kaplan_meier, restricted_means

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/curves.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
TIME, EVENT, GROUP = (DATA[name] for name in ("time", "event", "group"))
TWO = GROUP != "c"


def close(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(np.array(ours, dtype=float), np.array(theirs, dtype=float), rtol=tolerance)


def test_means_are_those_of_survfit() -> None:
    ours, theirs = restricted_means.compare(TIME[TWO], EVENT[TWO], GROUP[TWO], GOLDEN["horizon"]), GOLDEN["means"]
    (first, second), (error, other) = theirs["estimate"], theirs["standard_error"]
    close(ours.means, [first, second])
    z = 1.959963984540054
    half = z * np.hypot(error, other)
    close(ours.difference, second - first + np.array([0, -half, half]))
    half = z * np.hypot(error / first, other / second)
    close(ours.ratio, second / first * np.exp([0, -half, half]))
    assert ours.groups == ("a", "b")


def test_a_patient_in_both_groups_counts_once() -> None:
    """The error is that of weights moved a little, patient by patient."""
    patient, horizon, step = DATA["patient"][TWO], GOLDEN["horizon"], 1e-5

    def gap(weights: np.ndarray) -> float:
        means = [
            kaplan_meier.fit(TIME[TWO][rows], EVENT[TWO][rows], weights=weights[rows]).restricted_mean(horizon).estimate
            for rows in (GROUP[TWO] == "a", GROUP[TWO] == "b")
        ]
        return means[1] - means[0]

    moved = [(gap(1 + step * (patient == one)) - gap(1 - step * (patient == one))) / 2 / step for one in set(patient)]
    ours = restricted_means.compare(TIME[TWO], EVENT[TWO], GROUP[TWO], horizon, cluster=patient)
    assert (ours.difference[2] - ours.difference[0]) / 1.959963984540054 == pytest.approx(
        np.linalg.norm(moved), rel=1e-7
    )


def test_means_without_events_or_with_short_follow_up_say_so() -> None:
    none = restricted_means.compare(TIME[TWO], 0 * EVENT[TWO], GROUP[TWO], 99)
    assert (none.difference[0], none.ratio[0]) == (0, 1)
    assert np.isnan([none.p, *none.difference[1:], *none.ratio[1:]]).all()
    assert "shortened" in none.note
    assert "no interval" in none.note


def test_what_can_not_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="two groups are needed, not 3"):
        restricted_means.compare(TIME, EVENT, GROUP, 3)
    alone = np.where(GROUP[TWO] == "b", -1, DATA["patient"][TWO])
    with pytest.raises(DataError, match="one patient only in group b"):
        restricted_means.compare(TIME[TWO], EVENT[TWO], GROUP[TWO], 3, cluster=alone)
