"""The partial likelihood of a few columns in memory, with what Firth's penalty and tests of proportionality need.

`cox` is for many columns and rows; this module adds third moments, and sums over risk sets with a weight for each.

Vocabulary
----------
term
    One factor of the partial likelihood: an event against its risk set. There is one per event, the latest first.
fraction
    Share that a term subtracts from the rows with an event at its time: l/d for the l-th of d tied events, counted
    from 0 (Efron), or 0 (Breslow).
gather, spread
    Sums over a term's risk set, and their transpose: sums over the terms in whose risk set a row is. All moments
    follow from these two in O(n·p) memory.

Columns are standardised here, so that their units don't disturb Newton's method: coefficients, scores and information
are per standard deviation of the column; divide coefficients by `scale` to get them per unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival.outcome import outcome

Array = np.ndarray

TIES = ("efron", "breslow")
REDUNDANT = 1e-9  # of a column's variance 1: the mean within risk sets that other columns leave unexplained


@dataclass(frozen=True)
class TermSums:
    """Sums over the risk sets of all terms, at one vector of coefficients.

    Parameters
    ----------
    hazard : array (n,)
        Weight times relative hazard of each row, up to one factor.
    total : array (events,)
        Sum of `hazard` over each term's risk set.
    mean : array (events, p)
        Mean of the columns over each term's risk set, rows weighted by `hazard`.
    """

    hazard: Array
    total: Array
    mean: Array


@dataclass(frozen=True)
class TermPoint:
    """The partial likelihood at one vector of coefficients.

    Parameters
    ----------
    beta : array (p,)
    log_likelihood : float
        With ½ log|information| if Firth's penalty was asked for; −inf outside the floating-point range.
    score : array (p,)
        Gradient of `log_likelihood`.
    information : array (p, p)
        Minus the Hessian of the log-likelihood without penalty.
    moments : TermSums
    """

    beta: Array
    log_likelihood: float
    score: Array
    information: Array
    moments: TermSums


class FewColumns:
    """The partial likelihood of checked columns, rows sorted once by falling time.

    Parameters
    ----------
    x : array (n, p)
    time, event : array (n,)
        Follow-up, over 0; 1 = event, 0 = censored.
    ties : {"efron", "breslow"}
    weights : array (n,), optional
        Case weights, over 0.
    names : sequence of str, optional
        Column names in error messages; by default "column 0", "column 1", …

    Raises
    ------
    ConfigError
        `ties` is unknown.
    DataError
        Columns or weights don't fit the outcome, a value is missing or infinite, or there is no event.
    """

    def __init__(
        self,
        x: ArrayLike,
        time: ArrayLike,
        event: ArrayLike,
        *,
        ties: str = "efron",
        weights: ArrayLike | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        if ties not in TIES:
            raise ConfigError(f"ties are {ties!r}", "Cox regression", f"take one of {', '.join(TIES)}")
        checked = outcome(time, event)
        columns, cases = _columns(x, len(checked), names), _weights(weights, len(checked))
        if not checked.n_events:
            mend = "check how events are coded"
            raise DataError(f"none of {len(checked)} rows has an event", "Cox regression", mend)
        self.names = tuple(names) if names is not None else tuple(f"column {j}" for j in range(columns.shape[1]))
        order = np.argsort(-checked.time, kind="stable")
        self.scale = np.where(np.ptp(columns, axis=0) > 0, columns.std(axis=0), 1.0)
        self.x = ((columns - columns.mean(axis=0)) / self.scale)[order]
        self.weights = cases[order]
        self.falling = -checked.time[order]
        self.events = np.flatnonzero(checked.event[order])
        # Distinct event times, the latest first, and where each one's events start among the terms.
        times, self._start, self._at, count = np.unique(
            self.falling[self.events], return_index=True, return_inverse=True, return_counts=True
        )
        self._last = np.searchsorted(self.falling, times, side="right") - 1
        self._first = np.searchsorted(times, self.falling, side="left")
        rank = np.arange(len(self.events)) - self._start[self._at]
        self.fraction = rank / count[self._at] if ties == "efron" else np.zeros(len(self.events))
        self._count = count[:, None]
        self.term_weights = self.tied_mean(self.weights[self.events, None])[:, 0]  # tied events count alike

    @property
    def event_times(self) -> Array:
        """Time of each term (events,), falling."""
        return -self.falling[self.events]

    def tied_mean(self, values: Array) -> Array:
        """Mean (events, q) of `values` (events, q) over the events at the same time."""
        return (np.add.reduceat(values, self._start) / self._count)[self._at]

    def gather(self, values: Array) -> Array:
        """Sum (events, …) over each term's risk set of `values` (n, …)."""
        running = np.cumsum(values, axis=0)[self._last]
        tied = np.add.reduceat(values[self.events], self._start)
        return running[self._at] - _along(self.fraction, tied) * tied[self._at]

    def spread(self, values: Array) -> Array:
        """Sum (n, …) of `values` (events, …) over the terms in whose risk set a row is: the transpose of `gather`."""
        by_time = np.add.reduceat(values, self._start)
        rising = np.zeros((len(by_time) + 1, *values.shape[1:]))
        rising[:-1] = np.cumsum(by_time[::-1], axis=0)[::-1]
        sums = rising[self._first]
        sums[self.events] -= np.add.reduceat(_along(self.fraction, values) * values, self._start)[self._at]
        return sums

    def at(self, beta: Array, *, firth: bool = False) -> TermPoint:
        """Value and derivatives, with Firth's penalty or without."""
        eta = self.x @ beta
        top = eta.max()
        hazard = self.weights * np.exp(eta - top)
        total = self.gather(hazard)
        if not (total > 0).all():  # a risk set whose hazards are all under the smallest float
            return TermPoint(
                beta, -np.inf, np.zeros_like(beta), np.eye(len(beta)), TermSums(hazard, total, self.x[self.events])
            )
        moments = TermSums(hazard, total, self.gather(hazard[:, None] * self.x) / total[:, None])
        weights, own = self.term_weights, self.weights[self.events]
        value = float(own @ (eta[self.events] - top) - weights @ np.log(total))
        score = own @ self.x[self.events] - weights @ moments.mean
        point = TermPoint(beta, value, score, self.information(moments, weights), moments)
        return self._penalised(point) if firth else point

    def information(self, at: TermSums, weights: Array) -> Array:
        """Sum (p, p) over terms, each by its weight, of the covariance of the columns in its risk set."""
        rows = at.hazard * self.spread(weights / at.total)
        return (self.x.T * rows) @ self.x - (at.mean.T * weights) @ at.mean

    def _penalised(self, point: TermPoint) -> TermPoint:
        """Add Firth's penalty. Its gradient ½ tr(I⁻¹ ∂I/∂β) is a sum of third central moments over the risk sets.

        With q = x'I⁻¹x and m the mean, a term gives E[q·x] − E[q]·m − 2·E[xx']I⁻¹m + 2·(m'I⁻¹m)·m; the expectations are
        summed as rows (`per_row`), the rest as terms (`per_term`).
        """
        sign, log_determinant = np.linalg.slogdet(point.information)
        if sign <= 0:
            return replace(point, log_likelihood=-np.inf)
        inverse, at = np.linalg.inv(point.information), point.moments
        share = self.term_weights / at.total
        q = np.einsum("ij,ij->i", self.x @ inverse, self.x)
        means = self.spread(share[:, None] * at.mean)
        per_row = at.hazard * (q * self.spread(share) - 2 * np.einsum("ij,ij->i", self.x @ inverse, means))
        per_term = 2 * self.term_weights * np.einsum("ij,ij->i", at.mean @ inverse, at.mean)
        per_term -= share * self.gather(at.hazard * q)
        return replace(
            point,
            log_likelihood=point.log_likelihood + float(log_determinant) / 2,
            score=point.score + (per_row @ self.x + per_term @ at.mean) / 2,
        )

    def redundant(self) -> list[int]:
        """Columns that are constant, or a function of those before them, in all risk sets."""
        information = self.at(np.zeros(self.x.shape[1])).information
        kept: list[int] = []
        for j in range(len(information)):
            cross = information[kept, j]
            unexplained = information[j, j] - cross @ np.linalg.solve(information[np.ix_(kept, kept)], cross)
            if unexplained > REDUNDANT * self.term_weights.sum():
                kept.append(j)
        return sorted(set(range(len(information))) - set(kept))

    def demand_full_rank(self) -> None:
        """Raise DataError, naming the columns that add nothing to the others."""
        if found := self.redundant():
            raise DataError(
                f"{', '.join(self.names[j] for j in found)}: constant, or determined by the columns before, "
                "among those at risk",
                "Cox regression",
                "leave it out",
            )


def _along(vector: Array, like: Array) -> Array:
    return vector.reshape(-1, *[1] * (like.ndim - 1))


def _columns(x: ArrayLike, n: int, names: Sequence[str] | None) -> Array:
    columns = np.asarray(x, dtype=float)
    if columns.ndim != 2 or len(columns) != n or not columns.shape[1]:
        raise DataError(f"columns must be of shape ({n}, p), not {columns.shape}", "Cox regression")
    if names is not None and len(names) != columns.shape[1]:
        raise DataError(f"{len(names)} names for {columns.shape[1]} columns", "Cox regression")
    if len(bad := np.argwhere(~np.isfinite(columns))):
        row, j = bad[0]
        raise DataError(
            f"{names[j] if names is not None else f'column {j}'} is {columns[row, j]}",
            f"row {row}, counted from 0; {len(bad)} such values",
            "leave the rows out or impute",
        )
    return columns


def _weights(weights: ArrayLike | None, n: int) -> Array:
    cases = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if cases.shape != (n,):
        raise DataError(f"weights must be of shape ({n},), not {cases.shape}", "Cox regression")
    if len(bad := np.flatnonzero(~(np.isfinite(cases) & (cases > 0)))):
        raise DataError(f"weight {cases[bad[0]]:g} is not over 0", f"row {bad[0]}, counted from 0", "leave the row out")
    return cases
