"""Kaplan and Meier's estimate of survival, its median and restricted mean, and the median follow-up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival.curve import Readings, RestrictedMean, area_to, read, shortened
from bonerisk.survival.interval import interval as limits
from bonerisk.survival.jackknife import curve_variance
from bonerisk.survival.life_table import GREENWOOD, LifeTable, from_zero, life_table, ratio
from bonerisk.survival.outcome import COMPETING, outcome

Array = np.ndarray


@dataclass(frozen=True)
class Quantile:
    """A time by which a share of people have had the event.

    Parameters
    ----------
    probability : float
        The share; 0.5 is the median.
    estimate, lower, upper : float
        NaN if the curve, or its limit, does not fall so far.
    level : float
    note : str
        Why a value is NaN.
    """

    probability: float
    estimate: float
    lower: float
    upper: float
    level: float
    note: str


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve at its T distinct times.

    Parameters
    ----------
    time : array (T,)
        All times at which follow-up ends, by event or censoring, rising.
    at_risk, events, censored : array (T,)
        Sums of weights; at risk just before the time.
    survival : array (T,)
        Probability of no event up to and including the time.
    standard_error : array (T,)
        Standard error of the survival; NaN where survival is 0.
    lower, upper : array (T,)
        NaN where survival is 0, and before the first event.
    interval, variance : str
        Scale of the limits, and "Greenwood" or "infinitesimal jackknife".
    level : float
    """

    time: Array
    at_risk: Array
    events: Array
    censored: Array
    survival: Array
    standard_error: Array
    lower: Array
    upper: Array
    interval: str
    variance: str
    level: float
    table: LifeTable = field(repr=False)

    def at(self, times: ArrayLike) -> Readings:
        """Survival, interval and number at risk at `times`, as ``summary(survfit, times=)``, and why any is NaN."""
        columns = (self.survival, self.standard_error, self.lower, self.upper)
        return read(self.time, self.at_risk, columns, 1.0, times, done=bool(self.survival[-1] == 0))

    def quantile(self, probability: float) -> Quantile:
        """First time at which survival is at most 1 − `probability`; the middle of the interval if it stays equal.

        The limits are the same times on the limits of the curve (Brookmeyer & Crowley 1982, Biometrics 38:29), as
        ``quantile.survfit``.
        """
        if not 0 < probability < 1:
            raise DataError(f"probability {probability} is not between 0 and 1", "quantile", "0.5 is the median")
        estimate, lower, upper = (
            _crossing(self.time, 1 - curve, probability) for curve in (self.survival, self.lower, self.upper)
        )
        found = {"survival": estimate, "its lower limit": lower, "its upper limit": upper}
        never = ", ".join(name for name, value in found.items() if np.isnan(value))
        note = f"{never} not down to {1 - probability:g} when follow-up ends at {self.time[-1]:g}" if never else ""
        return Quantile(probability, estimate, lower, upper, self.level, note)

    @property
    def median(self) -> Quantile:
        """Median survival time."""
        return self.quantile(0.5)

    def restricted_mean(self, horizon: float) -> RestrictedMean:
        """Mean time without the event up to `horizon`: the area under the curve.

        Without clusters the variance is Σ (area from u to horizon)² · d / (Y·(Y − d)), as ``summary(survfit, rmean=)``;
        with clusters it is the jackknife's (R keeps the former). R extends the curve flat after its end; here the
        horizon is shortened, and the result says so.
        """
        used, note = shortened(self.time, horizon)
        estimate = float(area_to(self.time, self.survival, 1.0, used))
        if self.variance == GREENWOOD:
            reached, table = self.time <= used, self.table
            greenwood = ratio(self.events * self._ahead(used) ** 2, table.at_risk * table.left)
            error = float(np.sqrt(greenwood[reached].sum()))
        else:
            error = self.table.spread(self.influence_on_mean(used))
        return RestrictedMean.of(used, estimate, error, self.level, note)

    def influence_on_mean(self, horizon: float) -> Array:
        """Derivative (n,) of the restricted mean with respect to the weight of each row, in the order given."""
        gain = np.where(self.time <= horizon, ratio(self._ahead(horizon), self.table.left), 0.0)
        return -self.table.residuals(gain[:, None])

    def _ahead(self, horizon: float) -> Array:
        """Area under the curve from each time to the horizon, (T,)."""
        return area_to(self.time, self.survival, 1.0, horizon) - area_to(self.time, self.survival, 1.0, self.time)


def fit(
    time: ArrayLike,
    event: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    interval: str = "log-log",
    level: float = 0.95,
) -> KaplanMeier:
    """Kaplan–Meier estimate: Π (1 − d / Y) over event times, as ``survival::survfit``.

    Parameters
    ----------
    time, event : array (n,)
        Follow-up, over 0, and whether the event ended it. Events precede censorings at the same time.
    weights : array (n,), optional
        Whole numbers stand for repeated rows; with other weights the variance is the jackknife's.
    entry : array (n,), optional
        Left truncation: at risk after this time only.
    cluster : array (n,), optional
        Patient of each row: the variance is that of the infinitesimal jackknife by patient, as ``survfit(cluster=)``.
    interval : str
        "log-log", "log" (R's default), "plain" or "logit"; see `bonerisk.survival.interval`.
    level : float

    Raises
    ------
    DataError
        The outcome, a weight or a cluster is not valid; the row is named. Or all patients at risk have the event before
        others enter: the curve would stay 0, as R's silently does.
    ConfigError
        There is no such interval or level.

    References
    ----------
    Kaplan & Meier 1958, JASA 53:457.

    Examples
    --------
    Weeks to relapse with maintained chemotherapy, as ``survfit(Surv(time, status) ~ 1, aml, subset = x == "Maintained",
    conf.type = "log-log")``.

    >>> weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
    >>> relapse = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    >>> curve = fit(weeks, relapse)
    >>> curve.at([9, 13, 18, 23, 31]).estimate.round(3)
    array([0.909, 0.818, 0.716, 0.614, 0.491])
    >>> curve.median.estimate
    31.0
    """
    table = life_table(outcome(time, event, entry), weights=weights, cluster=cluster)
    emptied = np.flatnonzero(table.left[:-1] == 0)
    if len(emptied):
        when = table.time[emptied[0]]
        raise DataError(
            f"all at risk have the event at {when:g}, before others enter, so the curve would be 0 from there on",
            "entry",
            f"leave out the rows with time up to {when:g}, and report survival given that it lasts longer",
        )
    return _curve(table, interval, level)


def follow_up(
    time: ArrayLike,
    status: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    interval: str = "log-log",
    level: float = 0.95,
) -> KaplanMeier:
    """Reverse Kaplan–Meier estimate, in which censoring is the event; its median is the median follow-up.

    Events, competing ones too, only hide when follow-up would have ended. They precede censorings at ties, so patients
    with an event can't be censored at that time (as ``prodlim(reverse=TRUE)``); ``survfit(Surv(time, 1 - status))``
    keeps them at risk and is a little higher.

    References
    ----------
    Schemper & Smith 1996, Control Clin Trials 17:343.

    Examples
    --------
    >>> follow_up([2, 3, 5, 6, 8, 9], [1, 0, 0, 0, 1, 0]).median.estimate
    6.0
    """
    checked = outcome(time, status, highest=COMPETING)
    return _curve(life_table(checked, cluster=cluster, reverse=True), interval, level)


def _curve(table: LifeTable, scale: str, level: float) -> KaplanMeier:
    survival, left = table.survival, table.left
    if table.variance == GREENWOOD:
        of_log = np.cumsum(ratio(table.events[:, 0], table.at_risk * left))
    else:
        per_left = ratio(np.ones(1), left)
        hazard = from_zero(table.hazard[:, 0] * per_left)
        known, ended = hazard[table.start], table.residuals(per_left[:, None])
        at_risk = np.column_stack([known, np.ones_like(known)])
        of_log = curve_variance(
            table,
            at_risk,
            np.column_stack([ended, np.zeros_like(ended)]),
            np.column_stack([np.ones_like(survival), -hazard[1:]]),
        )
    error = np.where(survival > 0, survival * np.sqrt(of_log), np.nan)
    lower, upper = limits(survival, error, scale, level)
    counts = (table.time, table.at_risk, table.events[:, 0], table.censored)
    return KaplanMeier(*counts, survival, error, lower, upper, scale, table.variance, level, table)


def _crossing(time: Array, failed: Array, share: float) -> float:
    known = np.isfinite(failed)
    times, values = np.append(0.0, time[known]), np.append(0.0, failed[known])
    slack = np.sqrt(np.finfo(float).eps)
    reaches, passes = (np.flatnonzero(values >= share + offset) for offset in (-slack, slack))
    if not len(reaches):
        return np.nan
    return float((times[reaches[0]] + (times[passes[0]] if len(passes) else time[-1])) / 2)
