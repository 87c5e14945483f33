"""Settings that the datasets of users' own tables share, and their errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from bonerisk.cohort.splits import check_fractions, fold_of
from bonerisk.cohort.table import OUTCOMES, SPLITS
from bonerisk.cohort.where import Where
from bonerisk.errors import ConfigError, DataError


def sexes(female: str | None, male: str | None) -> dict[str, str]:
    """Return what each of the table's codes means, F or M."""
    return {str(code): sex for code, sex in ((female, "F"), (male, "M")) if code is not None}


def bad_sexes(female: str | None, male: str | None) -> Iterator[ConfigError]:
    """Yield an error if one code stands for both sexes."""
    if female is not None and str(female) == str(male):
        yield ConfigError(f"female and male cannot both be {str(male)!r}", "dataset.female, dataset.male")


def bad_name(name: str) -> Iterator[ConfigError]:
    """Yield an error if a cohort's name can't name a folder."""
    if not re.fullmatch(r"\w[\w.-]*", name):
        yield ConfigError(f"the name {name!r} may hold only letters, digits, '_', '-' and '.'", "dataset.name")


def bad_where(where: str | None) -> Iterator[ConfigError]:
    """Yield an error if `where` is no filter."""
    try:
        if where is not None:
            Where(where)
    except ConfigError as error:
        yield error


def bad_split(split: Sequence[float] | str) -> Iterator[ConfigError]:
    """Yield an error if `split` is neither the name of a split nor three shares."""
    try:
        if isinstance(split, str) and split not in SPLITS:
            raise ConfigError(f"there is no split {split!r}", "dataset.split", f"one of {', '.join(SPLITS)}, or shares")
        if not isinstance(split, str):
            check_fractions(split)
    except ConfigError as error:
        yield error


def bad_split_or_fold(split: Sequence[float] | str) -> Iterator[ConfigError]:
    """Yield an error if `split` is neither the name of a split, three shares nor a fold."""
    yield from () if fold_of(split) else bad_split(split)


def without_outcome(columns: Mapping[str, str | None], read: Sequence[str]) -> dict[str, str | None]:
    """Return the mapping of columns without outcomes and split, except those that a model reads."""
    hidden = [name for name in ("split", *OUTCOMES) if name not in read]
    return {**columns, **dict.fromkeys(hidden)}


def refuse_split_twice(split: Sequence[float] | str, text: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Raise DataError if all rows are to be of one split, but the table has a column `split`."""
    if "split" in text and isinstance(split, str):
        what = f"all rows are to be of split {split}, but the table has a column {names['split']!r}"
        raise DataError(what, "dataset.split", "dataset.columns.split=null leaves the column out")
