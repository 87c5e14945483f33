"""Many comparisons in one table: p-values adjusted over a declared family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.evaluation.samples.sample import Array


@dataclass(frozen=True)
class Adjusted:
    """Adjusted p-values in the order given, NaN if the p-value is missing.

    Parameters
    ----------
    holm : array (m,)
        Step-down; as strict as Bonferroni's on the chance of any false finding, and never larger.
    bonferroni : array (m,)
        Times the family's size, at most 1.
    size : int
        Comparisons that count: those with a p-value.
    """

    holm: Array
    bonferroni: Array
    size: int


def adjust(p_values: ArrayLike) -> Adjusted:
    """Adjust a family of p-values, declared before they were seen.

    A missing one (a comparison that couldn't be made) is NaN and doesn't count to the family, as in R's ``p.adjust``,
    whose values these are. Statsmodels' function collects garbage at each call: 0.1 to 0.3 s for each small family.

    Parameters
    ----------
    p_values : array (m,)
        In [0, 1], or NaN.

    Raises
    ------
    DataError
        A p-value is out of [0, 1].

    References
    ----------
    Holm 1979, Scand J Stat 6:65.

    Examples
    --------
    >>> adjust([0.01, 0.02, float("nan"), 0.04]).holm
    array([0.03, 0.04,  nan, 0.04])
    """
    p = np.asarray(p_values, dtype=float)
    present = ~np.isnan(p)
    wrong = np.flatnonzero(present & ~((p >= 0) & (p <= 1)))
    if len(wrong):
        raise DataError(f"p-value {p[wrong[0]]:g} is not between 0 and 1", f"comparison {wrong[0]}, counted from 0")
    holm, bonferroni = np.full((2, len(p)), np.nan)
    size = int(present.sum())
    order = np.flatnonzero(present)[np.argsort(p[present], kind="stable")]
    holm[order] = np.minimum(np.maximum.accumulate((size - np.arange(size)) * p[order]), 1)
    bonferroni[present] = np.minimum(size * p[present], 1)
    return Adjusted(holm, bonferroni, size)
