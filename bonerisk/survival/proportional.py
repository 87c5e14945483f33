"""Are hazards proportional? How much a hazard ratio changes over follow-up, and a test that it does not change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtri

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival.ascent import maximise
from bonerisk.survival.few_columns import Array, FewColumns, TermPoint
from bonerisk.survival.outcome import Outcome, outcome


@dataclass(frozen=True)
class Departure:
    """How one column departs from proportional hazards.

    Parameters
    ----------
    name : str
    chi2, p_value : float
        Score test, 1 degree of freedom, that the log hazard ratio doesn't change with transformed time. With many
        events a departure of no consequence has a small p; with few, a grave one has a large p: read the ratio.
    slope : float
        Change of the log hazard ratio per unit of transformed time, by a straight line through the scaled residuals.
    hazard_ratio_early, hazard_ratio_late : float
        In the first and in the second half of the events, per unit of the column.
    ratio, ratio_lower, ratio_upper : float
        Late over early, with its interval; 1 is proportional.
    note : str
        Why a number is NaN; else empty.
    """

    name: str
    chi2: float
    p_value: float
    slope: float
    hazard_ratio_early: float
    hazard_ratio_late: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    note: str


@dataclass(frozen=True)
class Proportionality:
    """Departures of all columns, and what a plot of them needs.

    Parameters
    ----------
    columns : tuple of Departure
    chi2, df, p_value : float, int, float
        Score test of all columns at once.
    split_time : float
        The event time that divides the events into halves; events up to it are the first half.
    n_early, n_late : int
        Events in the halves, unequal if times tie.
    event_times, transformed : array (events,)
        Rising; time and its transform.
    residuals : array (events, p)
        Scaled Schoenfeld residuals plus the coefficient: smoothed over time, they show the log hazard ratio.
    """

    columns: tuple[Departure, ...]
    chi2: float
    df: int
    p_value: float
    split_time: float
    n_early: int
    n_late: int
    event_times: Array
    transformed: Array
    residuals: Array


def check(
    x: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    ties: str = "efron",
    transform: str = "km",
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Proportionality:
    """Fit a Cox model and test whether its log hazard ratios change with time.

    The test is that of ``survival::cox.zph`` from version 3.0 on: the score test of the columns times transformed time,
    added to the fitted model. Earlier versions, and lifelines' ``proportional_hazard_test``, assume that the covariance
    within risk sets is constant over time, and give other figures. Each half is fitted alone, all columns together,
    with Firth's penalty, so that a half in which an arm has no event still has a hazard ratio. The likelihood is a
    product of one factor per half, so the estimates are independent; the ratio's Wald interval uses both variances.

    Parameters
    ----------
    x : array (n, p)
        Few columns, such as a model's risk or the columns of a clinical model.
    time : array (n,)
        Follow-up, over 0, in any one unit.
    event : array (n,)
        1 = event, 0 = censored.
    ties : {"efron", "breslow"}
    transform : {"km", "identity", "rank", "log"}
        Transform of time: 1 − Kaplan–Meier just before it, itself, its rank among all rows, its logarithm.
    level : float
        Level of the ratio's interval, in (0, 1).
    names : sequence of str, optional
        Names of the columns; by default "column 0", "column 1", …

    Raises
    ------
    ConfigError
        `ties` or `transform` is unknown, or the level is outside (0, 1).
    DataError
        Columns don't fit the outcome, a value is missing or infinite, all events are at one time, a column is constant
        or determined by others among those at risk, or the Cox model has no maximum (an arm without events).

    References
    ----------
    Grambsch & Therneau 1994, Biometrika 81:515.

    Examples
    --------
    Leukaemia with and without maintained chemotherapy; ``cox.zph(coxph(Surv(time, status) ~ x, aml))``.

    >>> time = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> found = check([[0]] * 11 + [[1]] * 12, time, event)
    >>> round(found.chi2, 4), round(found.p_value, 2)
    (0.0079, 0.93)
    >>> found.split_time, found.n_early, found.n_late
    (18.0, 8, 10)
    """
    if transform not in TRANSFORMS:
        raise ConfigError(f"transform is {transform!r}", "proportional hazards", f"take one of {', '.join(TRANSFORMS)}")
    if not 0 < level < 1:
        raise ConfigError(f"level is {level}", "proportional hazards", "take one between 0 and 1, such as 0.95")
    observed = outcome(time, event)
    likelihood = FewColumns(x, observed.time, observed.event, ties=ties, names=names)
    times = likelihood.event_times
    if times[0] == times[-1]:
        mend = "the check needs events at two times or more"
        raise DataError(f"all events are at time {times[0]:g}", "proportional hazards", mend)
    likelihood.demand_full_rank()
    point = maximise(likelihood, firth=False)

    g = TRANSFORMS[transform](observed.time, observed.event, times)
    score, variance, testable = _score_test(likelihood, point, g - g.mean())
    each = np.divide(score**2, np.diag(variance), out=np.full(len(score), np.nan), where=testable)
    whole = float(score[testable] @ np.linalg.solve(variance[np.ix_(testable, testable)], score[testable]))
    residuals = len(times) * np.linalg.solve(point.information, _schoenfeld(likelihood, point).T).T + point.beta
    residuals /= likelihood.scale
    slopes = np.where(testable, (g - g.mean()) @ residuals / ((g - g.mean()) ** 2).sum(), np.nan)

    split = _halfway(times)
    early, late = (_half(x, observed, split, after, ties) for after in (False, True))
    rising = np.argsort(times, kind="stable")
    return Proportionality(
        columns=tuple(
            _departure(name, each[j], slopes[j], (early[0][j], late[0][j]), early[1][j] + late[1][j], level)
            for j, name in enumerate(likelihood.names)
        ),
        chi2=whole,
        df=int(testable.sum()),
        p_value=float(chdtrc(testable.sum(), whole)),
        split_time=split,
        n_early=int((times <= split).sum()),
        n_late=int((times > split).sum()),
        event_times=times[rising],
        transformed=g[rising],
        residuals=residuals[rising],
    )


def _schoenfeld(likelihood: FewColumns, point: TermPoint) -> Array:
    """Columns of each event less their mean over its risk set, (events, p)."""
    return likelihood.x[likelihood.events] - likelihood.tied_mean(point.moments.mean)


def _score_test(likelihood: FewColumns, point: TermPoint, g: Array) -> tuple[Array, Array, Array]:
    """Score (p,) of the columns times `g`, its covariance (p, p), and which columns can be tested (p,).

    The covariance is the information on the added coefficients, given the fitted ones. A column that varies in the risk
    sets of one event time only can't be tested.
    """
    weights = likelihood.term_weights
    crossed = likelihood.information(point.moments, weights * g)
    squared = likelihood.information(point.moments, weights * g**2)
    variance = squared - crossed @ np.linalg.solve(point.information, crossed)
    return g @ _schoenfeld(likelihood, point), variance, np.diag(variance) > 1e-9 * np.diag(squared)


def _halfway(times: Array) -> float:
    """The event time that divides the events best into halves and belongs to the first; it is never the last one."""
    distinct, count = np.unique(times, return_counts=True)
    return float(distinct[np.abs(np.cumsum(count) - len(times) / 2).argmin()])


def _half(x: ArrayLike, observed: Outcome, split: float, late: bool, ties: str) -> tuple[Array, Array]:
    """Log hazard ratios (p,) of one half of the events and their variances; NaN if a column adds nothing there."""
    columns, times, events = np.asarray(x, dtype=float), observed.time, observed.event
    rows = times > split if late else np.ones(len(times), dtype=bool)
    happened = events[rows] & (late | (times[rows] <= split))
    redundant = FewColumns(columns[rows], times[rows], happened, ties=ties).redundant()
    kept = np.delete(np.arange(columns.shape[1]), redundant)
    logs, variances = np.full((2, columns.shape[1]), np.nan)
    if len(kept):
        likelihood = FewColumns(columns[np.ix_(rows, kept)], times[rows], happened, ties=ties)
        best = maximise(likelihood, firth=True)
        logs[kept] = best.beta / likelihood.scale
        variances[kept] = np.diag(np.linalg.inv(best.information)) / likelihood.scale**2
    return logs, variances


def _departure(
    name: str, statistic: float, slope: float, logs: tuple[float, float], variance: float, level: float
) -> Departure:
    change, margin = logs[1] - logs[0], ndtri((1 + level) / 2) * np.sqrt(variance)
    notes = [] if np.isfinite(statistic) else ["no test: it varies at one event time only"]
    for half, log in zip(("first", "second"), logs, strict=True):
        if np.isnan(log):
            notes.append(f"no hazard ratio in the {half} half: constant, or determined by others, among those at risk")
    with np.errstate(over="ignore"):  # beyond a float: infinite
        early, late, ratio, lower, upper = np.exp([*logs, change, change - margin, change + margin]).tolist()
    return Departure(
        name,
        float(statistic),
        float(chdtrc(1, statistic)),
        float(slope),
        early,
        late,
        ratio,
        lower,
        upper,
        "; ".join(notes),
    )


def _kaplan_meier(time: Array, event: Array, at: Array) -> Array:
    """1 − S(t−) at the times `at`: the share of events before them."""
    distinct, count = np.unique(time[event], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), distinct, side="left")
    survival = np.append(1.0, np.cumprod(1 - count / at_risk))
    return 1 - survival[np.searchsorted(distinct, at, side="left")]


def _rank(time: Array, event: Array, at: Array) -> Array:
    """Rank among all times, ties at their mean."""
    rising = np.sort(time)
    return (np.searchsorted(rising, at, side="left") + 1 + np.searchsorted(rising, at, side="right")) / 2


TRANSFORMS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "km": _kaplan_meier,
    "identity": lambda time, event, at: at,
    "rank": _rank,
    "log": lambda time, event, at: np.log(at),
}
