"""Regressions on a few columns, fitted in many draws at once by Newton's method.

The columns are the same in all draws; only the films' weights differ. A draw whose likelihood has no maximum gets NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

MAX_STEPS = 50
TOLERANCE = 5e-4  # of the last step, in standard deviations; what is left after it is less than its square
LONGEST = 3.0  # step: one that is longer has left the region that it was made for
WIDEST = 300.0  # log hazard: exp() of much more has no float64
SINGULAR = 1e-12  # determinant of the information, scaled to a correlation matrix


@dataclass(frozen=True, eq=False)
class RegressionDesign:
    """Columns of a regression, and their products.

    Parameters
    ----------
    columns : array (n, p)
        Their mean is about 0 and their standard deviation 1, but for an intercept.
    products : array (n, p(p + 1)/2)
        Products of every two columns.
    pairs : array (p(p + 1)/2, 2) of int
        Which two.
    place : array (p, p) of int
        Where the product of two columns stands.
    """

    columns: Array
    products: Array
    pairs: Array
    place: Array

    @classmethod
    def of(cls, columns: Array, intercept: bool = True) -> RegressionDesign:
        """Columns (n, p), with a first one of ones or without."""
        if intercept:
            columns = np.column_stack([np.ones(len(columns)), columns])
        first, second = np.triu_indices(columns.shape[1])
        place = np.empty((columns.shape[1],) * 2, dtype=int)
        place[first, second] = place[second, first] = np.arange(len(first))
        return cls(columns, columns[:, first] * columns[:, second], np.column_stack([first, second]), place)

    def predictor(self, beta: Array) -> Array:
        """Linear predictors (draws, n) of coefficients (draws, p)."""
        return beta @ self.columns.T

    def curvature(self, weights: Array) -> Array:
        """Σ weight · x xᵀ (draws, p, p) over the films, of weights (draws, n)."""
        return (weights @ self.products)[:, self.place]


# Of coefficients (going, p) of the draws `going`: the gradient (going, p), and minus its derivative (going, p, p).
Derivatives = Callable[[Array, Array], tuple[Array, Array]]


def maximise(derivatives: Derivatives, start: Array) -> Array:
    """Coefficients (draws, p) at which the gradient is 0; NaN in draws that have no such point.

    A step that goes too far, so that the slope along it has turned over by more than half, is halved: that takes a
    concave function up to its maximum from anywhere.

    Parameters
    ----------
    derivatives : callable
    start : array (draws, p)
    """
    found = np.full(start.shape, np.nan)
    going, beta, step = np.arange(len(start)), start.copy(), np.zeros_like(start)
    promise = np.full(len(start), np.inf)
    for _ in range(MAX_STEPS):
        if not len(going):
            break
        gradient, information = derivatives(beta, going)
        too_far = np.einsum("ij,ij->i", gradient, step) < -promise / 2
        onward = _solve(information, gradient)
        onward *= LONGEST / np.maximum(np.abs(onward).max(axis=1, keepdims=True), LONGEST)
        promise = np.where(too_far, promise / 2, np.einsum("ij,ij->i", gradient, onward))
        step = np.where(too_far[:, None], step / 2, onward)
        beta = np.where(too_far[:, None], beta - step, beta + step)
        size = np.abs(step).max(axis=1)
        done = ~too_far & (size < TOLERANCE)
        found[going[done]] = beta[done]
        stay = ~done & ~np.isnan(size)
        going, beta, step, promise = going[stay], beta[stay], step[stay], promise[stay]
    return found


def _solve(information: Array, gradient: Array) -> Array:
    """Newton's steps (draws, p); NaN if the information is singular."""
    diagonal = np.einsum("ijj->ij", information)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1))
    scaled = information / (scale[:, :, None] * scale[:, None, :])
    sound = (diagonal > 0).all(axis=1)
    sound[sound] = np.linalg.det(scaled[sound]) > SINGULAR
    steps = np.full(gradient.shape, np.nan)
    steps[sound] = np.linalg.solve(scaled[sound], (gradient / scale)[sound][:, :, None])[:, :, 0] / scale[sound]
    return steps


def logistic(design: RegressionDesign, label: Array, weights: Array, start: Array | None = None) -> Array:
    """Coefficients (draws, p) of a logistic regression, by maximum likelihood.

    Parameters
    ----------
    design : RegressionDesign
        With an intercept.
    label : array (n,)
    weights : array (draws, n)
    start : array (p,), optional
        By default the intercept that fits on the whole.
    """
    if start is None:
        total = weights.sum()
        share = (weights @ label).sum() / total if total else 0.5
        start = np.zeros(design.columns.shape[1])
        start[0] = np.log(share / (1 - share)) if 0 < share < 1 else 0.0

    def derivatives(beta: Array, going: Array) -> tuple[Array, Array]:
        mine = weights if len(going) == len(weights) else weights[going]
        mean = 0.5 + 0.5 * np.tanh(0.5 * design.predictor(beta))  # expit, several times as fast as SciPy's
        residual = label - mean
        residual *= mine
        spread = mean - mean**2
        spread *= mine
        return residual @ design.columns, design.curvature(spread)

    return maximise(derivatives, np.tile(start, (len(weights), 1)))


def cloglog(design: RegressionDesign, target: Array, weights: Array, start: Array) -> Array:
    """Coefficients (draws, p) of target = 1 − exp(−exp(x·beta)) by weighted least squares.

    What ``geepack::geese(family=gaussian, mean.link="cloglog", corstr="independence")`` and R's
    ``glm(family=gaussian(make.link("cloglog")))`` estimate: the working variance is constant, since pseudo-values lie
    below 0 and above 1, too.

    Parameters
    ----------
    design : RegressionDesign
        With an intercept.
    target : array (draws, n)
        Pseudo-values, each draw its own.
    weights : array (draws, n)
    start : array (p,)
    """

    def derivatives(beta: Array, going: Array) -> tuple[Array, Array]:
        mine, goal = (weights, target) if len(going) == len(weights) else (weights[going], target[going])
        hazard = np.exp(np.minimum(design.predictor(beta), 50))  # exp(−exp(50)) is 0
        survival = np.exp(-hazard)
        slope = hazard * survival
        residual = goal - 1
        residual += survival
        pull = mine * slope
        # The observed information, which is quick near the maximum; away from it the expected one, which is safe.
        bent = hazard - 1
        bent *= residual
        bent += slope
        bent *= pull
        information = design.curvature(bent)
        unsafe = ~_positive(information)
        if unsafe.any():
            information[unsafe] = design.curvature(pull[unsafe] * slope[unsafe])
        pull *= residual
        return pull @ design.columns, information

    return maximise(derivatives, np.tile(start, (len(weights), 1)))


def _positive(matrices: Array) -> Array:
    """Whether each (draws, p, p) is positive definite."""
    return np.linalg.eigvalsh(matrices)[:, 0] > 0
