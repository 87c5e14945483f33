"""A metric's value as printed: decimals, percentages and the scale that fit it."""

from __future__ import annotations

from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.reporting.wording.numbers import interval, percent
from bonerisk.reporting.wording.rows import Row


def value(row: Row, sign: bool = False) -> str:
    """A row of the metrics table as text.

    Parameters
    ----------
    row : Series or named tuple
        metric, estimate, lower, upper.
    sign : bool
        Whether a plus stands before values above 0, as in a difference.
    """
    metric = about(row.metric)
    found = (metric.scale * row.estimate, metric.scale * row.lower, metric.scale * row.upper)
    return percent(*found) if metric.percent else interval(*found, sign, metric.decimals)
