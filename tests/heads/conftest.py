"""Simulated follow-up and labels whose danger is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bonerisk.heads.row_outcomes import RowOutcomes

Array = np.ndarray
Simulate = Callable[..., tuple[Array, RowOutcomes, Array]]


@pytest.fixture(scope="session")
def simulate() -> Simulate:
    """Features (n, 3) of float32, outcomes of both kinds, and hazards of fracture and death (n, 2).

    Hazards are constant, so that times are exponential, and known to the day; `death` is a year's. The label is 1 with
    the probability 1/(1 + exp(−log hazard)) of a standard rate.
    """

    def draw(n: int, seed: int = 0, death: float = 0.1) -> tuple[Array, RowOutcomes, Array]:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 3)).astype(np.float32)
        danger = x @ [0.9, -0.7, 0.5]
        rates = np.column_stack([0.08 * np.exp(danger), death * np.exp(0.6 * x[:, 0] + 0.4 * x[:, 2])])
        first, end = rng.exponential(1 / rates.sum(axis=1)), rng.uniform(3, 9, n)
        fracture = rng.random(n) < rates[:, 0] / rates.sum(axis=1)
        time = np.ceil(np.minimum(first, end) * 365.25) / 365.25
        event, dead = ((first < end) & which for which in (fracture, ~fracture))
        label = rng.random(n) < 1 / (1 + np.exp(-danger))
        outcomes = (label.astype(int), time, event.astype(int), dead.astype(int) if death else None)
        return x, RowOutcomes(np.arange(n), *outcomes), rates

    return draw
