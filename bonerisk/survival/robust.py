"""Lin and Wei's sandwich variance, which stays right if a patient has several rows, or the model is wrong."""

from __future__ import annotations

import numpy as np

from bonerisk.survival.partial_likelihood import PartialLikelihood, RiskSums, group_sums
from bonerisk.survival.risk_sets import Point

Array = np.ndarray


def meat(likelihood: PartialLikelihood, point: Point, cluster: Array, more: Array | None = None) -> Array:
    """Σ over clusters of s sᵀ (p, p), s being the sum of the rows' weighted score residuals.

    The score residual of a row is (x − mean of the risk set) at its own event, minus the sum of the same over all
    events for which it was at risk, weighted by its expected events there; as ``residuals(fit, "score", weighted =
    TRUE)``, with Efron and with Breslow ties.

    Parameters
    ----------
    likelihood : PartialLikelihood
    point : Point
    cluster : array (n,) of int
        0, 1, ….
    more : array (n, p), optional
        What is added to each row's residuals.

    References
    ----------
    Lin & Wei 1989, JASA 84:1074.
    """
    n, p = likelihood.rows.shape
    by_cell = _RiskMeans(likelihood, point)
    first, last = np.full(n, n), np.zeros(n, dtype=int)
    np.minimum.at(first, cluster, np.arange(n))
    np.maximum.at(last, cluster, np.arange(n))
    total = np.zeros((p, p))
    held: dict[int, Array] = {}
    for part, chunk in likelihood.rows.chunks():
        scores = by_cell.scores(part, likelihood.standardised(chunk))
        scores += 0 if more is None else more[part]
        present, group = np.unique(cluster[part], return_inverse=True)
        sums = group_sums(group, np.ones(len(group)), scores, len(present))
        # A patient whose rows all lie in this chunk is finished; only the others are held, until their last row.
        whole = (first[present] >= part.start) & (last[present] < part.stop)
        total += sums[whole].T @ sums[whole]
        for patient, score in zip(present[~whole].tolist(), sums[~whole], strict=True):
            held[patient] = held.get(patient, 0) + score
        done = [held.pop(patient) for patient in present[~whole].tolist() if last[patient] < part.stop]
        if done:
            total += np.transpose(done) @ np.array(done)
    return total


class _RiskMeans:
    """What score residuals need from each cell (K, p)."""

    def __init__(self, likelihood: PartialLikelihood, point: Point) -> None:
        sets, p = likelihood.sets, likelihood.rows.shape[1]
        sums = RiskSums(sets, point, p)
        for part, chunk in likelihood.rows.chunks():
            sums.add(part, likelihood.standardised(chunk))
        self._sets, self._point, k = sets, point, sets.n_cells
        step, self._spared, self._mean = np.zeros((k, p)), np.zeros((k, p)), np.zeros((k, p))
        terms = np.bincount(sets.term_cell)
        for block, means in sums.means():
            cell, hazard = sets.term_cell[block], point.hazard[block]
            step += group_sums(cell, hazard, means, k)
            self._spared += group_sums(cell, hazard * sets.term_fraction[block], means, k)
            self._mean += group_sums(cell, 1 / terms[cell], means, k)
        self._cumulative = sets.up(step)
        self._lingered = None if sets.lingering is None else sets.lingered(step)
        self._event_cell = np.full(len(sets.weights), k)
        self._event_cell[sets.event_row] = sets.event_cell

    def scores(self, part: slice, x: Array) -> Array:
        """Weighted score residuals of the rows `part`, whose covariates are `x`."""
        sets, risk = self._sets, self._point.risk[part, None]
        scores = risk * (self._cumulative[sets.leave[part]] - self._cumulative[sets.enter[part]])
        if self._lingered is not None:
            scores += risk * self._lingered[part]
        scores -= self._point.expected[part, None] * x
        row = np.flatnonzero(self._event_cell[part] < sets.n_cells)
        cell, weight = self._event_cell[part][row], sets.weights[part][row, None]
        scores[row] += weight * (x[row] - self._mean[cell]) - risk[row] * self._spared[cell]
        return scores
