"""Whether risk, read as a probability, is true: observed over expected, and the calibration slope."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from bonerisk.evaluation.metric import Values, divide
from bonerisk.evaluation.sample import Array, Drawn

EDGE = 1e-7  # about the resolution of float32, in which a network's probability of 1 is exactly 1
MAX_STEPS = 30
TOLERANCE = 1e-9


def log_odds(risk: Array) -> Array:
    """Logit of a probability, taken no nearer to 0 and 1 than `EDGE` (``rms::val.prob`` drops films at 0 and 1)."""
    return logit(np.clip(risk, EDGE, 1 - EDGE))


def o_e(drawn: Drawn) -> Values:
    """Observed over expected cases, Σ y / Σ p: over 1, risk is too low on the whole.

    Some packages give its inverse, E/O.

    References
    ----------
    Debray et al. 2017, BMJ 356:i6460.
    """
    label, risk = drawn.sample.label, drawn.sample.risk
    return Values(divide(drawn.weights @ label, drawn.weights @ risk), "no case is expected")


def calibration_slope(drawn: Drawn) -> Values:
    """Slope b of logit P(y = 1) = a + b·logit(p), by maximum likelihood: under 1, risks are too extreme (overfitting).

    As "Slope" of ``rms::val.prob``. The two parameters of every draw go through Newton's method together. Where risk
    separates the outcomes, or is constant, the likelihood has no maximum and the value is NaN.

    References
    ----------
    Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med 17:230.
    """
    sample, weights = drawn.sample, drawn.weights
    x = log_odds(sample.risk)
    spread = x.std() if len(x) else 0.0
    undefined = "the slope has no maximum: risk separates the outcomes, or is constant, or all outcomes are equal"
    if spread < TOLERANCE:
        return Values(np.full(len(weights), np.nan), undefined)
    return Values(_slopes((x - x.mean()) / spread, sample.label, weights) / spread, undefined)


def _slopes(x: Array, label: Array, weights: Array) -> Array:
    """Logistic slope of standardised `x` (n,) a draw; NaN where Newton's method doesn't converge."""
    slopes = np.full(len(weights), np.nan)
    todo, beta = np.arange(len(weights)), np.zeros((len(weights), 2))
    powers = np.stack([np.ones_like(x), x, x * x], axis=1)
    for _ in range(MAX_STEPS):
        p = expit(beta[:, :1] + beta[:, 1:] * x)
        g0, g1 = ((weights * (label - p)) @ powers[:, :2]).T
        h00, h01, h11 = ((weights * p * (1 - p)) @ powers).T
        determinant = h00 * h11 - h01**2
        step = np.stack([divide(h11 * g0 - h01 * g1, determinant), divide(h00 * g1 - h01 * g0, determinant)], axis=1)
        beta = beta + step
        size = np.abs(step).max(axis=1)
        slopes[todo[size < TOLERANCE]] = beta[size < TOLERANCE, 1]
        going = size >= TOLERANCE  # false where the step is NaN: such a draw has no maximum
        todo, beta, weights = todo[going], beta[going], weights[going]
        if not len(todo):
            break
    return slopes
