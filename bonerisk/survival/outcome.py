"""The one check of time-to-event outcomes; after it, times are float64, statuses small integers, and all are valid.

Times that differ by rounding only are one time. They come from differences: an age at exit less an age at entry may be
0.5999999999999943, 0.6 or 0.6000000000000014. Ties, and so most estimates, depend on it.

Vocabulary
----------
time
    Follow-up from the film to the first event, competing event or censoring, in years or any one unit; over 0.
status
    0 censored, 1 the event, 2 a competing event (death); a plain event column has no 2.
entry
    Left truncation: the patient is at risk from this time on, not from 0; less than `time`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError

Array = np.ndarray

CENSORED, EVENT, COMPETING = 0, 1, 2
TOLERANCE = np.finfo(float).eps ** 0.5  # between times of a tie, as in R's survival


@dataclass(frozen=True)
class Outcome:
    """Checked outcomes, one row per film or patient, in the order given.

    Parameters
    ----------
    time : array (n,) of float64
    status : array (n,) of int8
        0 censored, 1 event, 2 competing event.
    entry : array (n,) of float64, optional
        None: all are at risk from the start.
    """

    time: Array
    status: Array
    entry: Array | None = None

    def __len__(self) -> int:
        return len(self.time)

    @property
    def event(self) -> Array:
        """Whether the event of interest ended the follow-up, (n,) of bool."""
        return self.status == EVENT

    @property
    def n_events(self) -> int:
        """Rows with the event of interest."""
        return int(np.count_nonzero(self.event))


def outcome(time: ArrayLike, status: ArrayLike, entry: ArrayLike | None = None, *, highest: int = EVENT) -> Outcome:
    """Check an outcome, and resolve its near ties (`without_near_ties`).

    Parameters
    ----------
    time : array (n,)
    status : array (n,)
        Booleans or whole numbers, 0 to `highest`.
    entry : array (n,), optional
    highest : int
        1 with events only, 2 with competing events.

    Raises
    ------
    DataError
        Lengths differ, there are no rows, a time is missing, infinite or not over 0, a status is not allowed, or an
        entry is not less than its time by more than rounding. The first such row is named, counted from 0.

    Examples
    --------
    >>> outcome([2.5, 4], [True, False]).event
    array([ True, False])
    >>> outcome([2.5, -1], [1, 0])
    Traceback (most recent call last):
    bonerisk.errors.DataError: time -1.0 is not over 0
      where: row 1, counted from 0
      mend:  give the time from the film to the end of follow-up
    """
    times, states = np.asarray(time, dtype=float), np.asarray(status)
    entries = None if entry is None else np.asarray(entry, dtype=float)
    if times.ndim != 1 or any(part is not None and part.shape != times.shape for part in (states, entries)):
        shapes = ", ".join(str(part.shape) for part in (times, states, entries) if part is not None)
        raise DataError(f"time, status and entry must be of one length, not {shapes}", "time-to-event outcome")
    if not len(times):
        raise DataError("no rows", "time-to-event outcome")
    mend = "give the time from the film to the end of follow-up"
    _demand(np.isfinite(times) & (times > 0), times, "time", "is not over 0", mend)
    allowed = "0 (censored) or 1 (event)" if highest == EVENT else f"0 (censored), 1 (event) to {highest} (competing)"
    _demand(np.isin(states, np.arange(highest + 1)), states, "status", f"is not {allowed}", "recode it")
    if entries is not None:
        ahead = np.isfinite(entries) & (entries < times)
        _demand(ahead, entries, "entry", "is not under its time", "nobody can enter after the end of follow-up")
        entered, (times, entries) = entries, without_near_ties(times, entries)
        mend = "leave the row out: it has no follow-up"
        _demand(entries < times, entered, "entry", "is under its time by rounding only", mend)
    else:
        (times,) = without_near_ties(times)
    return Outcome(times, states.astype(np.int8), entries)


def without_near_ties(*times: Array) -> tuple[Array, ...]:
    """Times whose neighbours differ by rounding only become the smallest of them, as by ``survival::aeqSurv`` in R.

    Neighbours among the distinct times of all arrays together are one time if they differ by at most √ε = 1.5e-8, or by
    at most that share of the mean distinct time (``timefix = TRUE``, the default of ``coxph``, ``survfit`` and
    ``concordance``). Other times, missing and infinite ones do not change by a bit.

    Parameters
    ----------
    *times : array (n,) of float64

    Examples
    --------
    >>> without_near_ties(np.array([0.6, 60.6 - 60, 1.1]))[0]  # 60.6 - 60 is 0.6000000000000014
    array([0.6, 0.6, 1.1])
    """
    distinct = np.unique(np.concatenate(times))
    distinct = distinct[np.isfinite(distinct)]
    gaps = np.diff(distinct)
    if not len(gaps):
        return times
    near = (gaps <= TOLERANCE) | (gaps / np.abs(distinct).mean() <= TOLERANCE)
    if not near.any():
        return times
    kept = distinct[np.append(True, ~near)]
    return tuple(
        np.where(np.isfinite(each), kept[np.searchsorted(kept, each, side="right") - 1], each) for each in times
    )


def _demand(good: Array, values: Array, name: str, breach: str, mend: str) -> None:
    bad = np.flatnonzero(~good)
    if len(bad):
        more = f"; {len(bad)} such rows" if len(bad) > 1 else ""
        raise DataError(f"{name} {values[bad[0]]} {breach}", f"row {bad[0]}, counted from 0{more}", mend)
