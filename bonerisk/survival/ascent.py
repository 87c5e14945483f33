"""Maximise the partial likelihood of a few columns, with or without Firth's penalty."""

from __future__ import annotations

import numpy as np

from bonerisk.errors import DataError
from bonerisk.survival.few_columns import Array, FewColumns, TermPoint

DECREMENT = 1e-16  # squared length of a last step, in standard errors
ITERATIONS, HALVINGS = 500, 30
NOISE = 1e-11  # relative, of a log-likelihood
LONGEST_STEP = 3.0  # in standard deviations of a column: the quadratic model does not hold beyond


def maximise(likelihood: FewColumns, *, firth: bool, start: Array | None = None, fixed: int | None = None) -> TermPoint:
    """Newton's method with step halving, over all coefficients but the `fixed` one, which stays at its `start`.

    The Hessian is that of the likelihood without penalty, as in coxphf. A step overshoots if the penalty curves more
    than the likelihood, so each step is halved until the slope at its end is not steeply downward.

    Raises
    ------
    DataError
        Without penalty, a coefficient grows without limit while the likelihood hardly changes (separation). Or the
        search does not converge.
    """
    p = likelihood.x.shape[1]
    free = [j for j in range(p) if j != fixed]
    point = likelihood.at(np.zeros(p) if start is None else start, firth=firth)
    if not np.isfinite(point.log_likelihood):
        what = "no convergence: the likelihood is outside the floating-point range"
        raise DataError(what, "Cox regression", "look for outliers in the columns")
    for _ in range(ITERATIONS):
        step = np.zeros(p)
        step[free] = np.linalg.solve(point.information[np.ix_(free, free)], point.score[free])
        decrement = float(step @ point.score)
        if abs(decrement) < DECREMENT or (not firth and _runs_away(likelihood, point, step, decrement)):
            break
        step *= min(1.0, LONGEST_STEP / np.abs(step).max())
        for _ in range(HALVINGS):
            there = likelihood.at(point.beta + step, firth=firth)
            lost = point.log_likelihood - there.log_likelihood > NOISE * (1 + abs(point.log_likelihood))
            if not lost and step @ there.score > -0.5 * (step @ point.score):
                point = there
                break
            step /= 2
        else:
            break
    if not firth and _runs_away(likelihood, point, step, decrement):
        raise DataError(
            f"the likelihood has no maximum: it keeps rising with {likelihood.names[np.abs(step).argmax()]}",
            "Cox regression",
            "a level without events causes this: pool it, leave it out, or fit with Firth's penalty",
        )
    if not abs(decrement) < DECREMENT:
        away = np.sqrt(abs(decrement))
        what = f"no convergence: {away:.1g} standard errors from the maximum"
        raise DataError(what, "Cox regression", "take fewer columns")
    return point


def _runs_away(likelihood: FewColumns, point: TermPoint, step: Array, decrement: float) -> bool:
    """Whether a step that gains nothing still changes hazards, or hazards differ by more than can be measured."""
    apart = np.ptp(likelihood.x @ point.beta)
    return (decrement < 1e-9 and np.ptp(likelihood.x @ step) > 0.1) or apart > 100
