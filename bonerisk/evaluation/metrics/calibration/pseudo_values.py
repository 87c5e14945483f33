"""Pseudo-values of the cumulative incidence at a horizon: what each film adds to the Aalen–Johansen estimate.

θᵢ = N·F(h) − (N − 1)·F₍₋ᵢ₎(h), N films and F₍₋ᵢ₎ estimated without film i. Their mean over films alike is about the
incidence among them, censored or not, so that they can be regressed on. Censoring must not depend on what they are
regressed on. In a draw, N counts a film as often as it is drawn, and one of its copies is left out.

References
----------
Andersen, Klein & Rosthøj 2003, Biometrika 90:15; Klein & Andersen 2005, Biometrics 61:223.
"""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.samples.followed import DrawnFollowUp
from bonerisk.survival.outcome import CENSORED, COMPETING, EVENT

Array = np.ndarray


def pseudo_values(drawn: DrawnFollowUp, horizon: float) -> Array:
    """Pseudo-values (draws, n) of P(event by `horizon`), as ``prodlim::jackknife``, which estimates n times.

    Without film i, one fewer is at risk up to its time Tᵢ, and its own event is missing; afterwards only the survival
    differs from which the next steps start. So F₍₋ᵢ₎(h) is the incidence before Tᵢ with one fewer at risk, plus the
    step at Tᵢ, plus (F(h) − F(Tᵢ)) times the ratio of the survivals after Tᵢ: one pass over the times of events for all
    films. Without competing events it is one minus Kaplan–Meier. The values of films outside a draw have no meaning.

    Parameters
    ----------
    drawn : DrawnFollowUp
        With whole numbers as weights.
    horizon : float

    Examples
    --------
    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> films = Followed.of(risk=[2.0, 1.5, 0.3, 0.9, -0.5], time=[1.0, 2.0, 3.0, 4.0, 5.0], status=[1, 0, 1, 2, 0])
    >>> pseudo_values(films.drawn(), horizon=3.5).round(2)
    array([[ 1.  ,  0.33,  1.33, -0.17, -0.17]])
    """
    sample, weights = drawn.sample, drawn.weights
    rows = np.flatnonzero((sample.status != CENSORED) & (sample.time <= horizon))
    times, event_starts = np.unique(sample.time[rows], return_index=True)
    if not len(times):
        return np.zeros_like(weights)
    total = weights.sum(axis=1, keepdims=True)
    at_risk = drawn.at_risk[:, np.searchsorted(sample.time, times, side="left")]
    had, died = (
        np.add.reduceat(weights[:, rows] * (sample.status[rows] == cause), event_starts, axis=1)
        for cause in (EVENT, COMPETING)
    )
    survival, incidence = _aalen_johansen(at_risk, had, died)
    survival_1, incidence_1 = _aalen_johansen(at_risk - 1, had, died)

    # Without a film whose time is the k-th: by what it is there, its survival after and incidence up to that time.
    before, fewer = survival_1[:, :-1], at_risk - 1
    after = incidence[:, -1:] - incidence[:, 1:]

    def without(event: int, competing: int) -> Array:
        here = before * _divide(had - event, fewer)
        left = before * _divide(fewer - (had - event) - (died - competing), fewer)
        return incidence_1[:, :-1] + here + after * _divide(left, survival[:, 1:])

    # A film censored after the k-th time and before the next (0: before the first) is at risk at all times up to it.
    censored = incidence_1 + (incidence[:, -1:] - incidence) * _divide(survival_1, survival)
    table = np.concatenate([censored, without(1, 0), without(0, 1)], axis=1)
    column = np.searchsorted(times, sample.time, side="right")
    column[rows] += len(times) * sample.status[rows].astype(int)
    return np.take(total * incidence[:, -1:] - (total - 1) * table, column, axis=1)


def _aalen_johansen(at_risk: Array, had: Array, died: Array) -> tuple[Array, Array]:
    """Survival and incidence (draws, times + 1), before the first time and after each."""
    survival, incidence = np.ones((2, len(at_risk), at_risk.shape[1] + 1))
    np.cumprod(_divide(at_risk - had - died, at_risk), axis=1, out=survival[:, 1:])
    incidence[:, 0] = 0
    np.cumsum(survival[:, :-1] * _divide(had, at_risk), axis=1, out=incidence[:, 1:])
    return survival, incidence


def _divide(numerator: Array, denominator: Array) -> Array:
    """Quotient; 0 if no film is left."""
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator > 0)
