"""Whether a predicted probability of the event by a horizon is true, where some are censored or die before.

The outcome at a horizon isn't known of all films, so that the observed probability is that of a regression: Cox up to
the horizon, or, where competing events happen by then, of pseudo-values
(`bonerisk.evaluation.metrics.calibration.model`). Austin's code doesn't cut follow-up at the horizon; McLernon's does.
``rms::calibrate`` smooths by adaptive splines (``polspline::hare``), ``riskRegression::plotCalibration`` takes
pseudo-values and nearest neighbours or loess: their values are a little different.

References
----------
Austin, Harrell & van Klaveren 2020, Stat Med 39:2714; McLernon et al. 2023, Ann Intern Med 176:105; van Geloven et al.
2022, BMJ 377:e069249.
"""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.metrics.calibration import binary
from bonerisk.evaluation.metrics.calibration.binary import distances
from bonerisk.evaluation.metrics.calibration.model import of_follow_up
from bonerisk.evaluation.metrics.catalogue import declaration, described
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.computed_once import computed_once
from bonerisk.evaluation.samples.followed import DrawnFollowUp

Array = np.ndarray

SHORT = "nobody is followed up to the horizon"


@described(declaration(binary.o_e))
def o_e(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Observed incidence at the horizon over the mean predicted one: over 1, predictions are too low on the whole.

    Observed is one minus Kaplan–Meier, with competing events Aalen–Johansen: both are the mean of the known outcomes by
    their inverse probability of censoring weights. Expected is the mean over all films, censored or not.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> predicted = {3.5: [0.5, 0.3, 0.2, 0.3, 0.1]}
    >>> films = Followed.of([2.0, 1.5, 0.3, 0.9, -0.5], [1.0, 2.0, 3.0, 4.0, 5.0], [1, 0, 1, 2, 0], predicted=predicted)
    >>> o_e(films.drawn(), horizon=3.5).value.round(3)
    array([1.667])
    """
    observed = drawn.inverse(horizon) @ drawn.sample.had_event(horizon)
    expected = drawn.weights @ drawn.sample.predicted[horizon]
    return Values(divide(observed, expected), f"{SHORT}, or no event is expected")


@described(declaration(binary.calibration_slope))
def calibration_slope(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Slope of the outcome on log(−log(1 − p)): under 1, predictions are too extreme (overfitting).

    The Cox coefficient (Efron's ties), follow-up cut at the horizon. With competing events by then, the slope of
    pseudo-values with the cloglog link, by least squares as in ``geepack::geese(mean.link="cloglog")``.
    """
    model = of_follow_up(drawn.sample, horizon, False)
    slopes = np.full(len(drawn.weights), np.nan) if model is None else model.line(model.fit(drawn))[1]
    return _where_followed(drawn, horizon, slopes, model is None)


@described(declaration(binary.ici))
def ici(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Integrated calibration index: mean |p − c(p)| over all films, c(p) the smooth calibration curve; 0 is perfect.

    The curve is the regression on a restricted cubic spline of log(−log(1 − p)) with three knots.
    """
    return _distance(drawn, horizon, 0)


@described(declaration(binary.e50))
def e50(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Median of |p − c(p)| over all films; see `ici`."""
    return _distance(drawn, horizon, 1)


@described(declaration(binary.e90))
def e90(drawn: DrawnFollowUp, horizon: float) -> Values:
    """90th percentile of |p − c(p)| over all films; see `ici`."""
    return _distance(drawn, horizon, 2)


def _distance(drawn: DrawnFollowUp, horizon: float, which: int) -> Values:
    found = _errors(drawn, horizon)
    nowhere = np.full(len(drawn.weights), np.nan)
    return _where_followed(drawn, horizon, nowhere if found is None else found[which], found is None)


@computed_once
def _errors(drawn: DrawnFollowUp, horizon: float) -> Array | None:
    model = of_follow_up(drawn.sample, horizon, True)
    if model is None:
        return None
    return distances(drawn.sample.predicted[horizon], model.observed(model.fit(drawn)), drawn.weights)


def _where_followed(drawn: DrawnFollowUp, horizon: float, values: Array, unfit: bool) -> Values:
    """`values` of the draws that are followed up to the horizon, and why the others have none."""
    if not drawn.sample.had_event(horizon).any():
        undefined = "no event by the horizon"
    elif unfit:
        undefined = "the predicted probability is constant or has too few values"
    else:
        undefined = f"{SHORT}, or the regression has no maximum (no events, or predictions that separate them)"
    return Values(np.where(drawn.followed_to(horizon), values, np.nan), undefined)
