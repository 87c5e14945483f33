"""Intervals that a number of patients allows: how wide the narrowest is, and how lopsided."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

Z = 1.959964


def proportion(share: float, n: float) -> list[tuple[float, float]]:
    """95 % intervals of a proportion: Wald's where it is one, Wilson's and Clopper and Pearson's."""
    count = share * n
    centre, spread = (share + Z**2 / (2 * n)) / (1 + Z**2 / n), Z / (1 + Z**2 / n)
    half = spread * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    exact = (
        float(stats.beta.ppf(0.025, count, n - count + 1)) if count > 0 else 0.0,
        float(stats.beta.ppf(0.975, count + 1, n - count)) if count < n else 1.0,
    )
    wald = Z * math.sqrt(share * (1 - share) / n)
    of_few = [] if min(count, n - count) < 5 else [(share - wald, share + wald)]
    return [*of_few, (centre - half, centre + half), exact]


def ranking(area: float, with_it: int, without: int) -> tuple[float, float]:
    """95 % interval of an area under the ROC curve by its exponential approximation.

    Hanley and McNeil, Radiology 1982;143:29-36. For Harrell's C with events and those without it is an approximation.
    """
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (with_it - 1) * (q1 - area**2) + (without - 1) * (q2 - area**2)
    half = Z * math.sqrt(max(variance, 0.0) / (with_it * without))
    return area - half, area + half


def sidedness(estimate: float, lower: float, upper: float) -> float:
    """The log of the upper arm over the lower arm: 0 if the interval is symmetric."""
    with np.errstate(divide="ignore"):
        return float(np.log(upper - estimate) - np.log(estimate - lower))
