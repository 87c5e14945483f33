"""Rows in blocks of one shape, so that what a row gets does not depend, in a single bit, on how many others there are.

A matrix product rounds differently for arrays of different shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Array = np.ndarray

ROWS = 256  # of a block


def in_blocks(function: Callable[[Array], Mapping[str, Array]], n: int) -> dict[str, Array]:
    """Columns (n,) that a function gives, block after block.

    Parameters
    ----------
    function : callable
        From positions (m,) to columns (m,) by name. The last block is filled up with its last row, whose results are
        dropped.
    n : int
        Number of rows; without any, the function is called once, for no rows.

    Examples
    --------
    >>> x = np.arange(600.0)
    >>> found = in_blocks(lambda at: {"size": np.full(len(at), len(at)), "twice": 2 * x[at]}, len(x))
    >>> set(found["size"].tolist()), bool((found["twice"] == 2 * x).all())
    ({256}, True)
    """
    cuts = [np.arange(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]
    parts = [function(np.pad(cut, (0, ROWS - len(cut)), "edge")) for cut in cuts] or [function(np.arange(0))]
    return {name: np.concatenate([part[name] for part in parts])[:n] for name in parts[0]}
