"""Days that systems write for an unknown date, such as 1900-01-01; they are dates by form only.

A day of this list may be true, too: where PatientAge agrees with a birth date, it is.
"""

from __future__ import annotations

import pandas as pd

ZEROS = (
    "1858-11-17",
    "1899-12-30",
    "1899-12-31",
    "1900-01-01",
    "1904-01-01",
    "1970-01-01",
)  # of calendars of computers
TYPED = ("1900-01-02", "1901-01-01", "1902-02-02", "1911-11-11")
DAYS = pd.to_datetime([*ZEROS, *TYPED])
UNKNOWN = pd.Timestamp(1900, 1, 1)  # stands for all of them
YEARS = r"(?:\D|^)(?:0000|0001|9999)(?:\D|$)|(?:0000|0001|9999)\d{4}"  # 9999-12-31, 31.12.9999, 00000000
REASON = "a day that systems write for an unknown date"


def is_placeholder(days: pd.Series) -> pd.Series:
    """Whether each day stands for an unknown one."""
    return days.isin(DAYS)


def says_unknown(cells: pd.Series) -> pd.Series:
    """Whether each cell has a year that stands for an unknown date and can be none.

    Examples
    --------
    >>> says_unknown(pd.Series(["9999-12-31", "31.12.9999", "00010101", "1999-12-31", None])).tolist()
    [True, True, True, False, False]
    """
    return cells.str.contains(YEARS).eq(True)
