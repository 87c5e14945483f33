"""Probability of an event that competes with another one, from a Cox model of each event's hazard.

exp(−H) of the event's own hazard is the survival if nobody could die of anything else. Patients who have died can no
longer have the event, so its true probability is lower, and the lower the more patients die.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival import cox
from bonerisk.survival.baseline import Baseline, baselines
from bonerisk.survival.outcome import Outcome, outcome
from bonerisk.survival.risk_sets import codes, risk_sets
from bonerisk.survival.rows import rows_a_chunk

Array = np.ndarray

LARGEST = 600.0  # linear predictor: exp() of more, times a baseline, may overflow float64


@dataclass(frozen=True)
class Hazard:
    """Hazard of one cause: the baseline's times exp((x − reference)·coefficients).

    Parameters
    ----------
    coefficients, reference : array (p,)
    baseline : Baseline
    """

    coefficients: Array
    reference: Array
    baseline: Baseline

    @classmethod
    def of(cls, model: cox.CoxFit, stratum: int = 0) -> Hazard:
        """Take from a model what predictions need, in one of its strata, counted from 0."""
        return cls(model.coefficients, model.reference, model.baselines[stratum])

    def ratio(self, x: Array) -> Array:
        """Hazard ratio (n,) of rows (n, p) to the baseline; at most exp(600), so that no product overflows.

        Raises
        ------
        DataError
            A covariate is missing or infinite.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            predictor = (x - self.reference) @ self.coefficients
        bad = np.flatnonzero(~np.isfinite(predictor))
        if len(bad):
            where = f"row {bad[0]}, counted from 0; {len(bad)} such rows"
            raise DataError("a covariate is missing or infinite", where, "leave the row out, or impute the value")
        return np.exp(np.minimum(predictor, LARGEST))


def competing_hazard(
    fit: Callable[[Array, Array, Array], cox.CoxFit],
    x: Array,
    time: ArrayLike,
    event: ArrayLike,
    competing: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> tuple[tuple[Hazard, ...] | None, tuple[str, ...]]:
    """Fit the competing event in the same way as the event, or note why that can't be done.

    Parameters
    ----------
    fit : callable
        From x, time and whether the competing event ended the follow-up to a model.
    x : array (n, p)
    time, event, competing : array (n,)
        If both events are 1, the event counts; a missing competing event counts as 0.
    weights, strata, entry : array (n,), optional
        As `cox.fit`, which `fit` gets by itself.

    Returns
    -------
    hazard : tuple of Hazard, or None
        One per stratum, in their order. None if nobody has a competing event. If there are too few, or the likelihood
        has no maximum, the Nelson–Aalen hazard, the same for everybody of a stratum.
    notes : tuple of str
        Why it is the same for everybody.
    """
    ended = (np.asarray(competing) == 1) & (np.asarray(event) != 1)
    if not ended.any():
        return None, ()
    said = f"Probabilities of the event allow for {np.count_nonzero(ended)} competing events"
    try:
        model = fit(x, np.asarray(time), ended)
        doubt = "; ".join(model.notes)
    except DataError as error:
        doubt = error.what
    if not doubt:
        return tuple(Hazard.of(model, number) for number in range(len(model.strata))), ()
    zeros = np.zeros(x.shape[1])
    rates = _nelson_aalen(outcome(time, ended, entry), weights, strata)
    return tuple(Hazard(zeros, zeros, rate) for rate in rates), (
        f"{said}, at a rate that is the same for everybody: they have no Cox model ({doubt})",
    )


def cumulative_incidence(event: Hazard, competing: Hazard, x: Array, times: ArrayLike) -> Array:
    """Probability (n, m) of the event by each time, as ``predictRisk(CSC(...), cause = 1, product.limit = FALSE)``.

    Σ S(t−) · r₁ · dH₁(t) over the event times t up to then, S(t−) = exp(−r₁·H₁(t−) − r₂·H₂(t−)) being the probability
    of neither event before t; r are hazard ratios and H the baselines' cumulative hazards. R's default, the product
    limit, uses Π (1 − r₁·dH₁ − r₂·dH₂) for S, which is negative if a hazard ratio is large. The sum may then exceed 1:
    R allows this, here it is cut to 1.

    Parameters
    ----------
    event, competing : Hazard
    x : array (n, p)
    times : array (m,)
        In the unit of the fitted times.

    Raises
    ------
    DataError
        A time is after the end of follow-up, or a covariate is missing or infinite.

    References
    ----------
    Benichou & Gail 1990, Biometrics 46:813. Ozenne et al. 2017, R Journal 9(2):440.

    Examples
    --------
    Death (rate 0.5 from year 1 on) makes a fracture at year 2 less probable: 0.2 · exp(−0.5), instead of 0.2.

    >>> fracture = Hazard(np.zeros(1), np.zeros(1), Baseline(np.array([2.0]), np.array([0.2]), 5.0))
    >>> death = Hazard(np.zeros(1), np.zeros(1), Baseline(np.array([1.0]), np.array([0.5]), 5.0))
    >>> cumulative_incidence(fracture, death, np.zeros((1, 1)), [1, 5]).round(3)
    array([[0.   , 0.121]])
    """
    asked = np.atleast_1d(np.asarray(times, dtype=float))
    event.baseline.at(asked)  # refuses times after the end of follow-up
    reached = event.baseline.times <= asked.max(initial=0)
    at, up_to = event.baseline.times[reached], event.baseline.cumulative_hazard[reached]
    before = np.append(0, up_to)[:-1]
    other = np.append(0, competing.baseline.cumulative_hazard)[np.searchsorted(competing.baseline.times, at)]
    lost = -np.stack([before, other])
    steps = np.where(at[:, None] <= asked, (up_to - before)[:, None], 0)
    ratios = np.column_stack([event.ratio(x), competing.ratio(x)])
    incidence = np.empty((len(ratios), len(asked)))
    chunk = rows_a_chunk(max(1, len(at)))
    for start in range(0, len(ratios), chunk):
        part = slice(start, start + chunk)
        survival = ratios[part] @ lost
        np.exp(survival, out=survival)
        incidence[part] = survival @ steps
    return np.minimum(incidence * ratios[:, :1], 1)


def _nelson_aalen(observed: Outcome, weights: ArrayLike | None, strata: ArrayLike | None) -> tuple[Baseline, ...]:
    n = len(observed)
    sets = risk_sets(observed, np.ones(n) if weights is None else np.asarray(weights, dtype=float), strata, "breslow")
    point = sets.at(np.zeros(n))
    assert point is not None  # equal risks are never too far apart
    stratum = np.zeros(n, dtype=int) if strata is None else codes(strata, n, "strata")
    return baselines(sets, point, observed.time, stratum)
