"""Which columns of a table are features, and what their cells mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from bonerisk.cohort import tablefile, values
from bonerisk.cohort.allowed import forbidden
from bonerisk.cohort.table import DTYPES, NUMBER, few
from bonerisk.datasets.suspect import FEWEST
from bonerisk.errors import DataError, raise_together

KEY = "dataset.features"


def named(features: Sequence[str], names: Mapping[str, str], rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the requested features, by our names where they have one.

    Parameters
    ----------
    features : sequence of str
        Our names or the file's.
    names : mapping of str to str
        Our names of columns to the file's.
    rows : DataFrame
        As in the file.

    Raises
    ------
    DataError
        The file has no such column (the message gives the nearest), or it can't be a feature; all at once.
    """
    ours = {theirs: ours for ours, theirs in names.items()}
    found = [name if name in names else ours.get(name, name) for name in features]
    wrong = [*unknown(features, names, rows)]
    for asked, name in zip(features, found, strict=True):
        if name not in names and name in DTYPES and name in rows:
            wrong.append(
                DataError(f"the column {name!r} is left out", KEY, f"take it out here, or in dataset.columns.{name}")
            )
        elif forbidden(name):
            wrong.append(DataError(f"the column {asked!r} is {name}, which can't be a feature", KEY, "take it out"))
    raise_together(wrong)
    return tuple(found)


def unknown(features: Sequence[str], names: Iterable[str], rows: pd.DataFrame) -> Iterator[DataError]:
    """Yield an error for each feature that is neither a name of ours nor of the file; it gives the nearest."""
    there = [*map(str, rows), *names]
    for asked in features:
        if asked not in there:
            near = get_close_matches(asked, there, n=1)
            mend = f"did you mean {near[0]}? " if near else ""
            yield DataError(f"the table has no column {asked!r}", KEY, f"{mend}it has {few(list(rows.columns))}")


def candidates(
    rows: pd.DataFrame, names: Mapping[str, str], hidden: Collection[str], within: Collection[str] | None
) -> tuple[str, ...]:
    """Return all columns that could be features, by our names where they have one.

    Parameters
    ----------
    rows : DataFrame
        As in the file.
    names : mapping of str to str
        Our names of columns to the file's.
    hidden : collection of str
        Names that the user left out.
    within : collection of str, optional
        The file's names of features, if its format gives them.
    """
    ours = {theirs: ours for ours, theirs in names.items()}
    free = [name for name in map(str, rows) if name in ours or (name and name not in {*DTYPES, *hidden})]
    found = [ours.get(name, name) for name in free if within is None or name in within]
    return tuple(name for name in found if not forbidden(name))


def parsed(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the values of a feature, and which cells are filled but have no valid value.

    Values are finite numbers if most cells are, else text. Leading zeros make a code, which is text.
    """
    cells = tablefile.as_values(cells)
    if numeric(cells):
        return cells.where(np.isfinite(cells)), np.isinf(cells)
    text = values.present(cells)
    numbers = values.number(text)
    odd = text.notna() & numbers.isna()
    if odd.sum() < numbers.count() and not values.is_code(text):
        return numbers, odd
    return text, pd.Series(False, text.index)


def no_numbers(names: Sequence[str], cells: Mapping[str, pd.Series]) -> dict[str, str]:
    """Return the `names` whose columns hold no numbers, with the reason.

    Parameters
    ----------
    names : sequence of str
    cells : mapping of str to Series
        Values of the columns that the contract does not know.
    """
    found = {}
    for name in names:
        if name not in cells:
            kind = "" if DTYPES[name] == NUMBER else "text"
        elif cells[name].isna().all():
            kind = "empty"
        else:
            kind = "" if numeric(cells[name]) else "text"
        if kind:
            found[name] = kind
    return found


def useless(table: pd.DataFrame, features: Sequence[str]) -> dict[str, str]:
    """Return the features that no model can learn from, with the reason.

    Parameters
    ----------
    table : DataFrame
        A cohort's table; uses `split`. Without training rows, a constant column is accepted.
    features : sequence of str
    """
    train = table[table["split"] == "train"]
    found = {}
    for name in features:
        kinds = table[name].nunique()
        if not kinds:
            found[name] = "empty"
        elif len(train) and train[name].nunique() < 2:
            found[name] = "the same value in all rows of train"
        elif not numeric(table[name]) and len(table) >= FEWEST and kinds > len(table) / 2:
            found[name] = f"text with {kinds} levels in {len(table)} rows"
    return found


def numeric(cells: pd.Series) -> bool:
    """Return whether cells are numbers, not text."""
    return pd.api.types.is_numeric_dtype(cells)
