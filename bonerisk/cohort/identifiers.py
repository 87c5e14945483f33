"""Identifiers of patients: which are none, and which are one but for how they are written.

A spreadsheet turns 00123 into 123 or 123.0, and 123456789012 into 1.23457E+11. Nobody but the source knows whether
00123 and 123 are one patient, so that they are neither joined nor taken for two: every comparison of patients stops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort.table import patients_are
from bonerisk.errors import DataError

NONE = r"#\S*|unknown|unk|\d+e\+\d+|\d+[.,]\d+e\+?\d+"  # in lower case: a spreadsheet's errors and rounded numbers
REASON = "no identifier: a spreadsheet's error or rounded number, or a word for none"
MENDING = "write each identifier in one way; give two people whose identifiers look alike another one each"
SHOWN = 3  # ways to write identifiers, in an error


def spoilt(identifiers: pd.Series) -> pd.Series:
    """Return which identifiers are none, such as ``#REF!``, ``1.23457E+11`` or ``UNKNOWN``.

    Examples
    --------
    >>> spoilt(pd.Series(["#NAME?", "1,2E+11", "Unknown", "12e10", "007", None])).tolist()
    [True, True, True, False, False, False]
    """
    return identifiers.str.lower().str.fullmatch(NONE).eq(True)


def bare(identifier: str) -> str:
    """Return what two ways to write one identifier share: without zeros in front, a final .0, blanks and case.

    Examples
    --------
    >>> [bare(identifier) for identifier in ("00123", "123.0", "123,0", "A 1", "a1", "000")]
    ['123', '123', '123', 'a1', 'a1', '0']
    """
    return re.sub(r"^0+(?=.)", "", re.sub(r"(?<=\d)[.,]0+$|\s", "", identifier.casefold()))


def bare_patients(table: pd.DataFrame) -> pd.Series:
    """Key of each row's patient within a site, the same for all ways to write one identifier."""
    meant = {identifier: bare(identifier) for identifier in table["patient_id"].dropna().unique()}
    return table["site"] + "\x1f" + table["patient_id"].map(meant)


def differently_written(first: pd.Series, second: pd.Series) -> list[tuple[str, str]]:
    """Return pairs of identifiers, one of each series, that differ only in how they are written (`bare`)."""
    known: dict[str, list[str]] = {}
    for one in second.dropna().unique():
        known.setdefault(bare(one), []).append(one)
    return [(one, other) for one in first.dropna().unique() for other in known.get(bare(one), []) if other != one]


def two_writings(table: pd.DataFrame, where: str = "") -> Iterator[DataError]:
    """Yield an error if patients of `table` are written in two ways within a site.

    It shows the identifiers' forms alone, since a log may be handed on.

    Parameters
    ----------
    table : DataFrame
        With `patient_id` and `site`.
    where : str, optional
        For the error.
    """
    people = table[["site", "patient_id"]].dropna().drop_duplicates()
    twice = people[bare_patients(people).duplicated(keep=False)]
    if twice.empty:
        return
    found = twice["patient_id"].groupby(bare_patients(twice)).agg(_forms)
    what = f"{patients_are(len(found))} written in two ways: {', '.join(sorted(set(found))[:SHOWN])}"
    yield DataError(f"{what} (9 is any digit, A any letter)", where, MENDING)


def _forms(identifiers: pd.Series) -> str:
    return " and ".join(sorted(map(form, identifiers)))


def form(identifier: str) -> str:
    """Return the form of an identifier, such as 00999A: messages go into a log that is handed on."""
    zeros = len(identifier) - len(identifier.lstrip("0"))
    return "0" * zeros + re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", identifier[zeros:]))
