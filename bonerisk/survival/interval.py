"""Confidence intervals of a probability from its standard error, on a given scale."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, ndtri

from bonerisk.errors import ConfigError

Array = np.ndarray

SCALES = ("log-log", "log", "plain", "logit")


def interval(probability: Array, standard_error: Array, scale: str, level: float) -> tuple[Array, Array]:
    """Lower and upper limits, as ``survival::survfit(conf.type=)``.

    - log-log: p ^ exp(±z·se / (p·log p)); stays within 0 and 1, and keeps its level best in small samples.
    - log: p·exp(±z·se / p), cut at 1 (R's default).
    - plain: p ± z·se, cut at 0 and 1.
    - logit: expit(logit p ± z·se / (p·(1 − p))).

    Parameters
    ----------
    probability, standard_error : array
    scale : str
        One of the above.
    level : float
        Such as 0.95; two-sided.

    Returns
    -------
    lower, upper : array
        NaN where the standard error is NaN or 0, or the probability is 0. Before the first event no variation has been
        seen, and limits of no width (R's on the log and plain scales) would claim certainty.

    Raises
    ------
    ConfigError
        There is no such scale, or the level is not between 0 and 1.

    References
    ----------
    Borgan & Liestøl 1990, Scand J Stat 17:35.

    Examples
    --------
    >>> lower, upper = interval(np.array([0.9]), np.array([0.06]), "log-log", 0.95)
    >>> lower.round(3), upper.round(3)
    (array([0.695]), array([0.97]))
    """
    if scale not in SCALES:
        raise ConfigError(f"no interval of type {scale!r}", "interval", f"use one of {', '.join(SCALES)}")
    z = quantile_of(level)
    p, se = np.asarray(probability, dtype=float), np.asarray(standard_error, dtype=float)
    lower, upper = np.full(p.shape, np.nan), np.full(p.shape, np.nan)
    inside = (se > 0) & (p > 0) & ((p < 1) | (scale in ("log", "plain")))
    p, half = p[inside], z * se[inside]
    if scale == "plain":
        lower[inside], upper[inside] = p - half, p + half
    elif scale == "log":
        lower[inside], upper[inside] = p * np.exp(-half / p), p * np.exp(half / p)
    elif scale == "logit":
        lower[inside], upper[inside] = (expit(logit(p) + sign * half / (p * (1 - p))) for sign in (-1, 1))
    else:
        # For a p next to 0 or 1 the power leaves the floating-point range: the limits are then 0 and 1.
        power = np.clip(half / (p * np.log(p)), -700, 700)
        lower[inside], upper[inside] = (p ** np.exp(sign * power) for sign in (-1, 1))
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def quantile_of(level: float) -> float:
    """z of a two-sided interval at a level between 0 and 1."""
    if not 0 < level < 1:
        raise ConfigError(f"level {level} is not between 0 and 1", "level", "give a number such as 0.95")
    return float(ndtri((1 + level) / 2))
