"""How many threads a fit is worth: on a small table they wait for each other longer than they work."""

from __future__ import annotations

import numpy as np

from bonerisk.runs.environment import cores

SMALL = 1_000_000  # values; two threads for fewer take up to 50 times as long if other programs use the cores


def threads(x: np.ndarray) -> int:
    """Number of threads for features (n, width)."""
    return 1 if x.size < SMALL else cores()
