"""A metric's value as printed: decimals, percentages and the scale that fit it."""

from __future__ import annotations

from typing import Any

from bonerisk.reporting.wording.numbers import interval, percent

DECIMALS = {"brier": 3, "ibs": 3, "ici": 3, "e50": 3, "e90": 3, "net_benefit": 1}
SCALE = {"net_benefit": 1000}  # per 1,000 films


def value(row: Any, sign: bool = False) -> str:
    """A row of the metrics table as text.

    Parameters
    ----------
    row : Series or named tuple
        metric, estimate, lower, upper.
    sign : bool
        Of a difference: with a plus where it is over 0.
    """
    scale = SCALE.get(row.metric, 1)
    found = (scale * row.estimate, scale * row.lower, scale * row.upper)
    if row.metric == "incidence":
        return percent(*found)
    return interval(*found, sign, DECIMALS.get(row.metric, 2))
