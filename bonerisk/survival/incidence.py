"""Incidence at horizons, by group: rows for a table, with an exact bound where nobody has had the event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.survival import aalen_johansen, kaplan_meier
from bonerisk.survival.curve import Readings, shortened
from bonerisk.survival.interval import quantile_of
from bonerisk.survival.life_table import labels
from bonerisk.survival.outcome import COMPETING, EVENT, outcome

Array = np.ndarray

AALEN_JOHANSEN, KAPLAN_MEIER, ZERO = "Aalen–Johansen", "Kaplan–Meier", "exact one-sided bound"


@dataclass(frozen=True)
class Incidence:
    """Risk of the event by a horizon in one group.

    Parameters
    ----------
    group : object
    horizon : float
        As asked, in the unit of time.
    n : int
        Rows of the group.
    n_events, n_competing : int
        By the horizon.
    at_risk : int
        Rows whose follow-up reaches the horizon.
    incidence, lower, upper : float
        NaN if undefined; `note` says why.
    level : float
    method : str
        Estimator and interval.
    note : str
    """

    group: object
    horizon: float
    n: int
    n_events: int
    n_competing: int
    at_risk: int
    incidence: float
    lower: float
    upper: float
    level: float
    method: str
    note: str


def zero_bound(n: int, level: float = 0.95) -> float:
    """Upper limit of a risk if none of `n` patients had the event: 1 − (1 − level)^(1/n), about 3/n at 0.95.

    Clopper and Pearson's, one-sided, since the lower limit is surely 0. If follow-up is censored, `n` is the number
    still at risk at the horizon: only these patients are known to be event-free until then. Ignoring the event-free
    time of the others makes the bound too high, never too low.

    Raises
    ------
    DataError
        Nobody is at risk.
    ConfigError
        The level is not between 0 and 1.

    References
    ----------
    Clopper & Pearson 1934, Biometrika 26:404. Hanley & Lippman-Hand 1983, JAMA 249:1743.

    Examples
    --------
    >>> round(zero_bound(100), 4)  # the rule of three: 3/100
    0.0295
    """
    quantile_of(level)
    if n < 1:
        raise DataError("no bound, because nobody is at risk", "zero_bound", "take an earlier horizon")
    return -float(np.expm1(np.log1p(-level) / n))


def at_horizons(
    time: ArrayLike,
    status: ArrayLike,
    horizons: Sequence[float],
    *,
    group: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    competing: bool | None = None,
    interval: str = "log-log",
    level: float = 0.95,
) -> list[Incidence]:
    """Incidence of the event at each horizon in each group.

    With competing events there are two rows each: Aalen–Johansen's, the risk when patients can die first, and
    Kaplan–Meier's, which counts deaths as censored and is higher.

    Parameters
    ----------
    time, status : array (n,)
        Status 0 censored, 1 the event, 2 a competing event.
    horizons : sequence of float
    group : array (n,), optional
        Without it all rows are the group "all".
    cluster : array (n,), optional
        Patient of each row; the bound of a group without events then counts patients.
    competing : bool, optional
        Whether competing events can occur; None: whether these rows have any. True keeps several groups, some of them
        without deaths, on one scale.
    interval : str
        Scale of the intervals; for Kaplan–Meier, scale of the survival.
    level : float

    Returns
    -------
    list of Incidence
        By group, horizon and method. A horizon past a group's follow-up has no incidence, and a note.

    Raises
    ------
    DataError, ConfigError
        As for `aalen_johansen.fit`.

    Examples
    --------
    >>> for row in at_horizons([1, 2, 3, 4], [1, 2, 1, 0], [3]):
    ...     print(row.method, row.n_events, row.n_competing, round(row.incidence, 3))
    Aalen–Johansen, log-log interval 2 1 0.5
    Kaplan–Meier, log-log interval 2 1 0.625
    """
    checked = outcome(time, status, highest=COMPETING)
    n = len(checked)
    names, code = (np.array(["all"]), np.zeros(n, dtype=int)) if group is None else labels(group, n, "group")
    unit = np.arange(n) if cluster is None else labels(cluster, n, "cluster")[1]
    dying = bool(np.any(checked.status == COMPETING)) if competing is None else competing
    rows = []
    for k, name in enumerate(names.tolist()):
        inside = code == k
        times, states, units = checked.time[inside], checked.status[inside], unit[inside]
        by = None if cluster is None else units
        survival = kaplan_meier.fit(times, states == EVENT, cluster=by, interval=interval, level=level)
        curves = [(KAPLAN_MEIER, _complement(survival.at(horizons)))]
        if dying:
            lost = aalen_johansen.fit(times, states, cluster=by, interval=interval, level=level)
            curves.insert(0, (AALEN_JOHANSEN, lost.at(horizons)))
        for place, horizon in enumerate(horizons):
            _, short = shortened(times, horizon)
            reached, patients = times >= horizon, len(np.unique(units[times >= horizon]))
            n_events, n_competing = (int(np.sum(times[states == cause] <= horizon)) for cause in (EVENT, COMPETING))
            for method, curve in curves:
                estimate, lower, upper = (float(v[place]) for v in (curve.estimate, curve.lower, curve.upper))
                words, note = f"{method}, {interval} interval", curve.note[place]
                if not n_events and not short:
                    lower, upper, words = 0.0, zero_bound(patients, level), f"{method}, {ZERO}"
                    note = f"no event; bound from the {patients} at risk at the horizon"
                rows.append(
                    Incidence(
                        *(name, float(horizon), len(times), n_events, n_competing, int(reached.sum())),
                        *(estimate, lower, upper, level, words, note),
                    )
                )
    return rows


def _complement(survival: Readings) -> Readings:
    return Readings(
        survival.time,
        1 - survival.estimate,
        survival.standard_error,
        1 - survival.upper,
        1 - survival.lower,
        survival.at_risk,
        survival.note,
    )
