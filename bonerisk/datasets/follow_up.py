"""The outcome in a user's own table: the event as 1 or 0, times in years."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import pandas as pd

from bonerisk.cohort import slips, values
from bonerisk.cohort.refusals import Refusals
from bonerisk.cohort.table import COMPETING_TIME, FOLLOW_UP, SAMPLING, few
from bonerisk.errors import ConfigError, DataError

PER_YEAR = {"years": 1.0, "months": 12.0, "days": 365.25}
LONGEST = values.BOUNDS["time_years"][1]
TIMES = ("time_years", COMPETING_TIME)
BOTH = "event and competing event are both 1"
WHICH = (
    f"name the column with the time of the competing event, as dataset.columns.{COMPETING_TIME}=<column>: the first of "
    "both counts; or write competing_event 0 where the time is that of the event, and event 0 where it is not"
)
SLIPS = 0.01  # share of rows; an error in more of them is no slip, but another code or unit


def bad_unit(unit: str) -> Iterator[ConfigError]:
    """Yield an error if there is no such unit of time."""
    if unit not in PER_YEAR:
        near = get_close_matches(unit, PER_YEAR, n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        yield ConfigError(f"there is no unit {unit!r}", "dataset.time_unit", f"{mend}one of {', '.join(PER_YEAR)}")


def in_years(
    text: pd.DataFrame, unit: str, refusals: Refusals, required: bool = True
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows with the first of both events and its time in years, and notes on them.

    Parameters
    ----------
    text : DataFrame of str
        With columns event, time_years, entry_years, competing_event, competing_time_years, stratum and case_weight, by
        our names, as far as the table has them; indexed by line.
    unit : {"years", "months", "days"}
        Of the times.
    refusals : Refusals
        Takes rows whose outcome, stratum or weight is missing, whose time is no number, not over 0 or over 120 years,
        whose entry is under 0 or not before that time, whose weight is not over 0, and those with both events of which
        it is unknown which came first. As errors it takes other codes than 1 and 0, entry times without times, times of
        another unit or misread as a whole, and more than a few rows with both events.
    required : bool
        Whether a row without an outcome is refused; otherwise it stays, for other targets.

    Returns
    -------
    rows : DataFrame
        Without competing_time_years.
    notes : tuple of str
    """
    given = [column for column in (*FOLLOW_UP, COMPETING_TIME) if column in text]
    if given and "event" not in text:
        mend = "dataset.columns.event=<column> names it, with 1 and 0; "
        mend += f"{' '.join(f'dataset.columns.{column}=null' for column in given)} leaves out the rest"
        refusals.fail([DataError(f"the table has {' and '.join(given)}, but no event", refusals.place("event"), mend)])
    if "event" not in text:
        return text.drop(columns=given), ()
    for column in ("event", "competing_event"):
        if column in text:
            refusals.fail(_other_codes(text[column], refusals.place(column)))
    times = {column: _years(text, column, unit, refusals) for column in TIMES if column in text}
    rows, notes = _first(text, times, refusals)
    if "entry_years" in text:
        rows = _entered(rows, text["entry_years"], unit, refusals)
    if "case_weight" in text:
        refusals.add(text, values.number(text["case_weight"]) <= 0, "case_weight", "not over 0")
    came = values.flag(rows["event"]) == 1  # then nothing else ended the follow-up
    for column in (*FOLLOW_UP, *SAMPLING):
        if column in text and required:
            missing = rows[column].isna() & text[column].isna() & ~(came & (column == "competing_event"))
            refusals.add(text, missing, column, "missing")
    return rows, notes


def _years(text: pd.DataFrame, column: str, unit: str, refusals: Refusals) -> pd.Series:
    """Return times in years, refusing those that can't be."""
    cells, where = text[column], refusals.place(column)
    times = values.number(cells)
    years = times / PER_YEAR[unit]
    refusals.fail(
        [
            *slips.thousands(cells, where, LONGEST * PER_YEAR[unit]),
            *slips.unread(cells, times, where, "no number"),
            *_other_unit(years, unit, where),
        ]
    )
    refusals.add(text, cells.notna() & years.isna(), column, "no number")
    refusals.add(text, years <= 0, column, "not over 0: there is no follow-up")
    refusals.add(text, years > LONGEST, column, f"over {LONGEST:g} years, read in {unit} (dataset.time_unit)")
    return years


def _entered(rows: pd.DataFrame, cells: pd.Series, unit: str, refusals: Refusals) -> pd.DataFrame:
    """Return the rows with entry times in years."""
    where = refusals.place("entry_years")
    if "time_years" not in rows:
        mend = "dataset.columns.entry_years=null leaves it out"
        refusals.fail([DataError("there are entry_years without time_years", where, mend)])
        return rows
    entry = values.number(cells) / PER_YEAR[unit]
    late, early = entry >= rows["time_years"], entry < 0
    refusals.fail(slips.unread(cells, entry, where, "no number"))
    for wrong, what in ((late, "not before time_years"), (early, "under 0")):
        if wrong.sum() > max(1, SLIPS * len(rows)):
            mend = "count both times from one time 0: a patient is at risk from entry_years to time_years"
            what = f"entry_years is {what} in {wrong.sum()} of {len(rows)} rows"
            refusals.fail([DataError(what, where, mend)])
    text = rows.assign(entry_years=cells)
    refusals.add(text, cells.notna() & entry.isna(), "entry_years", "no number")
    refusals.add(text, late, "entry_years", "not before time_years: the row has no follow-up")
    refusals.add(text, early, "entry_years", "under 0: nobody is at risk before time 0")
    return rows.assign(entry_years=entry)


def _first(text: pd.DataFrame, times: dict[str, pd.Series], refusals: Refusals) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows with what came first: the event, the competing event, or the end of the event's follow-up."""
    rows = text.drop(columns=COMPETING_TIME, errors="ignore")
    if "time_years" in times:
        rows = rows.assign(time_years=times["time_years"])
    if COMPETING_TIME in text and not {"time_years", "competing_event"} <= set(text):
        mend = "name the columns of time_years and competing_event, too"
        refusals.fail(
            [DataError("the time of a competing event is of use beside both", refusals.place(COMPETING_TIME), mend)]
        )
    if "competing_event" not in text:
        return rows, ()
    event, competing = (values.flag(text[column]) == 1 for column in ("event", "competing_event"))
    both = event & competing
    if COMPETING_TIME in times and "time_years" in times:
        return _earlier(rows, event, competing, times["time_years"], times[COMPETING_TIME], refusals)
    if "time_years" in times:
        refusals.add(text, both, "competing_event", f"{BOTH}: only the first may be")
        if both.sum() > slips.SLIPS and values.flag(text["event"].dropna()).notna().all():
            what = f"{BOTH} in {both.sum()} of {event.sum()} rows with the event, the first in row {both.idxmax()}: "
            what += "one time does not tell which came first"
            refusals.fail([DataError(what, refusals.place("competing_event"), WHICH)])
        return rows, ()
    return rows.assign(competing_event=rows["competing_event"].where(~both, "0")), ()  # the event came, whenever


def _earlier(
    rows: pd.DataFrame, event: pd.Series, competing: pd.Series, time: pd.Series, other: pd.Series, refusals: Refusals
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows with the earlier of two events, given their times in years.

    Without the event, its time is the end of its follow-up; a competing event after that end is not observed. Where
    this time is missing, nothing ended the follow-up before the competing event's time.
    """
    both, missing = event & competing, time.isna() | other.isna()
    refusals.add(rows, both & missing, "competing_event", f"{BOTH}, and a time is missing")
    later = competing & (time < other) | both & (time == other)  # a fracture on the day of death came before it
    overtaken = competing & ~later
    end = other.where((overtaken & other.notna()) | (time.isna() & ~event), time)
    counts = [int((both & later).sum()), int((both & overtaken).sum()), int((later & ~event).sum())]
    notes = (
        f"In {sum(counts[:2])} rows {BOTH}; the event came first in {counts[0]}, the competing event in {counts[1]}.",
        f"In {counts[2]} rows the competing event came after the event's follow-up, at whose end they are censored.",
    )
    rows = rows.assign(
        event=rows["event"].where(~overtaken | ~event, "0"),
        competing_event=rows["competing_event"].where(~later, "0"),
        time_years=end,
    )
    return rows, tuple(note for note, count in zip(notes, (sum(counts[:2]), counts[2]), strict=True) if count)


def _other_codes(cells: pd.Series, where: str) -> Iterator[DataError]:
    strange = cells[cells.notna() & values.flag(cells).isna()].value_counts()
    if len(strange) and strange.iloc[0] > max(1, SLIPS * len(cells)):
        found = few([f"{sign} in {count} rows" for sign, count in cells.value_counts().items()])
        mend = "write 1 for the event and 0 for censored"
        mend += " (in R's Surv 2 is the event and 1 censored)" if set(cells.dropna().astype(str)) == {"1", "2"} else ""
        mend += "; where another event ended the follow-up, event is 0, and a column competing_event 1"
        yield DataError(f"the event must be coded 1 and 0, but is {found}", where, mend)


def _other_unit(years: pd.Series, unit: str, where: str) -> Iterator[DataError]:
    allowed = max(1, SLIPS * len(years))
    over = int((years > LONGEST).sum())
    if over > allowed:
        fitting = [
            f"dataset.time_unit={other}"
            for other, per_year in PER_YEAR.items()
            if (years * PER_YEAR[unit] / per_year > LONGEST).sum() <= allowed
        ]
        what = f"{over} of {len(years)} times are over {LONGEST:g} years (median {years.median():g}), read in {unit}"
        yield DataError(what, where, " or ".join(fitting) or "look for a mistake in the times")
