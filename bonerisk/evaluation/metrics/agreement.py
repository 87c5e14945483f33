"""How well estimated T-scores agree with those read by DXA: in the mean, film by film, and in their classes.

References
----------
Bland & Altman 1986, Lancet 327:307 (limits of agreement); McGraw & Wong 1996, Psychol Methods 1:30 (intraclass
correlation); Cohen 1968, Psychol Bull 70:213 (weighted kappa).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.readings import DrawnReadings

Array = np.ndarray

WITHIN = 1.96  # standard deviations about the mean within which 95% of normal differences lie
NOBODY = "no films"
CONSTANT = "the T-scores, or their estimates, are all equal"
WEIGHTS = np.subtract.outer(np.arange(3), np.arange(3)) ** 2  # a class's distance, squared


class Tabled(Protocol):
    """A drawn sample of which the classes, observed and called, are counted."""

    @property
    def n(self) -> Array:
        """Films of each draw, (draws,)."""
        ...

    @property
    def table(self) -> Array:
        """Films by class and class called, (draws, 3, 3)."""
        ...


@described(
    About(
        "Pearson's r",
        "ranking",
        lower=-1,
        upper=1,
        higher_is_better=True,
        meaning="Pearson's r: the correlation of estimated and read T-scores; it does not see a constant error.",
    )
)
def pearson_r(drawn: DrawnReadings) -> Values:
    """Correlation of estimate and reading, as R's ``cor``."""
    x, y = drawn.sample.estimate, drawn.sample.observed
    spread = np.sqrt(drawn.covariance(x, x) * drawn.covariance(y, y))
    return Values(divide(drawn.covariance(x, y), _positive(spread)), CONSTANT)


@described(
    About(
        "Mean absolute error",
        "error",
        lower=0,
        higher_is_better=False,
        meaning="Mean absolute error: how far the estimate is from the T-score on average, in standard deviations.",
    )
)
def mae(drawn: DrawnReadings) -> Values:
    """Mean |estimate − reading|, in standard deviations of the T-score."""
    return Values(drawn.mean(np.abs(drawn.sample.error)), NOBODY)


@described(About("Root mean squared error", "error", lower=0, higher_is_better=False))
def rmse(drawn: DrawnReadings) -> Values:
    """Square root of the mean squared error, in standard deviations of the T-score."""
    return Values(np.sqrt(drawn.mean(drawn.sample.error**2)), NOBODY)


@described(
    About(
        "R²",
        "error",
        upper=1,
        higher_is_better=True,
        meaning="R²: how much smaller the squared error is than that of the mean T-score for all; 0 is no gain.",
    )
)
def r_squared(drawn: DrawnReadings) -> Values:
    """1 − Σ(estimate − reading)² / Σ(reading − mean reading)²: under 0 where the mean would do better.

    It is not the squared correlation, which takes no account of a constant error.
    """
    observed = drawn.sample.observed
    squares = drawn.covariance(observed, observed) * (drawn.n - 1)
    return Values(1 - divide(drawn.n * drawn.mean(drawn.sample.error**2), _positive(squares)), CONSTANT)


@described(
    About(
        "ICC(A,1)",
        "error",
        lower=-1,
        upper=1,
        higher_is_better=True,
        meaning="ICC(A,1): absolute agreement of a single estimate with a single reading; 1 is perfect.",
    )
)
def icc(drawn: DrawnReadings) -> Values:
    """Intraclass correlation of absolute agreement, two-way, single measures: ICC(2,1) of Shrout & Fleiss.

    As ``irr::icc(model = "twoway", type = "agreement", unit = "single")``.
    """
    x, y = drawn.sample.estimate, drawn.sample.observed
    both, spread = drawn.covariance(x, y), drawn.covariance(x, x) + drawn.covariance(y, y)
    apart = drawn.mean(x) - drawn.mean(y)
    total = spread + apart**2 - (spread - 2 * both) / drawn.n  # of (MSR + MSE) and 2 (MSC − MSE) / n
    return Values(divide(2 * both, _positive(total)), CONSTANT)


@described(
    About(
        "Mean error",
        "calibration",
        paired=False,
        meaning="Mean error: estimate less T-score; over 0, the model sees better bones than DXA.",
    )
)
def mean_error(drawn: DrawnReadings) -> Values:
    """Mean of estimate − reading: Bland and Altman's bias."""
    return Values(drawn.mean(drawn.sample.error), NOBODY)


@described(About("SD of the errors", "calibration", lower=0, paired=False))
def sd_error(drawn: DrawnReadings) -> Values:
    """Standard deviation of estimate − reading, with n − 1."""
    return Values(_sd(drawn), "under two films")


@described(About("Lower limit of agreement", "calibration", paired=False))
def lower_limit(drawn: DrawnReadings) -> Values:
    """Mean error − 1.96 standard deviations: 95% of normal errors lie between the limits."""
    return Values(drawn.mean(drawn.sample.error) - WITHIN * _sd(drawn), "under two films")


@described(About("Upper limit of agreement", "calibration", paired=False))
def upper_limit(drawn: DrawnReadings) -> Values:
    """Mean error + 1.96 standard deviations."""
    return Values(drawn.mean(drawn.sample.error) + WITHIN * _sd(drawn), "under two films")


@described(
    About(
        "Slope of T-score on estimate",
        "calibration",
        paired=False,
        meaning="Slope of T-score on estimate: under 1, estimates are too far apart; over 1, too close together.",
    )
)
def slope(drawn: DrawnReadings) -> Values:
    """Slope of the least squares of reading on estimate, as R's ``lm(observed ~ estimate)``."""
    x, y = drawn.sample.estimate, drawn.sample.observed
    return Values(divide(drawn.covariance(x, y), _positive(drawn.covariance(x, x))), "all estimates are equal")


@described(
    About(
        "Class as by DXA",
        "error",
        lower=0,
        upper=1,
        higher_is_better=True,
        of_prevalence=True,
        meaning="Class as by DXA: the share of films of which the class called is that of the T-score.",
    )
)
def class_accuracy(drawn: Tabled) -> Values:
    """Proportion of films that are called of the class, of WHO's three, that they are of."""
    right = np.trace(drawn.table, axis1=1, axis2=2)
    return Values(divide(right, drawn.n), NOBODY, drawn.n)


@described(
    About(
        "Weighted κ of the classes",
        "error",
        lower=-1,
        upper=1,
        higher_is_better=True,
        of_prevalence=True,
        meaning="Weighted κ: agreement of the classes beyond chance; an error by two classes counts four times.",
    )
)
def class_kappa(drawn: Tabled) -> Values:
    """Cohen's κ of WHO's three classes with squared weights, as ``irr::kappa2(weight = "squared")``."""
    shares = drawn.table / drawn.n[:, None, None]
    expected = shares.sum(axis=2)[:, :, None] * shares.sum(axis=1)[:, None, :]
    off, by_chance = ((WEIGHTS * of).sum(axis=(1, 2)) for of in (shares, expected))
    return Values(1 - divide(off, by_chance), "all films are of one class")


def _sd(drawn: DrawnReadings) -> Array:
    error = drawn.sample.error
    return np.where(drawn.n > 1, np.sqrt(np.maximum(drawn.covariance(error, error), 0)), np.nan)


def _positive(values: Array) -> Array:
    """The same, 0 where rounding alone is left: nothing can be divided by it."""
    return np.where(values > 1e-12, values, 0)
