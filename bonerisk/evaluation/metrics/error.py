"""Prediction error: the Brier score, its integral over time, and what it gains on predicting the same for all.

The scores of a binary outcome serve at a horizon, too: there films known at the horizon stand for all, by their inverse
probability of censoring weights (`bonerisk.evaluation.samples.followed`).

References
----------
Graf et al. 1999, Stat Med 18:2529; Gerds & Schumacher 2006, Biom J 48:1029; Kattan & Gerds 2018, Diagn Progn Res 2:7.
"""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.followed import DrawnFollowUp
from bonerisk.evaluation.samples.sample import Drawn

Array = np.ndarray

NOBODY = "nobody's outcome is known, or nobody is followed up to the horizon"


@described(
    About(
        "Brier score",
        "error",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=False,
        of_prevalence=True,
        meaning="Brier score: the mean squared distance of the predicted probability from the outcome; 0 is perfect.",
    )
)
def brier(drawn: Drawn) -> Values:
    """Mean squared distance of risk, read as a probability, from the outcome: Σ w (y − p)² / Σ w; lower is better.

    At a horizon that of ``riskRegression::Score(metrics="brier", cens.model="km")``: a competing event is an outcome of
    0. scikit-survival's ``brier_score`` takes G(T) for G(T−), and knows no competing events.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> brier(sample.drawn()).value.round(3)
    array([0.158])
    """
    return Values(_brier(drawn), NOBODY)


@described(
    About(
        "IPA",
        "error",
        upper=1,
        higher_is_better=True,
        meaning="IPA: how much smaller the Brier score is than that of the same probability for all; 0 is no gain.",
    )
)
def ipa(drawn: Drawn) -> Values:
    """Index of prediction accuracy: 1 − Brier / Brier of predicting the observed incidence for all.

    1 is perfect, 0 no gain, and under 0 worse than not to predict. The incidence is that of the draw itself, at a
    horizon by Kaplan–Meier or Aalen–Johansen, as ``riskRegression::Score(summary="ipa")``. Also called scaled Brier
    score.
    """
    incidence = divide(drawn.weights @ drawn.sample.label, drawn.weights.sum(axis=1))
    gain = 1 - divide(_brier(drawn), incidence * (1 - incidence))
    return Values(gain, "the IPA needs films with and without the outcome, followed up to the horizon")


@described(
    About(
        "Integrated Brier score",
        "error",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=False,
        of_prevalence=True,
        meaning="Integrated Brier score: the mean Brier score over time up to the horizon; 0 is perfect.",
    )
)
def ibs(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Integrated Brier score: mean over time from 0 to `horizon` of the Brier score; lower is better.

    Its values at the horizons for which the model gives a probability are joined by straight lines, from 0 at time 0
    (trapezoidal rule), and the area is divided by the horizon. ``riskRegression::Score(summary="ibs")`` and
    ``pec::crps`` take the score as constant until the next time (so that the last is not used), and scikit-survival's
    ``integrated_brier_score`` starts at the first time, not at 0. With many horizons they agree.
    """
    horizons = sorted(h for h in drawn.sample.predicted if 0 < h <= horizon)
    if len(horizons) < 2 or horizons[-1] != horizon:
        reason = f"the model gives no probabilities at two horizons or more, the last being {horizon:g} years"
        return Values(np.full(len(drawn.weights), np.nan), reason)
    scores = [_brier(drawn.at(h, predicted=True)) for h in horizons]
    area = np.trapezoid([np.zeros(len(drawn.weights)), *scores], [0, *horizons], axis=0)
    return Values(area / horizon, NOBODY)


def _brier(drawn: Drawn) -> Array:
    squares = (drawn.sample.label - drawn.sample.risk) ** 2
    return divide(drawn.weights @ squares, drawn.weights.sum(axis=1))
