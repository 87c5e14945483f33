"""From a user's column names to ours: ``dataset.columns.<our name>=<their name>``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.table import DTYPES, few
from bonerisk.errors import ConfigError, DataError, raise_together


def misnamed(columns: Mapping[str, str | None]) -> Iterator[ConfigError]:
    """Yield an error for each of our names that is misspelt, and for a Z-score given as T-score.

    A name of our own that is not the contract's is a covariate; one that is nearly the contract's would be one without
    a word, and its unit unknown (`height` for `height_cm`).
    """
    for ours, theirs in columns.items():
        near = [name for name in DTYPES if name.startswith(f"{ours}_")] or get_close_matches(ours, DTYPES, 1, 0.8)
        if ours not in DTYPES and near:
            mend = f"did you mean dataset.columns.{near[0]}={theirs}? A covariate needs a name less like it"
            yield ConfigError(f"there is no column {ours!r}", f"dataset.columns.{ours}", mend)
        if ours == "t_score" and re.search(r"(?<![a-z])z[\s_-]*(score|value|$)", str(theirs), re.IGNORECASE):
            what = f"{theirs!r} looks like a Z-score, which compares with people of the same age"
            yield ConfigError(what, "dataset.columns.t_score", "name the column of T-scores")


def rename(
    rows: pd.DataFrame, columns: Mapping[str, str | None], required: str, file: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Pick the columns that have a name of ours, by `columns` or of their own.

    Parameters
    ----------
    rows : DataFrame of str
        As in the file.
    columns : mapping
        Our name to the file's; None leaves out a column that has our name.
    required : str
        Our column that must be there.
    file : str
        As the user named it.

    Returns
    -------
    text : DataFrame
        With our names, None where a cell says nothing.
    names : dict
        Our name to the file's, of each column of `text`.

    Raises
    ------
    DataError
        The file lacks a column; all that it lacks at once, with the nearest it has.
    """
    names = {ours: ours for ours in DTYPES if ours in rows} | dict(columns)
    taken = {ours: theirs for ours, theirs in names.items() if theirs is not None}
    errors = [_absent(ours, theirs, rows) for ours, theirs in taken.items() if theirs not in rows]
    if required not in taken:
        mend = f"dataset.columns.{required}=<column>; the table has {few(list(rows.columns))}"
        errors.append(DataError(f"no column is named {required}", file, mend))
    raise_together(errors)
    return pd.DataFrame({ours: values.present(rows[theirs]) for ours, theirs in taken.items()}), taken


def _absent(ours: str, theirs: str, rows: pd.DataFrame) -> DataError:
    folded = {_folded(name): name for name in rows.columns}
    wanted = _folded(theirs)
    near = [name for name in folded if wanted.startswith(name) or name.startswith(wanted)]
    near = near or get_close_matches(wanted, folded, n=1)
    mend = f"did you mean {_override(ours, folded[near[0]])}? " if near else ""
    what = f"the table has no column {theirs!r}"
    return DataError(what, f"dataset.columns.{ours}", f"{mend}the table has {few(list(rows.columns))}")


def _override(ours: str, theirs: str) -> str:
    """Return what to type in a shell: Hydra wants quotes around blanks and brackets, and the shell around those."""
    text = f"dataset.columns.{ours}="
    return f"{text}{theirs}" if re.fullmatch(r"[\w.-]+", theirs) else f"'{text}\"{theirs}\"'"


def _folded(name: str) -> str:
    """Return what of a name is compared: "T score" is as near to "T-score" as a name can be."""
    return re.sub(r"[\W_]+", "", name.casefold()) or name
