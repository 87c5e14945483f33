"""How many threads a fit is worth: on a small table they wait for each other longer than they work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from bonerisk.runs import environment

SMALL = 1_000_000  # values; two threads for fewer take up to 50 times as long if other programs use the cores


def threads(x: np.ndarray) -> int:
    """Number of threads for features (n, width)."""
    return 1 if x.size < SMALL else environment.threads()


@contextmanager
def steady(x: np.ndarray) -> Iterator[None]:
    """Hold linear algebra to `threads(x)`: so that the bits of a small fit do not depend on the machine."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads(x), user_api="blas"):
        yield
