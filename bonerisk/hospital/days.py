"""The days in a hospital's tables: read by one format, and refused where they can't be true."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.refusals import Refusals
from bonerisk.errors import DataError
from bonerisk.hospital.doubt import period
from bonerisk.hospital.kinds import SYSTEMS
from bonerisk.hospital.placeholders import REASON, UNKNOWN, is_placeholder, says_unknown

FIRST = pd.Timestamp(1900, 1, 1)
SLIPS, MOST_MISFITS = 2, 0.05  # dates, and share of a column's dates; assumed: slips are rarer
FUTURE = "dataset.dates_until=2215-12-31, or another last day, if de-identification has shifted the dates"


def read(
    kind: str, text: pd.DataFrame, column: str, refusals: Refusals, layout: str | None, latest: pd.Timestamp
) -> pd.Series:
    """Return the days of a column, missing where a cell is refused, or gives a month or a year alone.

    Parameters
    ----------
    kind : str
        One of `KINDS`; diagnoses and drugs may be known to the month.
    text : DataFrame of str
    column : str
    refusals : Refusals
    layout : str, optional
        As for `bonerisk.cohort.values.date`.
    latest : Timestamp
        Last day that is possible.

    Raises
    ------
    DataError
        Many dates are of another format, so that those that fit may be misread, or many lie in the future.
    """
    cells, parsed = text[column], values.date(text[column], layout)
    unknown = is_placeholder(parsed) | (parsed.isna() & says_unknown(cells))
    if column == "birth_date":
        parsed = parsed.mask(unknown, UNKNOWN)  # taken for none where the film's own header is known
    else:
        refusals.add(text, unknown, column, REASON)
        parsed = parsed.mask(unknown)
    settled = unknown
    if kind in SYSTEMS:
        settled = unknown | months(cells, layout, latest)["date"].notna()
    late = parsed > latest
    written = layout or "YYYY-MM-DD or YYYYMMDD"
    wrong = cells.notna() & ~settled & (parsed.isna() | (parsed < FIRST))
    place = f"column {refusals.names.get(column, column)}"
    others = "'%d.%m.%Y', '%m/%d/%Y', '%d/%m/%Y' or null (YYYY-MM-DD), as the table writes them"
    mend = f"dataset.date_formats.{kind}={others}; a number such as 43890 is no date"
    _stop_if_many(cells, wrong, f"dates of {place} are not written as {written}", refusals.file, mend)
    _stop_if_many(cells, late, f"dates of {place} lie after {latest:%Y-%m-%d}", refusals.file, FUTURE)
    reason = f'no date from 1900 on written as {written}; dataset.date_formats.{kind}="%d/%m/%Y" would mean '
    refusals.add(text, wrong, column, reason + "day/month/year")
    refusals.add(text, late, column, f"later than today; {FUTURE}")
    return parsed.mask(late | wrong)


def months(cells: pd.Series, layout: str | None, latest: pd.Timestamp) -> pd.DataFrame:
    """Return `period` of the cells, of those months and years that are possible."""
    found = period(cells, layout)
    return found.where(found["date"].between(FIRST, latest))


def _stop_if_many(cells: pd.Series, wrong: pd.Series, what: str, file: str, mend: str) -> None:
    there, count = int(cells.notna().sum()), int(wrong.sum())
    if count > max(MOST_MISFITS * there, SLIPS):
        raise DataError(f"{count} of {there} {what}, the first in row {cells.index[wrong][0]}", file, mend)
