"""Aalen–Johansen cumulative incidence of each cause under competing risks, and the mean time lost to a cause."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import ConfigError
from bonerisk.survival.curve import Readings, RestrictedMean, area_to, read, shortened
from bonerisk.survival.interval import interval as limits
from bonerisk.survival.jackknife import curve_variance
from bonerisk.survival.life_table import LifeTable, from_zero, life_table, ratio
from bonerisk.survival.outcome import COMPETING, EVENT, outcome

Array = np.ndarray


@dataclass(frozen=True)
class AalenJohansen:
    """Cumulative incidences at T distinct times; column k − 1 is cause k.

    Parameters
    ----------
    time, at_risk, censored : array (T,)
        As in `kaplan_meier.KaplanMeier`.
    events : array (T, causes)
        Sums of weights.
    survival : array (T,)
        Probability of no event of any cause; with the incidences it adds up to 1.
    incidence, standard_error, lower, upper : array (T, causes)
        The limits are NaN where the incidence is 0.
    interval : str
        Scale of the limits.
    level : float
    """

    time: Array
    at_risk: Array
    censored: Array
    events: Array
    survival: Array
    incidence: Array
    standard_error: Array
    lower: Array
    upper: Array
    interval: str
    level: float
    table: LifeTable = field(repr=False)

    def at(self, times: ArrayLike, cause: int = EVENT) -> Readings:
        """Incidence of a cause, interval and number at risk at `times`, with a note for each value that is NaN."""
        k = self._column(cause)
        columns = (self.incidence[:, k], self.standard_error[:, k], self.lower[:, k], self.upper[:, k])
        return read(self.time, self.at_risk, columns, 0.0, times, done=bool(self.survival[-1] == 0))

    def time_lost(self, horizon: float, cause: int = EVENT) -> RestrictedMean:
        """Mean time lost to a cause up to `horizon`: the area under its incidence, as R's ``summary(survfit, rmean=)``.

        A horizon after the last observation is shortened to it, and the result says so.

        References
        ----------
        Andersen 2013, Stat Med 32:5278.
        """
        used, note = shortened(self.time, horizon)
        k, table = self._column(cause), self.table
        curve = self.incidence[:, k]
        estimate = float(area_to(self.time, curve, 0.0, used))
        to_go = used - self.time
        ahead = estimate - area_to(self.time, curve, 0.0, self.time) - to_go * curve
        gain = np.repeat(-ratio(ahead, table.left)[:, None], self.events.shape[1], axis=1)
        gain[:, k] += to_go * _jump(table)
        error = table.spread(table.residuals(np.where((self.time <= used)[:, None], gain, 0.0)))
        return RestrictedMean.of(used, estimate, error, self.level, note)

    def _column(self, cause: int) -> int:
        causes = self.incidence.shape[1]
        if not 1 <= cause <= causes:
            raise ConfigError(f"no cause {cause}", "cause", f"use 1 to {causes}")
        return cause - 1


def fit(
    time: ArrayLike,
    status: ArrayLike,
    *,
    causes: int = COMPETING,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    interval: str = "log-log",
    level: float = 0.95,
) -> AalenJohansen:
    """Aalen–Johansen estimate: Σ S(t−)·dₖ / Y, where S is the Kaplan–Meier estimate for all causes together.

    Ties are exact (lifelines' ``AalenJohansenFitter`` shifts them at random). The estimate is that of
    ``survival::survfit`` on a factor and of ``cmprsk::cuminc``. The variance is the infinitesimal jackknife of
    ``survfit``; ``cuminc`` uses Aalen's, which differs a little. With several states ``survfit`` 3.5 ignores `cluster`;
    this function uses it. Limits on the log-log scale are those of log(−log incidence).

    Parameters
    ----------
    time : array (n,)
        Follow-up, over 0.
    status : array (n,)
        0 censored, 1 the event, 2 to `causes` competing events.
    causes : int
        Highest status.
    weights : array (n,), optional
        Whole numbers stand for repeated rows; other weights are sampling weights, squared in the variance.
    cluster : array (n,), optional
        Patient of each row, the unit of the jackknife.
    interval, level
        As for `kaplan_meier.fit`.

    Raises
    ------
    DataError, ConfigError
        As for `kaplan_meier.fit`.

    References
    ----------
    Aalen & Johansen 1978, Scand J Stat 5:141. Choudhury 2002, Stat Med 21:1129 (the scale).

    Examples
    --------
    Four patients: an event, a death, an event and a censoring.

    >>> curves = fit([1, 2, 3, 4], [1, 2, 1, 0])
    >>> curves.incidence  # of the event, and of death
    array([[0.25, 0.  ],
           [0.25, 0.25],
           [0.5 , 0.25],
           [0.5 , 0.25]])
    >>> curves.survival
    array([0.75, 0.5 , 0.25, 0.25])
    """
    checked = outcome(time, status, highest=causes)
    table = life_table(checked, causes=causes, weights=weights, cluster=cluster)
    survival = table.survival
    incidence = np.cumsum(_jump(table)[:, None] * table.events, axis=0)
    error = np.sqrt(np.column_stack([_variance(table, incidence[:, k], k) for k in range(causes)]))
    lower, upper = limits(incidence, error, interval, level)
    counts = (table.time, table.at_risk, table.censored, table.events)
    return AalenJohansen(*counts, survival, incidence, error, lower, upper, interval, level, table)


def _jump(table: LifeTable) -> Array:
    """S(t−) / Y, (T,): how much one event raises an incidence."""
    return ratio(np.append(1.0, table.survival[:-1]), table.at_risk)


def _variance(table: LifeTable, curve: Array, k: int) -> Array:
    """The influence of a row at t is Σ_{u≤t} [S(u−)/Y·(dNₖ − hₖ) − (F(t) − F(u))·(dN − h)/(Y − d)].

    It is the sum of a constant, of −F(t) times a constant and, while the row is at risk, of a term common to all rows.
    """
    per_left, jump = ratio(np.ones(1), table.left), _jump(table)
    gain = np.repeat((curve * per_left)[:, None], table.events.shape[1], axis=1)
    gain[:, k] += jump
    of_any = np.repeat(per_left[:, None], table.events.shape[1], axis=1)
    constant = from_zero((gain * table.hazard).sum(axis=1))
    slope = from_zero((of_any * table.hazard).sum(axis=1))
    ones = np.ones(len(table.unit))
    return curve_variance(
        table,
        np.column_stack([constant[table.start], slope[table.start], ones]),
        np.column_stack([table.residuals(gain), table.residuals(of_any), 0 * ones]),
        np.column_stack([np.ones_like(curve), -curve, curve * slope[1:] - constant[1:]]),
    )
