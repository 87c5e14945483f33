"""Recalibration: a shift, or a shift and a slope, that make predicted probabilities true on a tuning sample.

Ranking stays as it is. On the logit scale of a binary outcome, and on the complementary log-log scale at a horizon
(where the shift is a new baseline hazard), p becomes back(intercept + slope · to(p)).

baseline
    The slope is 1, and the shift is such that as many events are expected as observed (O:E = 1).
slope
    Both come from the regression of the outcome on the prediction: logistic, or Cox up to the horizon, or, with
    competing events, that of pseudo-values (`bonerisk.evaluation.metrics.calibration.model`). O:E is then near 1, and 1
    for a binary outcome.

References
----------
Steyerberg et al. 2004, Stat Med 23:2567; van Houwelingen 2000, Stat Med 19:3401.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.calibration.model import LINKS, CalibrationModel, of_follow_up, of_label
from bonerisk.evaluation.metrics.metric import DrawnSample
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

Array = np.ndarray
Kind = Literal["baseline", "slope"]

FARTHEST = 40.0  # shift on the link's scale: from a probability of EDGE to one of 1 − EDGE, and some more
MEND = "recalibrate on more films, or leave the predictions as they are"


@dataclass(frozen=True)
class Recalibration:
    """A map from predicted probability to predicted probability.

    Parameters
    ----------
    link : {"logit", "cloglog"}
    intercept, slope : float
    horizon : float, optional
        Years, of the probability that it is for; None: a binary outcome.
    n, n_events : int
        Films it was fitted on, and those of them with the event (by the horizon).
    """

    link: str
    intercept: float
    slope: float
    horizon: float | None
    n: int
    n_events: int

    def apply(self, predicted: Array) -> Array:
        """Recalibrated probabilities (n,) of predicted ones (n,)."""
        link = LINKS[self.link]
        return link.back(self.intercept + self.slope * link.to(predicted))


def fit(tuning: Sample, kind: Kind = "baseline") -> Recalibration:
    """Recalibrate the probability of a binary outcome.

    Parameters
    ----------
    tuning : Sample
        Films that no evaluation will see.
    kind : {"baseline", "slope"}

    Raises
    ------
    DataError
        All films have the outcome, or none, or the slope can't be fitted, or is not over 0.

    Examples
    --------
    >>> shift = fit(Sample.of(risk=[0.1, 0.2, 0.3, 0.4], label=[0, 0, 1, 1]))
    >>> shift.apply([0.1, 0.4]).round(3)
    array([0.27 , 0.689])
    """
    if not 0 < tuning.n_events < len(tuning):
        raise DataError(f"{tuning.n_events} of {len(tuning)} films have the outcome", "recalibration", MEND)
    if kind == "baseline":
        line = _shift("logit", tuning.risk, tuning.label.mean()), 1.0
    else:
        line = _line(of_label(tuning, False), tuning.drawn())
    return Recalibration("logit", *line, None, len(tuning), tuning.n_events)


def fit_at_horizon(tuning: Followed, horizon: float, kind: Kind = "baseline") -> Recalibration:
    """Recalibrate the probability of the event by a horizon; parameters and errors as `fit`.

    Raises
    ------
    DataError
        Nobody is followed up to the horizon, too.
    """
    had, drawn = tuning.had_event(horizon), tuning.drawn()
    if not len(tuning) or not drawn.followed_to(horizon)[0]:
        raise DataError(f"nobody is followed up to {horizon:g} years", "recalibration", "take a nearer horizon")
    incidence = float(drawn.inverse(horizon)[0] @ had) / len(tuning)
    if not had.any() or incidence >= 1:
        raise DataError(f"the incidence by {horizon:g} years is {incidence:g}", "recalibration", MEND)
    if kind == "baseline":
        line = _shift("cloglog", tuning.predicted[horizon], incidence), 1.0
    else:
        line = _line(of_follow_up(tuning, horizon, False), drawn)
    return Recalibration("cloglog", *line, horizon, len(tuning), int(had.sum()))


def _shift(name: str, predicted: Array, incidence: float) -> float:
    """What to add on the link's scale so that the mean probability is the incidence."""
    link = LINKS[name]
    x = link.to(predicted)
    return float(brentq(lambda shift: link.back(x + shift).mean() - incidence, -FARTHEST, FARTHEST, xtol=1e-12))


def _line(model: CalibrationModel[DrawnSample] | None, drawn: DrawnSample) -> tuple[float, float]:
    fitted = None if model is None else model.line(model.fit(drawn))
    if fitted is None or np.isnan(fitted[1][0]):
        what = "the slope can't be fitted: predictions are constant, or separate the outcomes"
    elif fitted[1][0] <= 0:
        what = f"the slope is {fitted[1][0]:.3g}, which would turn the ranking round"
    else:
        return float(fitted[0][0]), float(fitted[1][0])
    raise DataError(what, "recalibration", 'take kind="baseline", which keeps the slope')
