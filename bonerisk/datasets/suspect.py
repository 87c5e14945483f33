"""Columns that are no features unless a user names them: identifiers, and outcomes under another name."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd
from pandas.api.types import is_numeric_dtype

from bonerisk.cohort import values

FEWEST = 20  # rows; in fewer, columns may be unique, or agree with the outcome, by chance
ALIKE = 0.95  # rank correlation from which a column says the same as an outcome
OFTEN = 0.5  # share of rows in which a column is one multiple of the time

IDENTIFIERS = {"id", "ids", "mrn", "pid", "uid", "uuid", "ssn", "identifier", "accession", "patid", "subjid", "studyid"}
COUNTED = {"patient", "subject", "case", "record", "participant", "study", "row", "index", "no", "nr", "num", "number"}
EVENTS = {"death", "dead", "died", "deceased", "mortality", "event", "outcome", "censor", "censored", "censoring"}
EVENTS |= {"fracture", "fractures", "fx", "survival", "tte", "endpoint"}
BEFORE = {"prior", "previous", "prev", "past", "history", "hx", "baseline", "family", "parent", "parental", "mother"}
TIMES = {
    "time",
    "days",
    "weeks",
    "months",
    "years",
    "futime",
    "followup",
    "follow",
    "up",
    "fu",
    "status",
    "end",
    "last",
}


def suspects(cells: Mapping[str, pd.Series], table: pd.DataFrame) -> dict[str, str]:
    """Return the columns that look like an identifier or an outcome, with the reason.

    Parameters
    ----------
    cells : mapping of str to Series
        Columns by name, numbers or text.
    table : DataFrame
        The same rows, with event and competing_event (text) and time_years (numbers), as far as the table has them.

    Examples
    --------
    >>> table = pd.DataFrame({"event": ["1", "0", "0", "1"] * 10, "prior_fracture": [1, 0] * 20, "siteID": 3})
    >>> suspects(table.assign(alive=["no", "yes", "yes", "no"] * 10, death=0).drop(columns="event"), table)
    {'siteID': 'an identifier by its name', 'alive': 'the same as event', 'death': 'an outcome by its name'}
    """
    flags = {name: values.flag(table[name]) for name in ("event", "competing_event") if name in table}
    outcome = pd.DataFrame({**flags, **table.filter(["time_years"])})
    numbers = {name: column if is_numeric_dtype(column) else values.flag(column) for name, column in cells.items()}
    found = {name: _identifies(name, column) or _tells(name, column, outcome) for name, column in numbers.items()}
    return {name: why for name, why in found.items() if why}


def _identifies(name: str, cells: pd.Series) -> str:
    """Return why a column looks like identifiers: whole numbers, no two equal, or its name; else nothing."""
    if len(cells) >= FEWEST and cells.is_unique and bool((cells % 1 == 0).all()):
        return "a different whole number in each row"
    words = _words(name)
    return "an identifier by its name" if IDENTIFIERS.intersection(words) or COUNTED.issuperset(words) else ""


def _tells(name: str, cells: pd.Series, outcome: pd.DataFrame) -> str:
    """Return why a column looks like an outcome: what its values follow, or its name; else nothing."""
    for of, known in outcome.items():
        if _alike(cells, known):
            return f"the same as {of}"
        if _alike(cells.notna().astype(float), known):
            return f"known or missing as {of} is 1 or 0"
        if of == "time_years" and _multiple(cells, known):
            return f"mostly the same as {of}"
    words = _words(name)
    if BEFORE.intersection(words):
        return ""
    return "an outcome by its name" if EVENTS.intersection(words) or TIMES.issuperset(words) else ""


def _alike(one: pd.Series, other: pd.Series) -> bool:
    """Return whether the ranks of two columns agree, or are opposite."""
    known = one.notna() & other.notna()
    ranks = one[known].rank(), other[known].rank()
    return known.sum() >= FEWEST and min(of.nunique() for of in ranks) > 1 and abs(ranks[0].corr(ranks[1])) >= ALIKE


def _multiple(cells: pd.Series, time: pd.Series) -> bool:
    """Return whether most rows have one multiple of the time: to death, where a fracture ends the time of others."""
    ratio = (cells / time).dropna().round(3)
    fine = min(cells.nunique(), time.nunique()) >= FEWEST
    return bool(fine and ratio.value_counts(normalize=True).iloc[0] > OFTEN)


def _words(name: str) -> set[str]:
    """Return the words of a name, as site and id of siteID."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
