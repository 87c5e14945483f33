"""Whether risk, read as a probability, is true: observed over expected, calibration slope, and how far it is off."""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.metrics.calibration.model import of_label
from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.computed_once import computed_once
from bonerisk.evaluation.samples.sample import Array, Drawn

NO_SLOPE = "the slope has no maximum: risk separates the outcomes, or is constant, or all outcomes are equal"
NO_CURVE = "no calibration curve: risk separates the outcomes or has too few values, or all outcomes are equal"
BINS = 4096  # in which an order statistic is looked for first


@described(
    About(
        "Observed / expected",
        "calibration",
        lower=0,
        paired=False,
        until_horizon=True,
        of_prevalence=True,
        meaning="Observed / expected: over 1, the predicted probabilities are too low on the whole.",
    )
)
def o_e(drawn: Drawn) -> Values:
    """Observed over expected cases, Σ y / Σ p: over 1, risk is too low on the whole.

    Some packages give its inverse, E/O.

    References
    ----------
    Debray et al. 2017, BMJ 356:i6460.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> o_e(sample.drawn()).value.round(3)
    array([0.968])
    """
    label, risk = drawn.sample.label, drawn.sample.risk
    return Values(divide(drawn.weights @ label, drawn.weights @ risk), "no case is expected")


@described(
    About(
        "Calibration slope",
        "calibration",
        paired=False,
        meaning="Calibration slope: under 1, the predicted probabilities are too extreme.",
    )
)
def calibration_slope(drawn: Drawn) -> Values:
    """Slope b of logit P(y = 1) = a + b·logit(p), by maximum likelihood: under 1, risks are too extreme (overfitting).

    As "Slope" of ``rms::val.prob``. Where risk separates the outcomes, or is constant, the likelihood has no maximum
    and the value is NaN.

    References
    ----------
    Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med 17:230.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> calibration_slope(sample.drawn()).value.round(2)
    array([1.11])
    """
    model = of_label(drawn.sample, False)
    if model is None:
        return Values(np.full(len(drawn.weights), np.nan), NO_SLOPE)
    return Values(model.line(model.fit(drawn))[1], NO_SLOPE)


@described(
    About(
        "ICI",
        "calibration",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=False,
        paired=False,
        meaning="ICI: the mean distance of the predicted from the observed probability; 0 is perfect.",
    )
)
def ici(drawn: Drawn) -> Values:
    """Integrated calibration index: mean |p − c(p)| over the films, c(p) the smooth calibration curve; 0 is perfect.

    The curve is a logistic regression on a restricted cubic spline of logit(p) with three knots, as
    ``rms::lrm(y ~ rcs(qlogis(p), 3))``. Austin & Steyerberg smooth by loess, and ``rms::val.prob`` ("Eavg") by lowess,
    so that their values are a little different.

    References
    ----------
    Austin & Steyerberg 2019, Stat Med 38:4051.
    """
    return Values(_errors(drawn)[0], NO_CURVE)


@described(
    About(
        "E50",
        "calibration",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=False,
        paired=False,
        meaning="E50: the median distance of the predicted from the observed probability; 0 is perfect.",
    )
)
def e50(drawn: Drawn) -> Values:
    """Median of |p − c(p)| over the films; see `ici`."""
    return Values(_errors(drawn)[1], NO_CURVE)


@described(
    About(
        "E90",
        "calibration",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=False,
        paired=False,
        meaning="E90: the distance of the predicted from the observed probability that nine films in ten do not "
        "exceed; 0 is perfect.",
    )
)
def e90(drawn: Drawn) -> Values:
    """90th percentile of |p − c(p)| over the films; see `ici`."""
    return Values(_errors(drawn)[2], NO_CURVE)


@computed_once
def _errors(drawn: Drawn) -> Array:
    model = of_label(drawn.sample, True)
    if model is None:
        return np.full((3, len(drawn.weights)), np.nan)
    return distances(drawn.sample.risk, model.observed(model.fit(drawn)), drawn.weights)


def distances(predicted: Array, observed: Array, weights: Array) -> Array:
    """Mean, median and 90th percentile (3, draws) of |predicted − observed| over the films.

    The percentiles are R's type 7 over films repeated by their weight, as ``Hmisc::wtd.quantile``.

    Parameters
    ----------
    predicted : array (n,)
    observed : array (draws, n)
        NaN in draws without a fit.
    weights : array (draws, n)
    """
    apart = np.abs(predicted - observed)
    means = divide(np.einsum("ij,ij->i", weights, apart), weights.sum(axis=1))
    percentiles = np.full((2, len(apart)), np.nan)
    for draw in np.flatnonzero(np.isfinite(means)):
        percentiles[:, draw] = _percentiles(apart[draw], weights[draw], (0.5, 0.9))
    return np.vstack([means, percentiles])


def _percentiles(values: Array, weights: Array, at: tuple[float, ...]) -> list[float]:
    """Percentiles of one draw: only the bin in which one lies is sorted, a fifth of the work of sorting all."""
    low, width = values.min(), np.ptp(values)
    bins = ((values - low) * ((BINS - 1) / width if width > 0 else 0.0)).astype(np.intp)
    upto = np.cumsum(np.bincount(bins, weights))

    def ranked(rank: float) -> float:
        """The smallest value such that the values up to it weigh more than `rank`."""
        one = min(int(np.searchsorted(upto, rank, side="right")), len(upto) - 1)
        inside = np.flatnonzero(bins == one)
        inside = inside[np.argsort(values[inside])]
        reached = np.cumsum(weights[inside]) + (upto[one - 1] if one else 0)
        return float(values[inside[min(int(np.searchsorted(reached, rank, side="right")), len(inside) - 1)]])

    found = []
    for rank in ((upto[-1] - 1) * np.array(at)).tolist():
        whole = np.floor(rank)
        lower = ranked(whole)
        found.append(lower + (rank - whole) * (ranked(whole + 1) - lower) if rank > whole else lower)
    return found
