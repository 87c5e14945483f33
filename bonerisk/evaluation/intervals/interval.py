"""Confidence intervals of a statistic from its distribution: Wilson's, percentile, BCa, or the normal of an influence.

References
----------
Efron 1987, J Am Stat Assoc 82:171 (BCa); Davison & Hinkley 1997, Bootstrap Methods, ch. 5; Brown, Cai & DasGupta 2001,
Stat Sci 16:101 (Wilson).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from bonerisk.evaluation.intervals.resampling import Distribution

Array = np.ndarray
Kind = Literal["percentile", "bca", "analytic"]


@dataclass(frozen=True)
class Interval:
    """Bounds, how they were found, and what a reader should know of them; NaN bounds where there are none."""

    lower: float
    upper: float
    method: str
    note: str = ""


def interval(of: Distribution, level: float = 0.95, kind: Kind = "percentile") -> Interval:
    """Wilson's interval where the films are independent trials, else of the `kind` asked for.

    Parameters
    ----------
    of : Distribution
    level : float
    kind : {"percentile", "bca", "analytic"}
        "bca" needs a distribution made with `jackknife=True`; "analytic" falls back to percentiles where the statistic
        has no influence.

    Examples
    --------
    >>> from bonerisk.evaluation.intervals.resampling import Draws, distributions
    >>> from bonerisk.evaluation.metrics.discrimination import auc
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> bounds = interval(distributions(sample, {"auc": auc}, Draws.of(6, n_draws=200))["auc"])
    >>> bounds.lower, bounds.upper, bounds.method
    (0.5, 1.0, 'patient bootstrap, percentile, 200 draws')
    >>> bounds.note
    '10 of 200 draws left out: the AUC needs films with and without the outcome'
    """
    if np.isnan(of.estimate):
        return Interval(np.nan, np.nan, "", of.undefined)
    if of.trials is not None:
        return Interval(*wilson(round(of.estimate * of.trials), of.trials, level), "Wilson")
    if kind == "analytic" and of.influence is not None:
        return normal(of, level)
    return resampled(of, level, bca=kind == "bca")


def wilson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a proportion, as ``Hmisc::binconf(method="wilson")``.

    No continuity correction, and with one success (or one failure) the bound next to 0 (or 1) is that of Poisson,
    −log(level) / trials, as Brown, Cai & DasGupta advise; statsmodels leaves it as it is.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson(8, 10)]
    [0.49, 0.943]
    """
    from statsmodels.stats.proportion import proportion_confint

    lower, upper = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    if successes == 1:
        lower = -np.log(level) / trials
    if successes == trials - 1:
        upper = 1 + np.log(level) / trials
    return float(lower), float(upper)


def normal(of: Distribution, level: float = 0.95) -> Interval:
    """Estimate ± z·√Σ influence², patients being independent (infinitesimal jackknife; DeLong's for the AUC)."""
    if of.influence is None:
        raise ValueError("a distribution without influence has no normal interval")
    reach = ndtri((1 + level) / 2) * np.sqrt(np.sum(of.influence**2))
    return Interval(of.estimate - reach, of.estimate + reach, "infinitesimal jackknife by patient, normal")


def resampled(of: Distribution, level: float = 0.95, bca: bool = False) -> Interval:
    """Percentile (R's type 7) or BCa interval over the draws in which the statistic could be computed."""
    usable = of.drawn[~np.isnan(of.drawn)]
    lost = len(of.drawn) - len(usable)
    notes = [f"{lost} of {len(of.drawn)} draws left out: {of.undefined}"] if lost else []
    if not len(usable):
        return Interval(np.nan, np.nan, "", "; ".join(notes))
    at = np.array([(1 - level) / 2, (1 + level) / 2])
    correction = Correction.of(usable, of) if bca else None
    if correction:
        at = correction.shifted(at)
    elif bca:
        notes.append("no BCa: the draws lie on one side of the estimate")
    lower, upper = np.quantile(usable, at)
    if lower == upper:
        notes.append("all draws agree: the interval says nothing of the uncertainty")
    name = "BCa" if correction else "percentile"
    return Interval(float(lower), float(upper), f"patient bootstrap, {name}, {len(of.drawn)} draws", "; ".join(notes))


@dataclass(frozen=True)
class Correction:
    """How BCa moves the levels of the percentile interval.

    Parameters
    ----------
    bias : float
        Normal quantile of the share of draws under the estimate; those equal to it count one half.
    acceleration : float
        Skewness, from the jackknife by patient; leaving out blocks of patients estimates the same quantity, since
        skewness and root of the number both scale.
    """

    bias: float
    acceleration: float

    @classmethod
    def of(cls, usable: Array, of: Distribution) -> Correction | None:
        """The correction of some draws; None if they lie on one side of the estimate."""
        below = np.mean(usable < of.estimate) + np.mean(usable == of.estimate) / 2
        if not 0 < below < 1:
            return None
        left_out = of.left_out[~np.isnan(of.left_out)]
        away = left_out.mean() - left_out if len(left_out) else np.zeros(1)
        square = np.sum(away**2)
        return cls(float(ndtri(below)), float(np.sum(away**3) / (6 * square**1.5)) if square > 0 else 0.0)

    def shifted(self, at: Array) -> Array:
        """Levels of the quantiles to take instead of those `at`."""
        moved = self.bias + ndtri(at)
        return ndtr(self.bias + moved / (1 - self.acceleration * moved))

    def inverted(self, shifted: Array) -> Array:
        """The levels that `shifted` moves there; 0 or 1 beyond its reach."""
        moved = ndtri(shifted) - self.bias
        with np.errstate(invalid="ignore"):  # of a level of 0 or 1
            within = moved / (1 + self.acceleration * moved)
        reached = np.isfinite(moved) & (1 + self.acceleration * moved > 0)
        return np.where(reached, ndtr(within - self.bias), moved > 0)
