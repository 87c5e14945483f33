"""Tables that are right pass every check, and each kind of error is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bonerisk.audit.audit import audit
from bonerisk.audit.tables import Printed
from tests.audit.made import MADE
from tests.audit.planted import PLANTED, Planted

Draw = np.random.Generator


def _false_alarms(make: Callable[[Draw], Printed], n: int) -> list[int]:
    return [seed for seed in range(n) if len(audit([make(np.random.default_rng([MADE.index(make), seed]))])[0])]


def _missed(plant: Callable[[Draw], Planted], n: int) -> list[int]:
    missed = []
    for seed in range(n):
        table, check = plant(np.random.default_rng([100 + PLANTED.index(plant), seed]))
        if check not in set(audit([table])[0]["check"]):
            missed.append(seed)
    return missed


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_nothing_is_found_in_tables_that_are_right(make: Callable[[Draw], Printed]) -> None:
    assert _false_alarms(make, 8) == []


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_planted_errors_are_found(plant: Callable[[Draw], Planted]) -> None:
    assert _missed(plant, 6) == []


@pytest.mark.slow
def test_recall_and_false_alarms_on_4050_tables() -> None:
    alarms = {make.__name__: len(_false_alarms(make, 300)) for make in MADE}
    missed = {plant.__name__: len(_missed(plant, 150)) for plant in PLANTED}
    print("false alarms of 300:", alarms, "missed of 150:", missed, sep="\n")
    assert sum(alarms.values()) <= 9  # 0.5 %
    assert sum(missed.values()) <= 0.01 * 150 * len(PLANTED)
