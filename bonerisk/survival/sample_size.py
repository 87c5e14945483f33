"""How many patients and events a model's columns need, stated before it is fitted.

Vocabulary
----------
anticipated R²
    Cox and Snell's, free of optimism: from a validation or an earlier model, never from the fit that is being planned.
expected shrinkage
    The calibration slope expected in new patients; 1 is no overfitting.

References
----------
Riley et al. 2019, Stat Med 38:1276 (the criteria); Riley et al. 2020, BMJ 368:m441 (mean follow-up as the unit of time;
15% of the maximum R² if none is known). R's pmsampsize is the same, but rounds the maximum R² and the shrinkage.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, log1p

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import cox_snell
from bonerisk.survival.outcome import outcome

SHRINKAGE = 0.9  # at least
OPTIMISM = 0.05  # of Nagelkerke's R², at most
MARGIN = 0.05  # of the overall risk, at most
UNKNOWN = 0.15  # of the maximum R², if none is anticipated


@dataclass(frozen=True)
class Minimum:
    """Patients that each of Riley's criteria asks for, rounded up.

    Parameters
    ----------
    by_shrinkage : int
        For an expected shrinkage of 0.9 or more.
    by_optimism : int
        For a Nagelkerke R² that is too high by 0.05 or less.
    by_overall_risk : int
        For an overall risk known to ±0.05, with 95% confidence.
    n, n_events : int
        The largest of them, and the events expected among so many.
    """

    by_shrinkage: int
    by_optimism: int
    by_overall_risk: int
    n: int
    n_events: int


@dataclass(frozen=True)
class Summary:
    """What is stated before a time-to-event model is fitted.

    Parameters
    ----------
    n_columns, n, n_events : int
    r2 : float
        Anticipated.
    shrinkage : float
        Expected with these patients and that R².
    minimum : Minimum
    text : str
        One or two sentences.
    """

    n_columns: int
    n: int
    n_events: int
    r2: float
    shrinkage: float
    minimum: Minimum
    text: str


def before_fit(
    time: ArrayLike, event: ArrayLike, n_columns: int, horizon: float, *, c_index: float | None = None
) -> Summary:
    """Whether rows are enough for a Cox model or DeepSurv on so many columns.

    A network has more parameters than columns: for DeepSurv the minimum is a lower bound.

    Parameters
    ----------
    time, event : array (n,)
        Follow-up, over 0; 1 = event, 0 = censored. One row per patient.
    n_columns : int
        Columns offered to the model, including those that a selection may drop.
    horizon : float
        Time for which risk is predicted, in the unit of `time`.
    c_index : float, optional
        Anticipated, in (0.5, 1). Without it the model is assumed to reach 15% of the maximum R².

    Raises
    ------
    DataError
        The outcome is not valid, or there is no event.
    ConfigError
        `n_columns`, `horizon` or `c_index` is out of range.
    """
    rows = outcome(time, event)
    if not rows.n_events:
        raise DataError(f"none of {len(rows)} rows has an event", "sample size", "check how events are coded")
    share, followup = rows.n_events / len(rows), float(rows.time.mean())
    if c_index is None:
        r2, basis = UNKNOWN * cox_snell.maximum(share), f"{UNKNOWN:.0%} of its maximum"
    else:
        r2, basis = cox_snell.of_c_index(c_index, share), f"that of a C-index of {c_index:g}"
    minimum = survival_minimum(n_columns, r2, share / followup, followup, horizon)
    shrinkage = anticipated_shrinkage(len(rows), n_columns, r2)
    each = rows.n_events / n_columns
    shrunk = f"{shrinkage:.2f}" if shrinkage < 0.995 else "over 0.99"
    text = (
        f"fit of {_count(n_columns, 'column')} to {_count(rows.n_events, 'event')}: "
        f"{f'{each:,.0f}' if each >= 10 else f'{each:.2g}'} events per variable; expected shrinkage {shrunk}; "
        f"Riley's minimum is {_count(minimum.n, 'patient')} ({_count(minimum.n_events, 'event')}), "
        f"if the Cox–Snell R² is {r2:.2g}, {basis}."
    )
    if len(rows) < minimum.n:
        text += (
            f" {_count(len(rows), 'patient')} are too few: expect risks that are too extreme, or take fewer columns."
        )
    return Summary(n_columns, len(rows), rows.n_events, r2, shrinkage, minimum, text)


def survival_minimum(
    n_columns: int, r2: float, rate: float, mean_followup: float, horizon: float, *, shrinkage: float = SHRINKAGE
) -> Minimum:
    """Patients needed to develop a time-to-event model; pmsampsize's ``type = "s"``.

    The overall risk is 1 − exp(−λ·horizon), with limits at λ ± 1.96·√(λ/T) after T units of follow-up. pmsampsize only
    prints these limits for the patients that the other criteria ask for; here ±0.05 is a criterion of its own.

    Parameters
    ----------
    n_columns : int
    r2 : float
        Anticipated, over 0 and under its maximum.
    rate : float
        Events λ per patient and unit of time.
    mean_followup, horizon : float
        In the same unit.
    shrinkage : float
        Target, over `r2` and under 1.

    Raises
    ------
    ConfigError
        A value is out of range.

    Examples
    --------
    Recurrent venous thromboembolism, 30 columns (Riley et al. 2020, BMJ 368:m441): 5,143 patients with 692 events.

    >>> minimum = survival_minimum(30, 0.051, rate=0.065, mean_followup=2.07, horizon=2)
    >>> minimum.n, minimum.n_events
    (5143, 692)
    """
    for key, value in (("rate", rate), ("mean_followup", mean_followup), ("horizon", horizon)):
        _demand(0 < value < np.inf, key, value, "be over 0")
    share = rate * mean_followup
    margin = log1p(MARGIN * exp(rate * horizon)) / horizon  # of the rate: the lower limit is the farther one
    risk = rate * (ndtri(0.975) / margin) ** 2 / mean_followup
    return _minimum(n_columns, r2, cox_snell.maximum(share), shrinkage, risk, share)


def binary_minimum(n_columns: int, r2: float, prevalence: float, *, shrinkage: float = SHRINKAGE) -> Minimum:
    """Patients needed to develop a model of a binary outcome; pmsampsize's ``type = "b"``.

    Parameters
    ----------
    n_columns : int
    r2 : float
        Anticipated, over 0 and under its maximum.
    prevalence : float
        In (0, 1).
    shrinkage : float
        Target, over `r2` and under 1.

    Raises
    ------
    ConfigError
        A value is out of range.
    """
    highest = cox_snell.maximum_binary(prevalence)
    risk = (ndtri(0.975) / MARGIN) ** 2 * prevalence * (1 - prevalence)
    return _minimum(n_columns, r2, highest, shrinkage, risk, prevalence)


def _minimum(n_columns: int, r2: float, highest: float, shrinkage: float, risk: float, share: float) -> Minimum:
    _demand(0 < r2 < highest, "r2", r2, f"lie between 0 and its maximum of {highest:.3g}")
    _demand(r2 < shrinkage < 1, "shrinkage", shrinkage, f"lie between the Cox–Snell R² of {r2:.3g} and 1")
    tight = r2 / (r2 + OPTIMISM * highest)
    first, second = ceil(_patients(shrinkage, n_columns, r2)), ceil(_patients(tight, n_columns, r2))
    n = max(first, second, ceil(risk))
    return Minimum(first, second, ceil(risk), n, n_events=ceil(n * share))


def _patients(shrinkage: float, n_columns: int, r2: float) -> float:
    """Patients n at which p columns have the expected shrinkage S: p / ((S − 1) ln(1 − R²/S))."""
    _demand(n_columns >= 1, "n_columns", n_columns, "be 1 or more")
    return n_columns / ((shrinkage - 1) * log1p(-r2 / shrinkage))


def anticipated_shrinkage(n: int, n_columns: int, r2: float) -> float:
    """Shrinkage expected before a fit: the value at which Riley's first criterion asks for exactly `n` patients."""
    from scipy.optimize import brentq

    lowest, highest = r2 * (1 + 1e-12), 1 - 1e-12
    if _patients(lowest, n_columns, r2) > n:  # far more columns than patients
        return r2
    return float(brentq(lambda s: log(_patients(s, n_columns, r2) / n), lowest, highest))


def expected_shrinkage(chi2: float, df: int) -> float:
    """Heuristic shrinkage of a fitted model, 1 − df/χ²; under 0 the model is worse than none.

    Parameters
    ----------
    chi2 : float
        Likelihood-ratio statistic of the model, over 0.
    df : int
        Number of coefficients, including those tried and dropped.

    Raises
    ------
    ConfigError
        The statistic is not over 0.

    References
    ----------
    van Houwelingen & le Cessie 1990, Stat Med 9:1303.

    Examples
    --------
    >>> expected_shrinkage(50, 5)
    0.9
    """
    _demand(chi2 > 0, "chi2", chi2, "be over 0")
    return 1 - df / chi2


def _demand(good: bool, key: str, value: float, must: str) -> None:
    if not good:
        raise ConfigError(f"{key} is {value:g}, but must {must}", "sample size")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
