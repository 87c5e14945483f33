"""Calibration models: the outcome regressed on the predicted probability, in many draws at once.

link
    Scale on which the regression is linear: logit for a binary outcome, complementary log-log (cloglog) at a horizon,
    where a Cox model is a line: log(−log(1 − P)) = log H₀ + x·b.
straight, curved
    The regressor is the predicted probability on that scale, or a restricted cubic spline of it. Its knots are those
    of the sample in every draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import numpy as np
from scipy.special import expit, logit

from bonerisk.evaluation.metrics.calibration import cox, regression
from bonerisk.evaluation.metrics.calibration.cox import CalibrationRiskSets
from bonerisk.evaluation.metrics.calibration.pseudo_values import pseudo_values
from bonerisk.evaluation.metrics.calibration.regression import RegressionDesign
from bonerisk.evaluation.metrics.calibration.splines import Spline
from bonerisk.evaluation.metrics.metric import DrawnSample
from bonerisk.evaluation.samples.computed_once import computed_once
from bonerisk.evaluation.samples.followed import DrawnFollowUp, Followed
from bonerisk.evaluation.samples.sample import Drawn, Sample
from bonerisk.survival.outcome import COMPETING

Array = np.ndarray

EDGE = 1e-7  # about the resolution of float32, in which a network's probability of 1 is exactly 1


def log_odds(risk: Array) -> Array:
    """Logit of a probability, taken no nearer to 0 and 1 than `EDGE` (``rms::val.prob`` drops films at 0 and 1)."""
    return logit(np.clip(risk, EDGE, 1 - EDGE))


def log_cumulative_hazard(risk: Array) -> Array:
    """Complementary log-log, log(−log(1 − p)), of a probability, taken no nearer to 0 and 1 than `EDGE`."""
    return np.log(-np.log1p(-np.clip(risk, EDGE, 1 - EDGE)))


def incidence(log_hazard: Array) -> Array:
    """Probability of which `log_hazard` is the complementary log-log."""
    return -np.expm1(-np.exp(np.minimum(log_hazard, 700)))


@dataclass(frozen=True)
class Link:
    """A scale for probabilities: to it, and back."""

    to: Callable[[Array], Array]
    back: Callable[[Array], Array]


LINKS = {"logit": Link(log_odds, expit), "cloglog": Link(log_cumulative_hazard, incidence)}


@dataclass(frozen=True, eq=False)
class CalibrationModel(Generic[DrawnSample]):
    """How the outcome of one sample is regressed on its predicted probability.

    Parameters
    ----------
    link : Link
    spline : Spline
        Spline of the predicted probability on that scale.
    columns : array (n, p)
        The spline's, of each film.
    fit : callable
        Drawn sample → intercept and coefficients (draws, 1 + p); NaN if the fit has no maximum.
    """

    link: Link
    spline: Spline
    columns: Array
    fit: Callable[[DrawnSample], Array]

    def observed(self, coefficients: Array, predicted: Array | None = None) -> Array:
        """Probability (draws, m) of the outcome, by the fit, where `predicted` (m,); None: for each film."""
        columns = self.columns if predicted is None else self.spline.columns(self.link.to(predicted))
        return self.link.back(coefficients[:, 1:] @ columns.T + coefficients[:, :1])

    def line(self, coefficients: Array) -> tuple[Array, Array]:
        """Intercept and slope (draws,) of a straight model, a unit being one of the link's scale."""
        slope = coefficients[:, 1] * self.spline.turn[0, 0]
        return coefficients[:, 0] - slope * self.spline.mean[0], slope


@computed_once
def of_label(sample: Sample, curved: bool) -> CalibrationModel[Drawn] | None:
    """Logistic regression of a binary outcome; None if risk has too few values."""
    link = LINKS["logit"]
    x = link.to(sample.risk)
    spline = Spline.curve(x) if curved else Spline.line(x)
    if spline is None:
        return None
    columns, label = spline.columns(x), sample.label
    design = RegressionDesign.of(columns)
    start = _start(regression.logistic(design, label, sample.drawn().weights))

    def fit(drawn: Drawn) -> Array:
        return regression.logistic(design, label, drawn.weights, start)

    return CalibrationModel(link, spline, columns, fit)


@computed_once
def of_follow_up(sample: Followed, horizon: float, curved: bool) -> CalibrationModel[DrawnFollowUp] | None:
    """Cox regression up to the horizon, or, with competing events by then, regression of pseudo-values.

    Follow-up is cut at the horizon, so that hazards need be proportional until then only. Pseudo-values of the
    cumulative incidence are regressed with the cloglog link (van Geloven et al. 2022, BMJ 377:e069249). None if the
    predicted probability has too few values, or no film has the event by the horizon.
    """
    link = LINKS["cloglog"]
    x = link.to(sample.predicted[horizon])
    spline = Spline.curve(x) if curved else Spline.line(x)
    if spline is None or not sample.had_event(horizon).any():
        return None
    columns = spline.columns(x)
    competing = bool(((sample.status == COMPETING) & (sample.time <= horizon)).any())
    maximum = _of_pseudo_values if competing else _of_hazards
    fit = maximum(sample, horizon, columns)
    return CalibrationModel(link, spline, columns, fit)


def _of_hazards(sample: Followed, horizon: float, columns: Array) -> Callable[[DrawnFollowUp], Array]:
    design, sets = RegressionDesign.of(columns, intercept=False), CalibrationRiskSets.of(sample, horizon)
    start = _start(cox.fit(sets, design, sample.drawn().weights))

    def fit(drawn: DrawnFollowUp) -> Array:
        slopes = cox.fit(sets, design, drawn.weights, start)
        return np.column_stack([np.log(cox.baseline(sets, design, drawn.weights, slopes)), slopes])

    return fit


def _of_pseudo_values(sample: Followed, horizon: float, columns: Array) -> Callable[[DrawnFollowUp], Array]:
    whole = sample.drawn()
    target = _targets(whole, horizon)
    start = np.array([log_cumulative_hazard(target.mean())])
    for last in range(1, columns.shape[1] + 1):  # of several minima, that near the one with a column less
        design, start = RegressionDesign.of(columns[:, :last]), np.append(start, 0.0)
        found = _start(regression.cloglog(design, target, whole.weights, start))
        start = start if found is None else found

    def fit(drawn: DrawnFollowUp) -> Array:
        return regression.cloglog(design, _targets(drawn, horizon), drawn.weights, start)

    return fit


_targets = computed_once(pseudo_values)  # which the straight and the curved model share


def _start(fitted: Array) -> Array | None:
    """Coefficients of the sample itself, near which those of the draws lie; None if it has none."""
    return fitted[0] if np.isfinite(fitted[0]).all() else None
