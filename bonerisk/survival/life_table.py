"""Numbers at risk, with an event and censored at each distinct time: the counts behind every curve.

Vocabulary
----------
position
    Index of a distinct time. A row is at risk from position `start` to just before `stop`.
unit
    What varies independently: a row, or a patient with several rows.
share
    Weight of a row in the sum of its unit. Without clusters, a whole weight w stands for w rows, each of them a unit:
    the share is √w, so that the squares add up to w. With clusters, or with weights that are not whole, it is w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival.outcome import CENSORED, Outcome

Array = np.ndarray

GREENWOOD, JACKKNIFE = "Greenwood", "infinitesimal jackknife"


@dataclass(frozen=True)
class LifeTable:
    """Counts at T distinct times, and the n rows behind them.

    Parameters
    ----------
    time : array (T,)
        Distinct times at which follow-up ends, rising.
    at_risk, censored : array (T,)
        Sums of weights.
    events : array (T, causes)
        Sums of weights.
    start, stop, cause : array (n,) of int
        Positions at risk; what ended it, 0 censoring.
    share, unit : array (n,)
        See above.
    variance : str
        "Greenwood" if the units are rows, else "infinitesimal jackknife".
    """

    time: Array
    at_risk: Array
    censored: Array
    events: Array
    start: Array
    stop: Array
    cause: Array
    share: Array
    unit: Array
    variance: str

    @property
    def units(self) -> int:
        """Number of units."""
        return int(self.unit.max()) + 1

    @property
    def hazard(self) -> Array:
        """Events over the number at risk, (T, causes); 0 where nobody is at risk."""
        return ratio(self.events, self.at_risk[:, None])

    @property
    def left(self) -> Array:
        """Number at risk minus events, (T,); exactly 0 where all have the event, whatever the rounding of weights."""
        left = self.at_risk - self.events.sum(axis=1)
        return np.where(left > 1e-9 * self.at_risk, left, 0.0)

    @property
    def survival(self) -> Array:
        """Kaplan–Meier's estimate of being free of every cause, (T,)."""
        return np.cumprod(np.where(self.at_risk > 0, ratio(self.left, self.at_risk), 1.0))

    def residuals(self, gain: Array) -> Array:
        """Σ gain · (events − hazard while at risk) of each row, (n,), for `gain` (T, causes).

        The influence of a row on an estimate is such a sum: how much the estimate moves with the row's weight.
        """
        compensator = from_zero((gain * self.hazard).sum(axis=1))
        own = np.where(self.cause > 0, gain[np.maximum(self.stop - 1, 0), np.maximum(self.cause - 1, 0)], 0.0)
        return own - (compensator[self.stop] - compensator[self.start])

    def spread(self, influence: Array) -> float:
        """Standard error of an estimate from the influences (n,): root of the sum of squares over units."""
        if self.units < 2:
            return np.nan
        return float(np.sqrt(np.sum(np.bincount(self.unit, self.share * influence) ** 2)))


def life_table(
    checked: Outcome,
    *,
    causes: int = 1,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    reverse: bool = False,
) -> LifeTable:
    """Count the rows at risk, with an event and censored at each distinct time.

    Times tie if they are equal to the last bit; R's ``survfit`` also ties times that differ by a relative 1.5e-8.

    Parameters
    ----------
    checked : Outcome
    causes : int
        Statuses 1 to `causes` are distinguished; none may be higher.
    weights : array (n,), optional
        Over 0.
    cluster : array (n,), optional
        Patient of each row.
    reverse : bool
        Censoring is the event. Events precede censorings at the same time: rows with an event can't be censored then.

    Raises
    ------
    DataError
        A weight is not over 0, or lengths differ.
    """
    time, position = np.unique(checked.time, return_inverse=True)
    n, size = len(checked), len(time)
    weight = checked_weights(weights, n)
    ended = checked.status != CENSORED
    cause = (~ended).astype(np.int64) if reverse else checked.status.astype(np.int64)
    start = np.zeros(n, dtype=np.int64) if checked.entry is None else np.searchsorted(time, checked.entry, "right")
    stop = position + np.where(ended, 0, 1) if reverse else position + 1

    def total(mask: Array) -> Array:
        return np.bincount(position[mask], weight[mask], minlength=size)

    # Sum from the end, so that the small numbers at risk late keep all their digits.
    leaving = np.bincount(stop, weight, minlength=size + 1)[::-1].cumsum()[::-1][1:]
    coming = np.bincount(start, weight, minlength=size + 1)[::-1].cumsum()[::-1][1:]
    whole = cluster is None and bool(np.all(weight == np.floor(weight)))
    return LifeTable(
        time,
        leaving - coming,
        total(ended if reverse else ~ended),
        np.column_stack([total(cause == k) for k in range(1, causes + 1)]),
        start,
        stop,
        cause,
        np.sqrt(weight) if whole else weight,
        np.arange(n) if cluster is None else labels(cluster, n, "cluster")[1],
        GREENWOOD if whole else JACKKNIFE,
    )


def checked_weights(weights: ArrayLike | None, n: int) -> Array:
    """Weights of `n` rows, all 1 if none are given; DataError if one is not over 0."""
    if weights is None:
        return np.ones(n)
    values = np.asarray(weights, dtype=float)
    if values.shape != (n,):
        raise DataError(f"weights must have the length of time, {n}, not {values.shape}", "weights")
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(bad):
        raise DataError(f"weight {values[bad[0]]} is not over 0", f"row {bad[0]}, counted from 0", "leave the row out")
    return values


def labels(values: ArrayLike, n: int, name: str) -> tuple[Array, Array]:
    """Distinct values, sorted, and the index (n,) of each row's value; DataError if one is missing."""
    column = np.asarray(values)
    if column.shape != (n,):
        raise DataError(f"{name} must have the length of time, {n}, not {column.shape}", name)
    if column.dtype.kind in "fO":
        missing = [row for row, value in enumerate(column.tolist()) if value is None or value != value]
        if missing:
            raise DataError(f"{name} is missing", f"row {missing[0]}, counted from 0", "leave the row out")
    distinct, index = np.unique(column, return_inverse=True)
    return distinct, index


def ratio(numerator: Array, denominator: Array) -> Array:
    """Quotient, 0 where the denominator is 0: nobody at risk adds nothing."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator != 0)


def from_zero(values: Array) -> Array:
    """Running sums with a leading 0, (T + 1,)."""
    return np.concatenate([[0.0], np.cumsum(values)])
