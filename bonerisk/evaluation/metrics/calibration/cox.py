"""Cox regression on a few columns up to a horizon, in many draws at once, with Efron's ties.

A film that is three times in a draw is three films: three events that tie, where it has the event. (The case weights of
``survival::coxph`` are another thing, and tie by row.) So weights must be whole numbers.

References
----------
Efron 1977, J Am Stat Assoc 72:557; Therneau & Grambsch 2000, Modeling Survival Data, §3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonerisk.evaluation.metrics.calibration.regression import WIDEST, RegressionDesign, maximise
from bonerisk.evaluation.samples.followed import Followed

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class CalibrationRiskSets:
    """Who is at risk at each time of an event up to a horizon; films in order of time.

    Parameters
    ----------
    first : int
        First film at risk at any of these times; those before it add nothing to the likelihood.
    starts : array (times,) of int
        First film at risk at each time, counted from `first`.
    cell : array (n − first,) of int
        The last of these times at which each film is at risk.
    event : array (events,) of int
        Films with the event, counted from `first`.
    event_starts : array (times,) of int
        First of these events at each time.
    """

    first: int
    starts: Array
    cell: Array
    event: Array
    event_starts: Array

    @classmethod
    def of(cls, sample: Followed, horizon: float) -> CalibrationRiskSets:
        """Index the films; there must be an event by the horizon. Competing events count as censored."""
        rows = np.flatnonzero(sample.had_event(horizon))
        times, event_starts = np.unique(sample.time[rows], return_index=True)
        starts = np.searchsorted(sample.time, times, side="left")
        first = int(starts[0])
        cell = np.repeat(np.arange(len(times)), np.diff(np.append(starts, len(sample))))
        return cls(first, starts - first, cell, rows - first, event_starts)

    def deaths(self, weights: Array) -> Array:
        """Events (draws, times) at each time, of weights (draws, n)."""
        events = np.add.reduceat(weights[:, self.first :][:, self.event], self.event_starts, axis=1)
        return np.rint(events).astype(int)

    def at_risk(self, values: Array) -> Array:
        """Sums (draws, times) over the films at risk at each time, of values (draws, n − first)."""
        return np.cumsum(np.add.reduceat(values, self.starts, axis=1)[:, ::-1], axis=1)[:, ::-1]

    def events(self, values: Array) -> Array:
        """Sums (draws, times) over the events at each time, of values (draws, events)."""
        return np.add.reduceat(values, self.event_starts, axis=1)


@dataclass(frozen=True, eq=False)
class CoxTerms:
    """Factors of the partial likelihood: of d events that tie, each leaves a fraction 0, 1/d, … of them out.

    Parameters
    ----------
    of : array (terms,) of int
        Draw and time, flattened, of each.
    draw : array (terms,) of int
    fraction : array (terms,)
    shape : tuple
        Draws, times.
    """

    of: Array
    draw: Array
    fraction: Array
    shape: tuple[int, ...]

    @classmethod
    def among(cls, deaths: Array) -> CoxTerms:
        """One term an event, of events (draws, times)."""
        flat = deaths.ravel()
        of = np.repeat(np.arange(len(flat)), flat)
        nth = np.arange(len(of)) - np.repeat(np.cumsum(flat) - flat, flat)
        return cls(of, of // deaths.shape[1], nth / flat[of], deaths.shape)

    def sums(self, at_risk: Array, events: Array) -> Array:
        """What is left at risk (terms,) of sums over risk sets and over their events, each (draws, times)."""
        return at_risk.ravel()[self.of] - self.fraction * events.ravel()[self.of]

    def by_time(self, values: Array) -> Array:
        """Sums (draws, times) of values (terms,)."""
        return np.bincount(self.of, values, int(np.prod(self.shape))).reshape(self.shape)

    def by_draw(self, values: Array) -> Array:
        """Sums (draws,) of values (terms,)."""
        return np.bincount(self.draw, values, self.shape[0])


def fit(sets: CalibrationRiskSets, design: RegressionDesign, weights: Array, start: Array | None = None) -> Array:
    """Coefficients (draws, p), by maximum partial likelihood.

    Parameters
    ----------
    sets : CalibrationRiskSets
    design : RegressionDesign
        Without intercept.
    weights : array (draws, n)
        Whole numbers.
    start : array (p,), optional
    """
    x, products = design.columns[sets.first :], design.products[sets.first :]
    tail, deaths = weights[:, sets.first :], sets.deaths(weights)
    of_events = x[sets.event]
    followed = tail[:, sets.event] @ of_events
    time_of_event = sets.cell[sets.event]
    space = np.empty((3, *tail.shape))  # for all steps: taking fresh memory for each takes as long as the sums

    def derivatives(beta: Array, going: Array) -> tuple[Array, Array]:
        risk, expected, times_x = space[:, : len(going)]
        np.matmul(beta, x.T, out=risk)
        np.exp(np.minimum(risk, WIDEST, out=risk), out=risk)
        risk *= tail if len(going) == len(tail) else tail[going]
        terms, own = CoxTerms.among(deaths[going]), risk[:, sets.event]
        hazard = 1 / terms.sums(sets.at_risk(risk), sets.events(own))
        # The events expected of each film; one with the event isn't at risk for the part that its ties have left.
        np.take(np.cumsum(terms.by_time(hazard), axis=1), sets.cell, axis=1, out=expected, mode="clip")
        expected *= risk
        expected[:, sets.event] -= own * terms.by_time(terms.fraction * hazard)[:, time_of_event]
        means = []
        for column, of_event in zip(x.T, of_events.T, strict=True):
            np.multiply(risk, column, out=times_x)
            means.append(hazard * terms.sums(sets.at_risk(times_x), sets.events(own * of_event)))
        between = np.array([terms.by_draw(means[i] * means[j]) for i, j in design.pairs])
        return followed[going] - expected @ x, (expected @ products - between.T)[:, design.place]

    return maximise(derivatives, np.tile(np.zeros(x.shape[1]) if start is None else start, (len(weights), 1)))


def baseline(sets: CalibrationRiskSets, design: RegressionDesign, weights: Array, beta: Array) -> Array:
    """Cumulative hazard (draws,) at the horizon where all columns are 0; NaN if there is no fit.

    Efron's, as ``survfit`` has it after ``coxph(ties="efron")``.

    Parameters
    ----------
    sets : CalibrationRiskSets
    design : RegressionDesign
    weights : array (draws, n)
    beta : array (draws, p)
    """
    risk = weights[:, sets.first :] * np.exp(np.minimum(beta @ design.columns[sets.first :].T, WIDEST))
    terms = CoxTerms.among(sets.deaths(weights))
    hazard = terms.by_draw(1 / terms.sums(sets.at_risk(risk), sets.events(risk[:, sets.event])))
    return np.where(np.isfinite(beta).all(axis=1), hazard, np.nan)
