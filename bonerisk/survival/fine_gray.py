"""The Fine–Gray model: how columns move the probability of an event that competes with another one.

It is Cox's model of the subdistribution hazard: patients with a competing event stay in the risk sets, since they never
have the event. As they would have been censored some time, their weight falls: at t it is G(t−) / G(T−), T being the
time of their event and G the Kaplan–Meier probability of being uncensored. Its ratios speak about cumulative incidence;
those of `cause_specific` about the rate among patients who are still free of both events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival import cox
from bonerisk.survival.outcome import CENSORED, COMPETING, Outcome, outcome
from bonerisk.survival.partial_likelihood import PartialLikelihood, RiskSums
from bonerisk.survival.risk_sets import Lingering, Point, codes, risk_sets
from bonerisk.survival.rows import Rows, moments, rows_of

Array = np.ndarray


def fit(
    x: ArrayLike | Rows,
    time: ArrayLike,
    status: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> cox.CoxFit:
    """Maximise the weighted partial likelihood, with Breslow's ties, as ``cmprsk::crr``.

    `CoxFit.survival` is 1 − the cumulative incidence of the event. The covariance is robust, and allows for the
    estimation of G, as that of ``crr``; ``coxph`` on ``survival::finegray`` does not, and lets events precede
    censorings at the same time in G, where ``crr`` does not.

    Parameters
    ----------
    x : array (n, p) or Rows
    time : array (n,)
        Over 0, in any unit.
    status : array (n,)
        0 censored, 1 event, 2 competing event.
    cluster : array (n,), optional
        Patient of each row, if some have several.
    names : sequence of str, optional
        Names of the columns.

    Raises
    ------
    DataError
        As `cox.fit`.

    References
    ----------
    Fine & Gray 1999, JASA 94:496.

    Examples
    --------
    Without competing events it is Cox's model.

    >>> model = fit([[2], [0], [1], [2], [1], [0]], [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 0])
    >>> model.coefficients.round(2)
    array([0.35])
    """
    observed, rows = outcome(time, status, highest=COMPETING), rows_of(x, names)
    n, p = rows.shape
    if n != len(observed):
        raise DataError(f"{n} rows of covariates, {len(observed)} times", "Fine–Gray model", "give a row for each time")
    censoring = _Censoring(observed)
    sets = risk_sets(observed, np.ones(n), ties="breslow")
    competing = observed.status == COMPETING
    since = np.where(sets.leave == sets.n_cells, 0, sets.leave + 1)
    stay = Lingering(
        np.where(competing, since, sets.n_cells),
        np.where(competing, 1 / censoring.before(observed.time), 0.0),
        censoring.before(sets.times),
    )
    likelihood = PartialLikelihood(rows, moments(rows), replace(sets, lingering=stay))
    patient = np.arange(n) if cluster is None else codes(cluster, n, "cluster")

    def more(point: Point) -> Array:
        return _of_censoring(likelihood, point, observed, censoring)

    return cox.maximised(likelihood, observed, np.zeros(p), "breslow", patient, more=more)


class _Censoring:
    """Kaplan and Meier's curve of the censorings: distinct times (m,), how many, and how many rows are at risk."""

    def __init__(self, observed: Outcome) -> None:
        self.times, self.count = np.unique(observed.time[observed.status == CENSORED], return_counts=True)
        self.at_risk = len(observed) - np.searchsorted(np.sort(observed.time), self.times, side="left")
        self.survival = np.cumprod(1 - self.count / self.at_risk)

    def before(self, times: Array) -> Array:
        """G(t−) of `times`."""
        return np.append(1.0, self.survival)[np.searchsorted(self.times, times, side="left")]


def _of_censoring(likelihood: PartialLikelihood, point: Point, observed: Outcome, censoring: _Censoring) -> Array:
    """What each row adds to the score (n, p) by its part in the estimate of G: ψ in Fine & Gray's section 4.

    A censoring at u changes the weights that rows with T < u have at t ≥ u, as in ``crr`` (where times tie, one might
    take T ≤ u < t).
    """
    sets, p = likelihood.sets, likelihood.rows.shape[1]
    stay = sets.lingering
    assert stay is not None
    sums, started = RiskSums(sets, point, p), np.zeros((len(censoring.times) + 1, 1 + p))
    after = np.searchsorted(censoring.times, observed.time, side="right")  # the first censoring after each row
    for part, chunk in likelihood.rows.chunks():
        x = likelihood.standardised(chunk)
        sums.add(part, x)
        weighted = (point.risk[part] * stay.scale[part])[:, None] * np.column_stack([np.ones(len(x)), x])
        np.add.at(started, after[part], weighted)
    held = np.cumsum(started, axis=0)[:-1]  # of the competing rows before each censoring
    steps = np.zeros((sets.n_cells + 1, 1 + p))
    for block, means in sums.means():
        hazard = (point.hazard[block] * stay.still[sets.term_cell[block]])[:, None]
        np.add.at(steps, sets.term_cell[block], hazard * np.column_stack([np.ones(len(means)), means]))
    later = np.cumsum(steps[::-1], axis=0)[::-1][np.searchsorted(sets.times, censoring.times, side="left")]
    q = (held[:, 1:] * later[:, :1] - held[:, :1] * later[:, 1:]) / censoring.at_risk[:, None]
    summed = np.vstack([np.zeros(p), np.cumsum(q * (censoring.count / censoring.at_risk)[:, None], axis=0)])
    found, censored = -summed[after], observed.status == CENSORED
    found[censored] += q[after[censored] - 1]
    return found
