"""Restricted cubic splines of a column: smooth curves that are straight lines beyond the outer knots.

References
----------
Stone & Koo 1985, Proc Stat Comp Sect ASA 45; Harrell 2015, Regression Modeling Strategies, §2.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bonerisk.errors import DataError

Array = np.ndarray

KNOTS = range(3, 8)  # how many there may be: Harrell gives places for these
OUTER = {3: 0.1, 7: 0.025}  # quantile of the first knot, else 0.05; the last one mirrors it
SMALL = 100  # rows; in fewer, the outer knots are the fifth value from either end
FIFTH = 4


@dataclass(frozen=True)
class Spline:
    """A restricted cubic spline.

    Parameters
    ----------
    knots : tuple of float
        Rising.
    low, high : float
        Quartiles of the column, between which its effect is given.

    Examples
    --------
    >>> spline = Spline.of(np.arange(101.0), 3, "age_years")
    >>> spline
    Spline(knots=(10.0, 50.0, 90.0), low=25.0, high=75.0)
    >>> spline.columns(np.array([10.0, 50.0])).round(2)
    array([[10.,  0.],
           [50., 10.]])
    """

    knots: tuple[float, ...]
    low: float
    high: float

    @classmethod
    def of(cls, x: Array, n: int, column: str) -> Spline:
        """Spline with `n` knots at Harrell's quantiles of values `x`; `column` is their name, for errors.

        The quantiles are evenly spaced: .05, .35, .65, .95 for 4. Knots are those of ``Hmisc::rcspline.eval(nk=n,
        fractied=0)``, which takes other quantiles where two of these are equal.

        Raises
        ------
        DataError
            There are too few distinct values, or two knots are equal.
        """
        where = f"features.splines, column {column}"
        distinct = len(np.unique(x))
        if distinct < n + 3:  # as in Hmisc, which would take the inner values as knots
            mend = f"take {column} as it is, or as levels: features.reference={{{column}: <level>}}"
            raise DataError(f"{distinct} distinct values are too few for {n} knots", where, mend)
        outer = OUTER.get(n, 0.05)
        knots = np.quantile(x, np.linspace(outer, 1 - outer, n))
        if len(x) < SMALL:
            knots[[0, -1]] = np.sort(x)[[FIFTH, -1 - FIFTH]]
        if not (np.diff(knots) > 0).all():
            told = ", ".join(f"{knot:g}" for knot in knots)
            raise DataError(f"{n} knots lie at {told}, which must rise", where, "take fewer knots, or no spline")
        low, high = np.quantile(x, [0.25, 0.75]).tolist()
        return cls(tuple(knots.tolist()), low, high)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Spline:
        """Spline from its attributes read back from JSON."""
        return cls(tuple(state["knots"]), state["low"], state["high"])

    def columns(self, x: Array) -> Array:
        """Columns (n, knots − 1) of values `x` (n,): the values themselves first."""
        return basis(x, self.knots)


def basis(x: Array, knots: Sequence[float] | Array) -> Array:
    """Columns (n, max(1, k − 1)) of a restricted cubic spline: x itself, then one that bends for each inner interval.

    With t the knots, the j-th is (x−tⱼ)₊³ − (x−tₖ₋₁)₊³ (tₖ−tⱼ)/(tₖ−tₖ₋₁) + (x−tₖ)₊³ (tₖ₋₁−tⱼ)/(tₖ−tₖ₋₁), over
    (tₖ−t₁)², as ``Hmisc::rcspline.eval(inclx=TRUE, norm=2)``.

    Parameters
    ----------
    x : array (n,)
    knots : array (k,)
        Rising.
    """
    if not len(knots):
        return np.array(x, dtype=float)[:, None]
    *inner, before, last = knots
    above = [np.maximum(x - knot, 0) ** 3 for knot in (*inner, before, last)]
    bends = [
        above[j] - above[-2] * (last - knot) / (last - before) + above[-1] * (before - knot) / (last - before)
        for j, knot in enumerate(inner)
    ]
    return np.column_stack([x, *(bend / (last - knots[0]) ** 2 for bend in bends)])
