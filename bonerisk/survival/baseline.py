"""The baseline of a Cox model: cumulative hazard by time, one a stratum, and survival from it.

As ``survfit(coxph(...))``: steps Σ mass / (risk left in the risk set) at each event time, which is Breslow's estimator
where ties are Breslow's and the Efron one where they are Efron's; survival is exp(−H).
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
    """Of one stratum, for a row whose covariates are the model's reference.

    Parameters
    ----------
    times : array (K,)
        Distinct event times, rising.
    cumulative_hazard : array (K,)
        From each event time on.
    follow_up : float
        Longest in the stratum: nothing is known of later times.
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
    """Of each stratum, in order; `stratum` (n,) are their numbers, and `time` (n,) is follow-up."""
    cumulative = sets.up(np.bincount(sets.term_cell, point.hazard)) * np.exp(-point.centre)
    last = np.zeros(len(sets.bounds) - 1)
    np.maximum.at(last, stratum, time)
    cells = [slice(*pair) for pair in zip(sets.bounds[:-1], sets.bounds[1:], strict=True)]
    return tuple(Baseline(sets.times[c], cumulative[c], float(t)) for c, t in zip(cells, last, strict=True))
