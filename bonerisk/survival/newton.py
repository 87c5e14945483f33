"""Newton's method for a partial log-likelihood minus a ridge penalty: it ends at the maximum or says why it can't.

The gradient decides where the maximum is, and is always in float64. The information only steers: it is in float32 while
that is precise enough, and is kept as long as each step reduces the decrement (twice the log-likelihood still to be
gained, by the quadratic model) a hundredfold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from bonerisk.errors import DataError
from bonerisk.survival.partial_likelihood import PartialLikelihood
from bonerisk.survival.risk_sets import Point

Array = np.ndarray

CONVERGED = 1e-18  # decrement: coefficients within 1e-9 standard errors
ROUNDING = 1e-10  # decrement: if no step reduces it further, the columns are nearly collinear and the search ends
MOST_STEPS = 200
KEPT = 0.01  # share of the decrement: if a step leaves more, the information is computed again
# On the way to infinity each step reduces the decrement to about 1/e, and moves linear predictors by about 1.
FLAT, SLOW, MOVING = 1e-4, 0.2, 0.3  # shown by a decrement under FLAT, over SLOW × the last, and a move over MOVING
# A pivot is the share of a column's spread that the columns before it don't determine. Under these it is rounding.
TRUSTED = {np.float32: 1e-4, np.float64: 1e-11}
MEND = "leave it out, or set a penalty"


@dataclass(frozen=True)
class Information:
    """Curvature at one point, factored.

    Parameters
    ----------
    raw : array (p, p)
        Without penalty.
    diagonal : array (p,)
        See `PartialLikelihood.information`.
    dtype : type
        Type in which it was summed.
    """

    raw: Array
    diagonal: Array
    dtype: type[np.floating]

    def factor(self, penalty: Array) -> Factor | None:
        """Cholesky factor of raw + diag(penalty); None if it would be mere rounding."""
        scale = self.scale(penalty)
        try:
            root = np.linalg.cholesky((self.raw + np.diag(penalty)) * np.outer(scale, scale))
        except np.linalg.LinAlgError:
            return None
        return Factor(root, scale) if np.diag(root).min() ** 2 > TRUSTED[self.dtype] else None

    def scale(self, penalty: Array) -> Array:
        """Factors (p,) that bring the spread of each column to 1."""
        spread = self.diagonal + penalty
        return 1 / np.sqrt(np.where(spread > 0, spread, 1))

    def determined(self, penalty: Array) -> Array:
        """Columns determined by the columns before them, within risk sets."""
        scale = self.scale(penalty)
        rest = (self.raw + np.diag(penalty)) * np.outer(scale, scale)
        found = []
        for j in range(len(rest)):
            if rest[j, j] < TRUSTED[np.float64]:
                found.append(j)
            else:
                rest[j + 1 :, j + 1 :] -= np.outer(rest[j + 1 :, j], rest[j, j + 1 :]) / rest[j, j]
        return np.array(found, dtype=int)


@dataclass(frozen=True)
class Factor:
    """Lower Cholesky factor of a scaled matrix."""

    root: Array
    scale: Array

    def solve(self, right: Array) -> Array:
        """Matrix⁻¹ · right, (p,) or (p, m)."""
        return (cho_solve((self.root, True), (right.T * self.scale).T).T * self.scale).T


@dataclass(frozen=True)
class Summit:
    """Where a climb ended.

    Parameters
    ----------
    beta : array (p,)
        Per standard deviation of the column.
    eta : array (n,)
    point : Point
    information : Information
        The last one used.
    steps : int
    """

    beta: Array
    eta: Array
    point: Point
    information: Information
    steps: int


def climb(
    likelihood: PartialLikelihood, penalty: Array, start: Summit | None = None, converged: float = CONVERGED
) -> Summit:
    """Go to the maximum of log-likelihood − ½ Σ penalty · beta².

    Parameters
    ----------
    likelihood : PartialLikelihood
    penalty : array (p,)
        For standardised columns.
    start : Summit, optional
        Maximum at a neighbouring penalty; by default beta = 0.
    converged : float
        Largest decrement at the end, for events of weight 1.

    Raises
    ------
    DataError
        Columns determine one another, or the likelihood keeps rising as a coefficient goes to infinity.
    """
    if start is None:
        beta, eta, point = np.zeros(likelihood.rows.shape[1]), np.zeros(likelihood.rows.shape[0]), likelihood.null
    else:
        beta, eta, point = start.beta, start.eta, start.point
    information, factor = _steer(likelihood, point, penalty, start.information if start else None)
    unit, before, stale = min(1.0, likelihood.sets.mass), np.inf, start is not None
    for steps in range(MOST_STEPS):
        gradient = likelihood.gradient(point) - penalty * beta
        step = factor.solve(gradient)
        decrement = float(gradient @ step)
        if decrement <= converged * unit or (decrement < ROUNDING * unit and decrement > 0.1 * before):
            return Summit(beta, eta, point, information, steps)
        if stale and decrement > KEPT * before:
            information, factor = _steer(likelihood, point, penalty, dtype=information.dtype)
            step = factor.solve(gradient)
            decrement = float(gradient @ step)
        along = likelihood.eta(step)
        if SLOW * before < decrement < FLAT * unit and np.abs(along).max() > MOVING:
            moving = np.abs(step) > 0.1 * np.abs(step).max()
            if not penalty[moving].all():
                raise _monotone(likelihood, moving)
        share, here = 1.0, _objective(point, penalty, beta)
        least = here - 1e-10 * abs(here)  # rounding
        while True:
            trial = likelihood.sets.at(eta + share * along)
            if trial and _objective(trial, penalty, beta + share * step) >= least + 1e-4 * share * decrement:
                break
            share /= 2
        beta, eta, point = beta + share * step, eta + share * along, trial
        before, stale = decrement, True
    raise _monotone(likelihood, np.abs(step) > 0.1 * np.abs(step).max())


def _steer(
    likelihood: PartialLikelihood,
    point: Point,
    penalty: Array,
    information: Information | None = None,
    dtype: type[np.floating] = np.float32,
) -> tuple[Information, Factor]:
    """The information and its factor: the one given, else made here in `dtype`, else in float64."""
    information = information or Information(*likelihood.information(point, dtype), dtype)
    factor = information.factor(penalty)
    if factor is None and information.dtype is np.float32:
        return _steer(likelihood, point, penalty, dtype=np.float64)
    if factor is not None:
        return information, factor
    names = [likelihood.rows.names[j] for j in information.determined(penalty)]
    raise DataError(
        f"no single maximum: within risk sets, {listed(names)} is constant or determined by the columns before it",
        "Cox model",
        MEND,
    )


def _objective(point: Point, penalty: Array, beta: Array) -> float:
    return point.log_likelihood - float(penalty @ beta**2) / 2


def _monotone(likelihood: PartialLikelihood, moving: Array) -> DataError:
    names = [name for name, far in zip(likelihood.rows.names, moving, strict=True) if far]
    return DataError(
        f"the likelihood has no finite maximum: the coefficient of {listed(names)} goes to infinity",
        "Cox model",
        "set a (larger) penalty, use Firth's (survival.firth), or leave out columns that separate rows with an event",
    )


def listed(names: list[str]) -> str:
    """The first ten names, and how many more there are."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
