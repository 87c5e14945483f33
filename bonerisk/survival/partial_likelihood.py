"""The Cox partial log-likelihood, its gradient and its information, each one pass over the rows in chunks.

With the events `v` expected of each row (`Point.expected`) and the mean covariates `m` of each term's risk set,

    gradient     Σ (event weight − v) x
    information  Σ v x xᵀ − Σ mass · m mᵀ    over rows, and over terms

so that all the work in p² is one matrix product by BLAS. Columns are standardised as they are read: this leaves the
maximum as it is, but keeps digits. `beta` here is per standard deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from bonerisk.errors import DataError
from bonerisk.survival.outcome import Outcome, outcome
from bonerisk.survival.risk_sets import Point, RiskSets, risk_sets
from bonerisk.survival.rows import Moments, Rows, moments, rows_of

Array = np.ndarray

TERM_BLOCK = 4096  # terms whose means are held at once


@dataclass(frozen=True)
class PartialLikelihood:
    """The partial likelihood of standardised rows.

    Parameters
    ----------
    rows : Rows
        (n, p)
    moments : Moments
    sets : RiskSets
    """

    rows: Rows
    moments: Moments
    sets: RiskSets

    @cached_property
    def null(self) -> Point:
        """The likelihood at beta = 0."""
        point = self.sets.at(np.zeros(self.rows.shape[0]))
        assert point is not None  # equal risks are never too far apart
        return point

    @property
    def wide(self) -> bool:
        """Whether there are more columns than rows."""
        return self.rows.shape[1] > self.rows.shape[0]

    def eta(self, beta: Array) -> Array:
        """Linear predictors (n,) of standardised rows."""
        return linear_predictor(self.rows, beta / self.moments.scale, self.moments.mean)

    def gradient(self, point: Point) -> Array:
        """First derivatives (p,), in float64 whatever the rows are."""
        residual = -point.expected
        residual[self.sets.event_row] += self.sets.weights[self.sets.event_row]
        total = np.zeros(self.rows.shape[1])
        for part, chunk in self.rows.chunks():
            total += residual[part] @ chunk.astype(float, copy=False)
        return (total - residual.sum() * self.moments.mean) / self.moments.scale

    def information(self, point: Point, dtype: type[np.floating] = np.float64) -> tuple[Array, Array]:
        """Minus the second derivatives (p, p), and the diagonal (p,) of Σ v x xᵀ alone.

        The first diagonal is the second minus a sum: their ratio shows how many digits are lost in `dtype`, the type of
        the products.
        """
        sums = RiskSums(self.sets, point, self.rows.shape[1])
        raw = np.zeros((self.rows.shape[1],) * 2)
        root = np.sqrt(point.expected).astype(dtype)
        for part, chunk in self.rows.chunks():
            x = self.standardised(chunk, dtype)
            sums.add(part, x)
            x *= root[part, None]
            raw += x.T @ x
        diagonal = np.diag(raw).copy()
        for block, means in sums.means():
            means *= np.sqrt(self.sets.term_mass[block])[:, None]
            raw -= means.T @ means
        return raw, diagonal

    def trace(self, point: Point) -> float:
        """Sum of the diagonal of the information, without the rest of it."""
        sums = RiskSums(self.sets, point, self.rows.shape[1])
        total = 0.0
        for part, chunk in self.rows.chunks():
            x = self.standardised(chunk)
            sums.add(part, x)
            total += point.expected[part] @ np.einsum("ij,ij->i", x, x)
        for block, means in sums.means():
            total -= self.sets.term_mass[block] @ np.einsum("ij,ij->i", means, means)
        return float(total)

    def standardised(self, chunk: Array, dtype: type[np.floating] = np.float64) -> Array:
        """A copy of rows, each column of mean 0 and standard deviation 1 over all rows."""
        x = np.empty(chunk.shape, dtype)
        np.subtract(chunk, self.moments.mean, out=x, casting="same_kind")
        x *= (1 / self.moments.scale).astype(dtype)
        return x


def prepare(
    x: ArrayLike | Rows,
    time: ArrayLike,
    event: ArrayLike,
    ties: str = "efron",
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> tuple[PartialLikelihood, Outcome]:
    """Check a user's arguments (see `cox.fit`), and index the risk sets."""
    observed, rows = outcome(time, event, entry), rows_of(x, names)
    n = rows.shape[0]
    if n != len(observed):
        raise DataError(f"{n} rows of covariates, {len(observed)} times", "Cox model", "give a row of x for each time")
    sets = risk_sets(observed, _case_weights(weights, n), strata, ties)
    return PartialLikelihood(rows, moments(rows), sets), observed


def _case_weights(weights: ArrayLike | None, n: int) -> Array:
    """Checked weights (n,); by default 1."""
    if weights is None:
        return np.ones(n)
    values = np.asarray(weights, dtype=float)
    if values.shape != (n,):
        raise DataError(f"weights must be ({n},) as time is, not {values.shape}", "weights", "give one for each row")
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        raise DataError(f"weight {values[bad[0]]} is not 0 or more", f"row {bad[0]}, counted from 0", "mend the weight")
    return values


def linear_predictor(rows: Rows, coefficients: Array, reference: Array) -> Array:
    """(x − reference)·coefficients (n,) of each row, in float64 whatever the rows are."""
    eta = np.empty(rows.shape[0])
    for part, chunk in rows.chunks():
        eta[part] = chunk.astype(float, copy=False) @ coefficients
    return eta - reference @ coefficients


class RiskSums:
    """Risk-weighted sums of covariates over risk sets, gathered from chunks of rows in any order.

    Parameters
    ----------
    sets : RiskSets
    point : Point
    width : int
    """

    def __init__(self, sets: RiskSets, point: Point, width: int) -> None:
        self._sets, self._point = sets, point
        self._at_risk = np.zeros((sets.n_cells, width))
        self._own = np.zeros((sets.n_cells, width)) if sets.term_fraction.any() else None
        self._lingering = None if sets.lingering is None else np.zeros((sets.n_cells, width))
        self._event_cell = np.full(len(sets.weights), sets.n_cells)
        self._event_cell[sets.event_row] = sets.event_cell

    def add(self, part: slice, x: Array) -> None:
        """Add the rows `part`, whose covariates are `x`."""
        risk = self._point.risk[part]
        self._add(self._at_risk, self._sets.leave[part], risk, x)
        self._add(self._at_risk, self._sets.enter[part], -risk, x)
        if self._own is not None:
            self._add(self._own, self._event_cell[part], risk, x)
        if self._lingering is not None and (stay := self._sets.lingering) is not None:
            self._add(self._lingering, stay.since[part], risk * stay.scale[part], x)

    def _add(self, sums: Array, cell: Array, risk: Array, x: Array) -> None:
        row = np.flatnonzero(cell < self._sets.n_cells)
        present, group = np.unique(cell[row], return_inverse=True)
        sums[present] += group_sums(group, risk[row], x, len(present), row)

    def means(self) -> Iterator[tuple[slice, Array]]:
        """Yield blocks of terms, and the mean covariates (terms, p) of their risk sets; once, after all rows."""
        sets, at_risk = self._sets, self._sets.down(self._at_risk)
        if self._lingering is not None:
            at_risk += sets.linger(self._lingering)
        for start in range(0, len(sets.term_cell), TERM_BLOCK):
            block = slice(start, start + TERM_BLOCK)
            means = at_risk[sets.term_cell[block]]
            if self._own is not None:
                means -= sets.term_fraction[block, None] * self._own[sets.term_cell[block]]
            means /= self._point.sums[block, None]
            yield block, means


def group_sums(group: Array, weight: Array, x: Array, n_groups: int, row: Array | None = None) -> Array:
    """Sums (groups, p) of weight · x[row] by group; by default of all rows."""
    column = np.arange(len(x)) if row is None else row
    return csr_array((weight.astype(x.dtype), (group, column)), shape=(n_groups, len(x))) @ x
