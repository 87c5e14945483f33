"""Cox regression with Firth's penalty: hazard ratios that stay finite where an arm has no event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival.ascent import maximise
from bonerisk.survival.few_columns import Array, FewColumns, TermPoint


@dataclass(frozen=True)
class Firth:
    """A fitted model; exponentials of coefficients and bounds are hazard ratios per unit of the column.

    Parameters
    ----------
    coefficients : array (p,)
        Log hazard ratios; over 0 is worse.
    lower, upper : array (p,)
        Profile interval of `level`; always finite, since the penalty falls without limit as a coefficient grows.
    p_value : array (p,)
        Test that the coefficient is 0, by the profile likelihood.
    covariance : array (p, p)
        Inverse information at the maximum, without penalty. A Wald interval from it is poor where events are few.
    log_likelihood : float
        Penalised, at the maximum.
    level : float
    n, n_events : int
        Rows and events.
    """

    coefficients: Array
    lower: Array
    upper: Array
    p_value: Array
    covariance: Array
    log_likelihood: float
    level: float
    n: int
    n_events: int


def fit(
    x: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    ties: str = "efron",
    level: float = 0.95,
    weights: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> Firth:
    """Maximise l(β) + ½ log|I(β)|, and profile it for intervals.

    At a bound, the penalised likelihood, at its maximum over the other coefficients, has fallen by half the χ² quantile
    with 1 degree of freedom. The penalty uses the information of all coefficients, also in a profile (as logistf).
    With Breslow ties, the only ones in R's coxphf, results are the same as there.

    Parameters
    ----------
    x : array (n, p)
        Few columns, in any units.
    time : array (n,)
        Follow-up, over 0, in any one unit.
    event : array (n,)
        1 = event, 0 = censored.
    ties : {"efron", "breslow"}
    level : float
        Level of the intervals, in (0, 1).
    weights : array (n,), optional
        Case weights, over 0.
    names : sequence of str, optional
        Column names in error messages.

    Raises
    ------
    ConfigError
        `ties` is unknown, or the level is outside (0, 1).
    DataError
        Columns or weights don't fit the outcome, a value is missing or infinite, there is no event, or a column is
        constant or determined by others among those at risk.

    References
    ----------
    Firth 1993, Biometrika 80:27; Heinze & Schemper 2001, Biometrics 57:114.

    Examples
    --------
    Two patients, an event in the exposed one: p^1.5 · (1 − p)^0.5 is largest at p = 3/4, so the hazard ratio is 3.
    Without the penalty it would be infinite.

    >>> model = fit([[1], [0]], [1, 2], [1, 0])
    >>> np.exp(model.coefficients).round(3)
    array([3.])
    >>> bool(np.isfinite(model.upper[0]))
    True
    """
    if not 0 < level < 1:
        raise ConfigError(f"level is {level}", "Firth's Cox regression", "take one between 0 and 1, such as 0.95")
    likelihood = FewColumns(x, time, event, ties=ties, weights=weights, names=names)
    likelihood.demand_full_rank()
    best, scale = maximise(likelihood, firth=True), likelihood.scale
    columns, fall = range(len(scale)), float(chdtri(1, 1 - level))  # χ² quantile
    lower, upper = ([_bound(likelihood, best, j, side, fall) for j in columns] for side in (-1, 1))
    falls = [_fall(likelihood, best, _profile(likelihood, best, j, 0.0)) for j in columns]
    return Firth(
        coefficients=best.beta / scale,
        lower=np.array(lower) / scale,
        upper=np.array(upper) / scale,
        p_value=chdtrc(1, np.array(falls)),
        covariance=np.linalg.inv(best.information) / np.outer(scale, scale),
        log_likelihood=best.log_likelihood + float(np.log(scale).sum()),
        level=level,
        n=len(likelihood.x),
        n_events=len(likelihood.events),
    )


def _profile(likelihood: FewColumns, near: TermPoint, j: int, value: float) -> TermPoint:
    """Maximum with coefficient `j` held at `value`; the others start at their values if the likelihood were normal."""
    column = np.linalg.inv(near.information)[:, j]
    start = near.beta + column / column[j] * (value - near.beta[j])
    start[j] = value
    return maximise(likelihood, firth=True, start=start, fixed=j)


def _fall(likelihood: FewColumns, best: TermPoint, profiled: TermPoint) -> float:
    """Twice the fall of the penalised log-likelihood from its maximum."""
    lost = best.log_likelihood - profiled.log_likelihood
    if lost < -1e-9 * (1 + abs(best.log_likelihood)):
        raise DataError(
            f"{len(best.beta)} columns are too many for {len(likelihood.events)} events: the penalised likelihood has "
            "more than one maximum",
            "Firth's Cox regression",
            "take fewer columns",
        )
    return max(2 * lost, 0.0)


def _bound(likelihood: FewColumns, best: TermPoint, j: int, side: int, fall: float) -> float:
    """Coefficient `j` where the profile has fallen by `fall` on one side of the maximum.

    Newton's method on the square root of the fall, which is nearly a straight line, kept between the nearest values
    known to lie inside and outside. The slope of a profile is its score.
    """
    goal, within, without = np.sqrt(fall), best.beta[j], side * np.inf
    value, near = best.beta[j] + side * np.sqrt(fall * np.linalg.inv(best.information)[j, j]), best
    for _ in range(100):
        near = _profile(likelihood, near, j, value)
        root = np.sqrt(_fall(likelihood, best, near))
        if abs(root - goal) < 1e-9 * goal:
            return float(value)
        if root < goal:
            within = value
        else:
            without = value
        rise = -near.score[j] * side
        guess = value + side * (goal - root) * root / rise if rise > 0 else np.nan
        farthest = without if np.isfinite(without) else within + 2 * (within - best.beta[j])
        inside = side * within < side * guess < side * farthest
        value = guess if inside else (within + farthest) / 2 if np.isfinite(without) else farthest
    what = f"no limit of the interval of {likelihood.names[j]} was found"
    raise DataError(what, "Firth's Cox regression", "take fewer columns")
