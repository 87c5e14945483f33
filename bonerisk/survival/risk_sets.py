"""Risk sets: who is at risk at each event time, and what the partial likelihood sums over them.

Vocabulary
----------
cell
    A distinct event time of a stratum. Cells are in order of stratum, then time; there are K of them.
term
    A factor of the partial likelihood. Breslow has one per cell. Efron has one per event; a `fraction` (0, 1/d, …) of
    the d tied events has already left its risk set.
risk
    weight · exp(x·beta) of a row, up to a common factor.

Row i is at risk in the cells after `enter[i]` up to and including `leave[i]`, so a sum over risk sets is a sum by cell
and one cumulative sum, whatever the order of the rows. K in place of a cell means "before all of them".

In a Fine–Gray model, rows whose follow-up a competing event ended stay in the risk sets of later cells, with a weight
that falls with the censoring survival: `Lingering`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival.outcome import Outcome

Array = np.ndarray

TIES = ("efron", "breslow")
WIDEST = 600.0  # between linear predictors: exp() of more overflows float64


@dataclass(frozen=True)
class Lingering:
    """Rows that stay in the risk sets of the cells from `since` on, with the weight ``scale · still``.

    Parameters
    ----------
    since : array (n,) of int
        First cell; K if the row does not stay.
    scale : array (n,)
        1 / G(T−) of the row's time T; 0 if it does not stay.
    still : array (K,)
        G(t−) of each cell's time t, G being the probability of still being uncensored.
    """

    since: Array
    scale: Array
    still: Array


@dataclass(frozen=True)
class RiskSets:
    """Which rows are at risk at each event time.

    Parameters
    ----------
    weights : array (n,)
    enter, leave : array (n,) of int
        Last cell before a row is at risk, and last one at which it is; K if there is no such cell.
    event_row, event_cell : array (events,) of int
        Rows with an event, and their cells.
    times : array (K,)
    bounds : array (strata + 1,) of int
        Cells of stratum s are bounds[s] ≤ k < bounds[s + 1].
    term_cell, term_fraction, term_mass : array (terms,)
        `mass` is the weight of a term: the cell's sum of event weights (Breslow) or their mean (Efron).
    lingering : Lingering, optional
        For one stratum.
    """

    weights: Array
    enter: Array
    leave: Array
    event_row: Array
    event_cell: Array
    times: Array
    bounds: Array
    term_cell: Array
    term_fraction: Array
    term_mass: Array
    lingering: Lingering | None = None

    @property
    def n_cells(self) -> int:
        """Distinct event times, over all strata."""
        return len(self.times)

    @property
    def mass(self) -> float:
        """Sum of the events' weights."""
        return float(self.weights[self.event_row].sum())

    def down(self, by_cell: Array) -> Array:
        """Sums (K, …) over this cell and the later ones of its stratum, in place."""
        for start, stop in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            backwards = by_cell[start:stop][::-1]
            np.cumsum(backwards, axis=0, out=backwards)
        return by_cell

    def linger(self, by_cell: Array) -> Array:
        """Sums (K, …) over the lingering rows at risk in each cell, of what starts to count in a cell (K, …)."""
        assert self.lingering is not None
        return np.cumsum(by_cell, axis=0) * self.lingering.still.reshape(-1, *[1] * (by_cell.ndim - 1))

    def lingered(self, by_cell: Array) -> Array:
        """Sums (n, …) over the cells in which each row lingers, by the weight of the row there."""
        assert self.lingering is not None
        still = self.lingering.still.reshape(-1, *[1] * (by_cell.ndim - 1)) * by_cell
        rest = np.zeros((len(still) + 1, *still.shape[1:]))
        rest[:-1] = np.cumsum(still[::-1], axis=0)[::-1]
        return rest[self.lingering.since] * self.lingering.scale.reshape(-1, *[1] * (by_cell.ndim - 1))

    def up(self, by_cell: Array) -> Array:
        """Sums (K + 1, …) over this cell and the earlier ones of its stratum; 0 at K, "before all"."""
        sums = np.zeros((len(by_cell) + 1, *by_cell.shape[1:]))
        for start, stop in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            np.cumsum(by_cell[start:stop], axis=0, out=sums[start:stop])
        return sums

    def at(self, eta: Array) -> Point | None:
        """The likelihood at linear predictors `eta` (n,); None if they are too far apart."""
        centre = eta.max()
        if not centre - eta.min() < WIDEST:
            return None
        k = self.n_cells
        risk = self.weights * np.exp(eta - centre)
        own = np.bincount(self.event_cell, risk[self.event_row], k)
        at_risk = self.down((np.bincount(self.leave, risk, k + 1) - np.bincount(self.enter, risk, k + 1))[:k])
        if self.lingering is not None:
            since, scale = self.lingering.since, self.lingering.scale
            at_risk = at_risk + self.linger(np.bincount(since, risk * scale, k + 1)[:k])
        # Late entries are subtracted; despite rounding, a risk set is never less than its own events.
        at_risk = np.maximum(at_risk, own)
        sums = at_risk[self.term_cell] - self.term_fraction * own[self.term_cell]
        loglik = self.weights[self.event_row] @ (eta[self.event_row] - centre) - self.term_mass @ np.log(sums)
        hazard = self.term_mass / sums
        cumulative = self.up(np.bincount(self.term_cell, hazard, k))
        exposure = cumulative[self.leave] - cumulative[self.enter]
        spared = np.bincount(self.term_cell, self.term_fraction * hazard, k)
        exposure[self.event_row] -= spared[self.event_cell]
        if self.lingering is not None:
            exposure += self.lingered(np.bincount(self.term_cell, hazard, k))
        return Point(float(loglik), centre, risk, sums, hazard, np.maximum(exposure, 0) * risk)


@dataclass(frozen=True)
class Point:
    """The partial likelihood at one linear predictor.

    Parameters
    ----------
    log_likelihood : float
    centre : float
        Subtracted from the linear predictor; risks are relative to it.
    risk : array (n,)
    sums : array (terms,)
        Risk left in each term's risk set.
    hazard : array (terms,)
        Step of the cumulative hazard at each term, relative to `centre`.
    expected : array (n,)
        Expected events of each row, by weight.
    """

    log_likelihood: float
    centre: float
    risk: Array
    sums: Array
    hazard: Array
    expected: Array


def risk_sets(outcome: Outcome, weights: Array, strata: ArrayLike | None = None, ties: str = "efron") -> RiskSets:
    """Index which rows are at risk at each event time.

    Parameters
    ----------
    outcome : Outcome
        A row is at risk after its entry, up to and including its time. Times tie if they are equal to the bit, as
        `bonerisk.survival.outcome.outcome` makes those that differ by rounding.
    weights : array (n,)
        Rows of weight 0 are ignored.
    strata : array (n,), optional
        Risk sets hold rows of one stratum only.
    ties : {"efron", "breslow"}

    Raises
    ------
    ConfigError
        `ties` is unknown.
    DataError
        There is no event.
    """
    if ties not in TIES:
        raise ConfigError(f"ties={ties!r} is neither efron nor breslow", "Cox model", "ties='efron'")
    event_row = np.flatnonzero(outcome.event & (weights > 0))
    if not len(event_row):
        raise DataError("no events, and the Cox model needs one", "time-to-event outcome", "check how events are coded")
    stratum = np.zeros(len(outcome), dtype=np.intp) if strata is None else codes(strata, len(outcome), "strata")
    grid = np.unique(outcome.time[event_row])
    # A cell's key is its stratum and the rank of its time; the last cell up to a key is found by bisection.
    keys = stratum[event_row] * len(grid) + np.searchsorted(grid, outcome.time[event_row])
    cells, event_cell, deaths = np.unique(keys, return_inverse=True, return_counts=True)
    bounds = np.searchsorted(cells, np.arange(stratum.max() + 2) * len(grid))

    def last_cell(time: Array) -> Array:
        rank = np.searchsorted(grid, time, side="right")
        cell = np.searchsorted(cells, stratum * len(grid) + rank) - 1
        return np.where(cell < bounds[stratum], len(cells), cell)

    leave = last_cell(outcome.time)
    enter = np.full(len(outcome), len(cells)) if outcome.entry is None else last_cell(outcome.entry)
    mass = np.bincount(event_cell, weights[event_row])
    if ties == "efron":
        term_cell = np.repeat(np.arange(len(cells)), deaths)
        nth = np.arange(len(term_cell)) - np.repeat(np.cumsum(deaths) - deaths, deaths)
        fraction, mass = nth / deaths[term_cell], (mass / deaths)[term_cell]
    else:
        term_cell, fraction = np.arange(len(cells)), np.zeros(len(cells))
    return RiskSets(
        weights, enter, leave, event_row, event_cell, grid[cells % len(grid)], bounds, term_cell, fraction, mass
    )


def codes(groups: ArrayLike, n: int, name: str) -> Array:
    """Number the groups (strata, clusters) 0, 1, … in the order of their values.

    Raises
    ------
    DataError
        There are not `n` of them, or one is missing.
    """
    labels = np.asarray(groups)
    if labels.shape != (n,):
        raise DataError(f"{name} must be ({n},) as time is, not {labels.shape}", name, "give one for each row")
    missing = np.flatnonzero([label is None or label != label for label in labels.tolist()])
    if len(missing):
        raise DataError(f"{name} is missing", f"row {missing[0]}, counted from 0", "leave the row out")
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)
