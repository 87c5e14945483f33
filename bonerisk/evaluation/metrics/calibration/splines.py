"""Restricted cubic splines: smooth curves of one variable that are straight lines beyond the outer knots.

References
----------
Stone & Koo 1985, Proc Stat Comp Sect ASA 45; Harrell 2015, Regression Modeling Strategies, §2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonerisk.cohort.spline import basis

Array = np.ndarray

QUANTILES = (0.1, 0.5, 0.9)  # Harrell's places of three knots


@dataclass(frozen=True, eq=False)
class Spline:
    """A variable and its bends, as columns of mean 0 and standard deviation 1 that don't correlate.

    So a coefficient says how far it moves the films, and Newton's method has an easy way. The first column is the
    variable itself.

    Parameters
    ----------
    knots : array (k,)
        Rising. None at all: a straight line.
    mean : array (p,)
        Mean of the basis over the values that the spline was fitted to.
    turn : array (p, p)
        What makes columns of the centred basis.
    """

    knots: Array
    mean: Array
    turn: Array

    @classmethod
    def line(cls, x: Array) -> Spline | None:
        """Straight line through values `x` (n,); None if they are all equal."""
        return cls._through(x, np.empty(0))

    @classmethod
    def curve(cls, x: Array) -> Spline | None:
        """Spline with three knots at the quantiles .10, .50 and .90 of `x` (n,).

        None if two of them are equal, or there are only two values.

        ``Hmisc::rcspline.eval(nk=3)`` has the same knots, but takes the fifth value from either end where there are
        fewer than 100, and looks for other quantiles where two are equal.
        """
        if len(np.unique(x)) <= 2:
            return None
        knots = np.quantile(x, QUANTILES)
        return cls._through(x, knots) if len(np.unique(knots)) == len(QUANTILES) else None

    @classmethod
    def _through(cls, x: Array, knots: Array) -> Spline | None:
        if not len(x) or np.ptp(x) == 0:
            return None
        columns = basis(x, knots)
        mean = columns.mean(axis=0)
        root = np.linalg.qr(columns - mean, mode="r")
        root *= np.sign(np.diag(root))[:, None]
        return cls(knots, mean, np.sqrt(len(x)) * np.linalg.inv(root))

    def columns(self, x: Array) -> Array:
        """Columns (n, p) of values `x` (n,)."""
        return (basis(x, self.knots) - self.mean) @ self.turn
