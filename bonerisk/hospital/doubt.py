"""Rows of diagnoses and drugs whose day or code is not known: they may count, and must not be taken for absent.

Vocabulary. A row is *sure* if its day and its code are known. A *doubtful* row has no code, or lies on any day from
`date` to `until`: in the month or year that its date gives, or at any time if the date can't be read.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

import pandas as pd

EVER = pd.Timestamp(1750, 1, 1), pd.Timestamp(2260, 1, 1)  # holds every day; both ends fit into nanoseconds
PARTIAL = re.compile(r"(\d{4})(?:-(\d\d))?(?:-00)?|(\d{4})(\d\d)00", re.ASCII)  # FHIR: 2017-03; DICOM's kind: 20170300
DAY = re.compile(r"%d[.\s/-]*|[.\s/-]*%d$")
MONTH = re.compile(r"%[mbB][.\s/-]*|[.\s/-]*%[mbB]$")


def period(cells: pd.Series, layout: str | None) -> pd.DataFrame:
    """Return the first and last day of dates that give a month or a year alone; NaT for other cells.

    Parameters
    ----------
    cells : Series of str
    layout : str, optional
        For strptime, as in `bonerisk.cohort.values.date`; None is ISO 8601.

    Examples
    --------
    >>> period(pd.Series(["2017-03", "20170300", "2016", "2017-03-04"]), None)["until"].dt.strftime("%d.%m.%Y").tolist()
    ['31.03.2017', '31.03.2017', '31.12.2016', nan]
    """
    ends = {cell: _ends(cell, layout) for cell in cells.dropna().unique()}
    found = pd.DataFrame([ends.get(cell, (None, None)) for cell in cells], cells.index, ["date", "until"])
    return found.apply(pd.to_datetime, errors="coerce").astype("datetime64[ns]")


def _ends(cell: str, layout: str | None) -> tuple[dt.date | None, dt.date | None]:
    year, month = _iso(cell) if layout is None else _written(cell, layout)
    if not 0 < year <= dt.MAXYEAR or not 0 <= month <= 12:
        return None, None
    last = month or 12
    return dt.date(year, month or 1, 1), dt.date(year, last, calendar.monthrange(year, last)[1])


def _iso(cell: str) -> tuple[int, int]:
    """Year and month of a partial date; 0 where they are not given."""
    found = PARTIAL.fullmatch(cell)
    return (int(found[1] or found[3]), int(found[2] or found[4] or 0)) if found else (0, 0)


def _written(cell: str, layout: str) -> tuple[int, int]:
    month = DAY.sub("", layout)
    for shorter, known in ((month, True), (MONTH.sub("", month), False)):
        try:
            day = dt.datetime.strptime(cell, shorter)
        except ValueError:
            continue
        return day.year, day.month if known else 0
    return 0, 0


def is_sure(rows: pd.DataFrame) -> pd.Series:
    """Whether each row's day and code are known; a table without `until` has a day in each row."""
    return rows["code"].notna() & (rows.get("until", rows["date"]) == rows["date"])


def may_meet(rows: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """Whether one of `others` may lie on the day of each row and be of the same person.

    Parameters
    ----------
    rows, others : DataFrame
        Columns `person`, `date` and `until`.
    """
    places = rows[["person", "date", "until"]].reset_index(names="place")
    pairs = places.merge(others[["person", "date", "until"]], on="person", suffixes=("", "_other"))
    met = (pairs["date_other"] <= pairs["until"]) & (pairs["until_other"] >= pairs["date"])
    return pd.Series(rows.index.isin(pairs.loc[met, "place"]), rows.index)
