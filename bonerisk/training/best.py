"""The best epoch of a network: kept weights, early stop and page share this rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def best(history: Sequence[Mapping[str, float]], by: Sequence[tuple[str, int]]) -> int:
    """Position of the best epoch, the first among equals.

    Parameters
    ----------
    history : sequence of mapping
        Rows of history.csv.
    by : sequence of (str, int)
        Columns and their direction: 1 if higher is better, else -1. Later columns break ties. NaN is worst.

    Examples
    --------
    >>> history = [{"auc": 0.7, "loss": 0.5}, {"auc": 0.8, "loss": 0.6}, {"auc": 0.8, "loss": 0.4}]
    >>> best(history, [("auc", 1), ("loss", -1)])
    2
    """

    def value(at: int) -> list[float]:
        values = [sign * history[at][column] for column, sign in by]
        return [-math.inf if math.isnan(of) else of for of in values]

    return max(range(len(history)), key=value)
