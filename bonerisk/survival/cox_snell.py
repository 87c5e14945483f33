"""Cox–Snell R², 1 − exp(−χ²/n) for a likelihood-ratio statistic χ²: its maximum, and its value from C-index or AUC."""

from __future__ import annotations

from math import log, log1p, pi, sqrt

import numpy as np
from scipy.special import ndtri

from bonerisk.errors import ConfigError


def maximum(events_per_patient: float) -> float:
    """Highest R² of a time-to-event model: 1 − exp(2·ln L₀/n) of an exponential null model in units of mean follow-up.

    With φ events per patient, ln L₀/n = φ·(ln φ − 1).

    Examples
    --------
    >>> round(maximum(0.1), 3), round(of_c_index(0.7, 0.1), 3)
    (0.483, 0.043)
    """
    _demand(0 < events_per_patient < np.e, "events per patient", events_per_patient, "lie between 0 and 2.7")
    return -float(np.expm1(2 * events_per_patient * (log(events_per_patient) - 1)))


def maximum_binary(prevalence: float) -> float:
    """Highest R² of a model of a binary outcome: 1 − exp(2·ln L₀/n), ln L₀/n = φ ln φ + (1 − φ) ln(1 − φ)."""
    _demand(0 < prevalence < 1, "prevalence", prevalence, "lie between 0 and 1")
    return -float(np.expm1(2 * (prevalence * log(prevalence) + (1 - prevalence) * log1p(-prevalence))))


def of_c_index(c_index: float, events_per_patient: float) -> float:
    """R² of a time-to-event model with that C-index, through Royston's D and O'Quigley's R².

    D = 5.50·(C − ½) + 10.26·(C − ½)³, an empirical curve. D gives Royston's R² = (π/8)D² / (π²/6 + (π/8)D²), that gives
    O'Quigley's R², which divides by events, and so χ².

    References
    ----------
    Jinks et al. 2015, BMC Med Res Methodol 15:82 (D of C); Royston 2006, Stata J 6:83 (R²); Riley et al. 2019.
    """
    _demand(0.5 < c_index < 1, "c_index", c_index, "lie between 0.5 and 1")
    d = 5.50 * (c_index - 0.5) + 10.26 * (c_index - 0.5) ** 3
    royston = pi / 8 * d**2 / (pi**2 / 6 + pi / 8 * d**2)
    oquigley = pi**2 / 6 * royston / (1 - (1 - pi**2 / 6) * royston)
    return -float(np.expm1(events_per_patient * log1p(-oquigley)))


def of_auc(auc: float, prevalence: float) -> float:
    """R² of a calibrated model with that AUC, whose linear predictor is normal with one variance in cases and controls.

    It integrates the gain in log-likelihood over the null model; pmsampsize simulates a million patients instead.

    References
    ----------
    Riley, Van Calster & Collins 2021, Stat Med 40:859.
    """
    _demand(0.5 < auc < 1, "auc", auc, "lie between 0.5 and 1")
    _demand(0 < prevalence < 1, "prevalence", prevalence, "lie between 0 and 1")
    apart = sqrt(2) * ndtri(auc)  # distance between the two means, in standard deviations
    z, density = np.polynomial.hermite_e.hermegauss(100)
    odds = log(prevalence / (1 - prevalence)) + apart * np.array([z + apart / 2, z - apart / 2])  # cases, controls
    gain = np.array([-np.logaddexp(0, -odds[0]) - log(prevalence), -np.logaddexp(0, odds[1]) - log1p(-prevalence)])
    mean = gain @ density / density.sum()
    return -float(np.expm1(-2 * (prevalence * mean[0] + (1 - prevalence) * mean[1])))


def _demand(good: bool, key: str, value: float, must: str) -> None:
    if not good:
        raise ConfigError(f"{key} is {value:g}, but must {must}", "Cox–Snell R²")
