"""The outcome in a user's own table: the event as 1 or 0, times in years, weights over 0."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import pandas as pd

from bonerisk.cohort import misread, values
from bonerisk.cohort.check import Refusals
from bonerisk.cohort.table import FOLLOW_UP, SAMPLING, few
from bonerisk.errors import ConfigError, DataError, raise_together

PER_YEAR = {"years": 1.0, "months": 12.0, "days": 365.25}
LONGEST = values.BOUNDS["time_years"][1]
SLIPS = 0.01  # share of rows; an error in more of them is no slip, but another code or unit


def bad_unit(unit: str) -> Iterator[ConfigError]:
    """Yield an error if there is no such unit of time."""
    if unit not in PER_YEAR:
        near = get_close_matches(unit, PER_YEAR, n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        yield ConfigError(f"there is no unit {unit!r}", "dataset.time_unit", f"{mend}one of {', '.join(PER_YEAR)}")


def in_years(text: pd.DataFrame, unit: str, refusals: Refusals, required: bool = True) -> pd.DataFrame:
    """Return the rows with times in years; rows without a valid outcome are refused.

    Parameters
    ----------
    text : DataFrame of str
        With column event, by our names, and time_years, entry_years, competing_event, stratum and case_weight where the
        table has them; indexed by line.
    unit : {"years", "months", "days"}
        Of time_years and entry_years.
    refusals : Refusals
        Takes rows whose outcome, stratum or weight is missing, whose time is no number, not over 0 or over 120 years,
        whose entry is under 0 or not before that time, whose weight is not over 0, and those where event and competing
        event are both 1.
    required : bool
        Whether a row without an outcome is refused; otherwise it stays, for other targets.

    Raises
    ------
    DataError
        The event has other codes than 1 and 0, there are entry times without times, or times are of another unit or
        misread as a whole; all at once.
    """
    for column in (*FOLLOW_UP, *SAMPLING):
        if column in text and required:
            refusals.add(text, text[column].isna(), column, "missing")
    if "competing_event" in text:
        both = (values.flag(text["event"]) == 1) & (values.flag(text["competing_event"]) == 1)
        refusals.add(text, both, "competing_event", "event and competing_event are both 1: only the first may be")
    if "case_weight" in text:
        refusals.add(text, values.number(text["case_weight"]) <= 0, "case_weight", "not over 0")
    if "time_years" not in text:
        raise_together([*_other_codes(text["event"], refusals), *_entry_alone(text)])
        return text
    cells = text["time_years"]
    times, where = values.number(cells), refusals.place("time_years")
    years = times / PER_YEAR[unit]
    wrong = [*_other_codes(text["event"], refusals), *misread.thousands(cells, where, LONGEST * PER_YEAR[unit])]
    wrong += [*misread.unread(cells, times, where, "no number"), *_other_unit(years, unit, refusals)]
    raise_together(wrong)
    refusals.add(text, cells.notna() & years.isna(), "time_years", "no number")
    refusals.add(text, years <= 0, "time_years", "not over 0: there is no follow-up")
    refusals.add(text, years > LONGEST, "time_years", f"over {LONGEST:g} years, read in {unit} (dataset.time_unit)")
    text = text.assign(time_years=years)
    return _entered(text, unit, refusals) if "entry_years" in text else text


def _entered(text: pd.DataFrame, unit: str, refusals: Refusals) -> pd.DataFrame:
    """Return the rows with entry times in years."""
    cells, where = text["entry_years"], refusals.place("entry_years")
    entry = values.number(cells) / PER_YEAR[unit]
    late, early = entry >= text["time_years"], entry < 0
    wrong = [*misread.unread(cells, entry, where, "no number")]
    for rows, what in ((late, "not before time_years"), (early, "under 0")):
        if rows.sum() > max(1, SLIPS * len(text)):
            mend = "count both times from one time 0: a patient is at risk from entry_years to time_years"
            wrong.append(DataError(f"entry_years is {what} in {rows.sum()} of {len(text)} rows", where, mend))
    raise_together(wrong)
    refusals.add(text, cells.notna() & entry.isna(), "entry_years", "no number")
    refusals.add(text, late, "entry_years", "not before time_years: the row has no follow-up")
    refusals.add(text, early, "entry_years", "under 0: nobody is at risk before time 0")
    return text.assign(entry_years=entry)


def _entry_alone(text: pd.DataFrame) -> Iterator[DataError]:
    if "entry_years" in text:
        mend = "dataset.columns.entry_years=null leaves it out"
        yield DataError("there are entry_years without time_years", "dataset.columns.entry_years", mend)


def _other_codes(cells: pd.Series, refusals: Refusals) -> Iterator[DataError]:
    strange = cells[cells.notna() & values.flag(cells).isna()].value_counts()
    if len(strange) and strange.iloc[0] > max(1, SLIPS * len(cells)):
        found = few([f"{sign} in {count} rows" for sign, count in cells.value_counts().items()])
        mend = "write 1 for the event and 0 for censored"
        mend += " (in R's Surv 2 is the event and 1 censored)" if set(cells.dropna().astype(str)) == {"1", "2"} else ""
        mend += "; where another event ended the follow-up, event is 0, and a column competing_event 1"
        yield DataError(f"the event must be coded 1 and 0, but is {found}", refusals.place("event"), mend)


def _other_unit(years: pd.Series, unit: str, refusals: Refusals) -> Iterator[DataError]:
    allowed = max(1, SLIPS * len(years))
    over = int((years > LONGEST).sum())
    if over > allowed:
        fitting = [
            f"dataset.time_unit={other}"
            for other, per_year in PER_YEAR.items()
            if (years * PER_YEAR[unit] / per_year > LONGEST).sum() <= allowed
        ]
        what = f"{over} of {len(years)} times are over {LONGEST:g} years (median {years.median():g}), read in {unit}"
        yield DataError(what, refusals.place("time_years"), " or ".join(fitting) or "look for a mistake in the times")
