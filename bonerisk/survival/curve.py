"""Shared by survival curves: the value at a time, the area up to a horizon, and no value after the last observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival.interval import quantile_of

Array = np.ndarray


@dataclass(frozen=True)
class Readings:
    """A curve at given times.

    Parameters
    ----------
    time, estimate, standard_error, lower, upper : array (m,)
        NaN after the last observation and where there is no interval.
    at_risk : array (m,)
        Sum of weights of the rows whose follow-up reaches the time.
    note : tuple of str, (m,)
        Why a value is NaN; else empty.
    """

    time: Array
    estimate: Array
    standard_error: Array
    lower: Array
    upper: Array
    at_risk: Array
    note: tuple[str, ...]


@dataclass(frozen=True)
class RestrictedMean:
    """An area under a curve up to a horizon, in the unit of time.

    Parameters
    ----------
    horizon : float
        End of the area; earlier than asked if follow-up is shorter, and then `note` says so.
    estimate, standard_error, lower, upper : float
        Interval: estimate ± z·se, cut at 0 and the horizon.
    level : float
    note : str
    """

    horizon: float
    estimate: float
    standard_error: float
    lower: float
    upper: float
    level: float
    note: str

    @classmethod
    def of(cls, horizon: float, estimate: float, standard_error: float, level: float, note: str) -> RestrictedMean:
        """Add the interval, or note why there is none."""
        if not standard_error > 0:
            why = "one patient only" if np.isnan(standard_error) else "no event up to the horizon"
            note = "; ".join(filter(None, [note, f"{why}, so no interval"]))
            return cls(horizon, estimate, standard_error, np.nan, np.nan, level, note)
        half = quantile_of(level) * standard_error
        limits = max(estimate - half, 0.0), min(estimate + half, horizon)
        return cls(horizon, estimate, standard_error, *limits, level, note)


def shortened(time: ArrayLike, horizon: float) -> tuple[float, str]:
    """A horizon that follow-up reaches, and a note if it is not the one asked for.

    Parameters
    ----------
    time : array or float
        Follow-up times; nothing is known after the last.
    horizon : float
        In the unit of `time`, over 0.

    Returns
    -------
    horizon : float
    note : str
        Empty if the horizon is as asked.

    Examples
    --------
    >>> shortened([1.5, 4.0], 5)
    (4.0, 'follow-up ends at 4, so the horizon 5 is shortened to it')
    """
    if not 0 < horizon < np.inf:
        raise DataError(f"horizon {horizon} is not over 0", "horizon", "give a time after the film")
    last = float(np.max(time))
    if horizon <= last:
        return float(horizon), ""
    return last, f"follow-up ends at {last:g}, so the horizon {horizon:g} is shortened to it"


def value_at(time: Array, value: Array, first: float, where: ArrayLike) -> Array:
    """Value at `where` of a right-continuous step function, which is `first` before the first time."""
    return np.concatenate([[first], value])[np.searchsorted(time, where, "right")]


def area_to(time: Array, value: Array, first: float, where: ArrayLike) -> Array:
    """Integral of such a step function from 0 to `where`."""
    knots, heights = np.concatenate([[0.0], time]), np.concatenate([[first], value])
    below = np.concatenate([[0.0], np.cumsum(np.diff(knots) * heights[:-1])])
    step = np.searchsorted(time, where, "right")
    return below[step] + heights[step] * (np.asarray(where) - knots[step])


def at_risk_at(time: Array, at_risk: Array, where: ArrayLike) -> Array:
    """Number whose follow-up reaches `where`, that moment included (as ``summary(survfit, times=)$n.risk``)."""
    return np.append(at_risk, 0.0)[np.searchsorted(time, where, "left")]


def read(
    time: Array, at_risk: Array, columns: tuple[Array, ...], first: float, times: ArrayLike, *, done: bool
) -> Readings:
    """Estimate, standard error, lower and upper limit at `times`; `done` if everybody had the event by the last time.

    If `done`, the curve stays flat after the last time; else it has no value there.
    """
    where = np.atleast_1d(np.asarray(times, dtype=float))
    if not np.all(np.isfinite(where) & (where >= 0)):
        raise DataError("times must be numbers from 0 on", "times", "leave out missing and negative times")
    known = (where <= time[-1]) | done
    starts = (first, 0.0, np.nan, np.nan)
    estimate, error, lower, upper = (
        np.where(known, value_at(time, column, start, where), np.nan)
        for column, start in zip(columns, starts, strict=True)
    )
    notes = []
    for reached, value, limit in zip(known, estimate, lower, strict=True):
        if not reached:
            notes.append(f"undefined: follow-up ends at {time[-1]:g}")
        elif value == first:
            notes.append("no event so far, so no interval")
        else:
            notes.append("nobody is left, or one patient only, so no interval" if np.isnan(limit) else "")
    return Readings(where, estimate, error, lower, upper, at_risk_at(time, at_risk, where), tuple(notes))
