"""The baseline of a Cox model: cumulative hazard H over time, one per stratum. Survival is exp(−H).

As in ``survfit(coxph(...))``, H rises by Σ mass / (risk left in the risk set) at each event time: Breslow's estimator
with Breslow ties, Efron's with Efron ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival.risk_sets import Point, RiskSets

Array = np.ndarray


@dataclass(frozen=True)
class Baseline:
    """Cumulative hazard of one stratum, for a row whose covariates are the model's reference.

    Parameters
    ----------
    times : array (K,)
        Distinct event times, rising.
    cumulative_hazard : array (K,)
        From each event time on.
    follow_up : float
        Longest follow-up in the stratum; later times are unknown.

    Examples
    --------
    >>> Baseline(np.array([1.0, 3.0]), np.array([0.1, 0.4]), follow_up=5.0).at([0.5, 1, 4])
    array([0. , 0.1, 0.4])
    """

    times: Array
    cumulative_hazard: Array
    follow_up: float

    def at(self, times: ArrayLike) -> Array:
        """Cumulative hazard (m,) at `times` (m,), right-continuous: an event at a time counts at that time.

        Raises
        ------
        DataError
            A time is after the end of follow-up, or missing.
        """
        asked = np.atleast_1d(np.asarray(times, dtype=float))
        late = asked[~(asked <= self.follow_up)]
        if len(late):
            raise DataError(
                f"no survival at {late[0]:g}: follow-up ends at {self.follow_up:g}",
                "times",
                f"ask for times up to {self.follow_up:g}",
            )
        return np.append(0, self.cumulative_hazard)[np.searchsorted(self.times, asked, side="right")]


def baselines(sets: RiskSets, point: Point, time: Array, stratum: Array) -> tuple[Baseline, ...]:
    """Baseline of each stratum, in order; `stratum` (n,) numbers each row's stratum, `time` (n,) is its follow-up."""
    cumulative = sets.up(np.bincount(sets.term_cell, point.hazard)) * np.exp(-point.centre)
    last = np.zeros(len(sets.bounds) - 1)
    np.maximum.at(last, stratum, time)
    cells = [slice(*pair) for pair in zip(sets.bounds[:-1], sets.bounds[1:], strict=True)]
    return tuple(Baseline(sets.times[c], cumulative[c], float(t)) for c, t in zip(cells, last, strict=True))
