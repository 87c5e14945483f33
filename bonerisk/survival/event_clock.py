"""A clock that runs by events: from 0 at the film to 1 at the last event of a training split.

What passes on it between two times is in proportion to the events between them, by Kaplan and Meier's estimate, which
allows for censoring. Cut into equal intervals, each has as many events as another: these are the cuts by quantiles of
Kvamme and Borgan 2021, Lifetime Data Anal 27:710.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival import kaplan_meier

Array = np.ndarray


@dataclass(frozen=True)
class EventClock:
    """The clock of a split.

    Parameters
    ----------
    times : array (K,)
        Distinct event times, rising.
    shown : array (K,)
        What the clock shows at each, rising to 1; between them it runs evenly.
    follow_up : float
        Longest follow-up; what comes later is unknown.

    Examples
    --------
    >>> clock = EventClock.of(time=[1, 2, 3, 4], event=[1, 0, 1, 0])
    >>> clock.at([0.5, 1, 2, 3, 4]).round(2)
    array([0.2, 0.4, 0.7, 1. , 1. ])
    >>> clock.time([0.4, 1])
    array([1., 3.])
    """

    times: Array
    shown: Array
    follow_up: float

    @classmethod
    def of(cls, time: ArrayLike, event: ArrayLike) -> EventClock:
        """Learn from follow-up (n,) in years, and whether the event ended it.

        Raises
        ------
        DataError
            There is no event, or an outcome is not valid.
        """
        curve = kaplan_meier.fit(time, event)
        at_event = curve.events > 0
        if not at_event.any():
            raise DataError("no event, by which time could be cut", "time-to-event outcome", "bring some")
        fallen = 1 - curve.survival[at_event]
        return cls(curve.time[at_event], fallen / fallen[-1], float(curve.time[-1]))

    def at(self, times: ArrayLike) -> Array:
        """What the clock shows (m,) at times (m,)."""
        return np.interp(np.asarray(times, dtype=float), np.append(0, self.times), np.append(0, self.shown))

    def time(self, shown: ArrayLike) -> Array:
        """The time (m,) at which the clock shows something (m,), from 0 to 1."""
        return np.interp(np.asarray(shown, dtype=float), np.append(0, self.shown), np.append(0, self.times))
