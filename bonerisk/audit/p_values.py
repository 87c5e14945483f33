"""p-values of two groups, of what a table of characteristics prints of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import stats

from bonerisk.audit.intervals import Z
from bonerisk.audit.numbers import Cell, Estimate


def of_counts(a: int, of_a: int, b: int, of_b: int) -> list[float]:
    """p-values of two proportions: chi-squared with and without Yates's correction, Fisher's exact."""
    table = np.array([[a, of_a - a], [b, of_b - b]])
    if (table.sum(axis=0) == 0).any():
        return [1.0]
    tests = [float(stats.chi2_contingency(table, correction=correction).pvalue) for correction in (True, False)]
    return [*tests, float(stats.fisher_exact(table).pvalue)]


def of_means(a: Cell, n_a: int, b: Cell, n_b: int) -> list[float]:
    """p-values of two means with their SDs, Student's and Welch's, of all that may have been rounded to them."""
    assert a.number is not None
    assert b.number is not None
    assert a.sd is not None
    assert b.sd is not None
    apart = abs(a.number.value - b.number.value)
    free = a.number.half + b.number.half
    values = []
    for difference, end, equal in itertools.product(
        (max(apart - free, 0), apart + free), ("low", "high"), (True, False)
    ):
        spreads = [max(getattr(sd, end), 1e-12) for sd in (a.sd, b.sd)]
        values.append(float(stats.ttest_ind_from_stats(difference, spreads[0], n_a, 0.0, spreads[1], n_b, equal)[1]))
    return values


def of_ratio(estimate: Estimate) -> tuple[float, float]:
    """The least and greatest p-value (Wald's) that a ratio's 95 % interval may have been printed with."""
    values = []
    ends = ([each.low, each.high] for each in (estimate.value, estimate.lower, estimate.upper))
    for value, lower, upper in itertools.product(*ends):
        if min(value, lower, upper) > 0 and upper > lower and math.isfinite(upper):
            error = (math.log(upper) - math.log(lower)) / (2 * Z)
            values.append(2 * float(stats.norm.sf(abs(math.log(value)) / error)))
    return (min(values), max(values)) if values else (0.0, 1.0)
