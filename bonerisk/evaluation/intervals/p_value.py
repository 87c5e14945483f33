"""Two-sided p-value of no difference by the method of the interval, so that the two never contradict each other."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from bonerisk.evaluation.intervals.interval import Correction, Kind
from bonerisk.evaluation.intervals.resampling import Distribution

Array = np.ndarray


def p_value(of: Distribution, kind: Kind = "percentile") -> float:
    """1 − the level at which the interval of a difference would just reach 0.

    It is therefore under 0.05 if and only if the 95% interval leaves out 0. B draws never give a p under 2/(B + 1)
    (Davison & Hinkley 1997, ch. 4); for a smaller one, draw more. With an influence it is that of z, for the AUC as
    ``pROC::roc.test(method = "delong", paired = TRUE)``.

    Parameters
    ----------
    of : Distribution
        Of a paired difference.
    kind : {"percentile", "bca", "analytic"}
        As for `bonerisk.evaluation.intervals.interval.interval`.

    Returns
    -------
    float
        NaN if there is no estimate or no draw, and if the estimate has no spread and is not 0.

    Examples
    --------
    >>> p_value(Distribution(4.0, np.linspace(-1, 9, 101), ""))
    0.2
    """
    if np.isnan(of.estimate):
        return np.nan
    if kind == "analytic" and of.influence is not None:
        return _normal(of.estimate, float(np.sqrt(np.sum(of.influence**2))))
    usable = np.sort(of.drawn[~np.isnan(of.drawn)])
    if not len(usable) or usable[0] == usable[-1] != 0:
        return np.nan
    levels = np.array([_reached(usable), 1 - _reached(-usable[::-1])])  # last and first whose quantile is 0
    correction = Correction.of(usable, of) if kind == "bca" else None
    lower, upper = correction.inverted(levels) if correction else levels
    return float(min(1.0, max(2 * min(lower, 1 - upper), 2 / (len(usable) + 1))))


def _normal(estimate: float, error: float) -> float:
    if error == 0:
        return 1.0 if estimate == 0 else np.nan
    return float(2 * ndtr(-abs(estimate) / error))


def _reached(drawn: Array) -> float:
    """The highest level whose quantile (R's type 7) of sorted draws is at most 0; 0 if none is."""
    under = np.searchsorted(drawn, 0, side="right")
    if under in (0, len(drawn)):
        return float(under > 0)
    low, high = drawn[under - 1], drawn[under]
    return float((under - 1 - low / (high - low)) / (len(drawn) - 1))
