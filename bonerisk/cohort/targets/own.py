"""A column of the user's own, yes (1) or no (0): any such column of a table can be predicted."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import partial

from bonerisk.cohort.table import Cohort, few
from bonerisk.cohort.targets.target import Target, Words, names
from bonerisk.errors import DataError

KEY = "head.target"


class OwnTarget(Target):
    """A target that is a column of the user's own."""

    def established(self, source: str) -> str:
        """The column, and what the source says of its labels."""
        return f"the column {self.truth} ({source})"


def target(column: str, words: str | None) -> Target:
    """The target that a column is, called by some words on the page, or by its name."""
    called = Words(words or column.replace("_", " "))
    return OwnTarget("binary", ("label",), partial(_rows, column), called, called, frozenset({column}), truth=column)


def _rows(column: str, cohort: Cohort) -> Cohort:
    """Rows in which the column has a value, with the label; the column is no feature any more.

    Raises
    ------
    DataError
        The cohort has no such column, it holds other values than yes and no, or all rows of train have one of both.
    """
    from pandas.api.types import is_numeric_dtype

    from bonerisk.cohort import values

    where = f"cohort {cohort.name}"
    if column not in cohort.table:
        near = get_close_matches(column, [*map(str, cohort.table), *names()], n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        mend += f"dataset.columns.{column}=<its name in the table> brings it; it is 1 or 0, yes or no"
        raise DataError(f"there is no column {column!r} to predict", f"{KEY}={column}", mend)
    cells = cohort.table[column]
    numbers = is_numeric_dtype(cells)
    label = cells.where(cells.isin([0, 1])) if numbers else values.flag(cells)
    strange = cells[cells.notna() & label.isna()]
    if len(strange):
        found = few([f"{sign} in {count} rows" for sign, count in strange.value_counts().items()])
        mend = "a target is 1 or 0, yes or no, true or false; leave other cells empty"
        raise DataError(f"{column} must be yes or no, but is {found}", f"{KEY}={column}", mend)
    table = cohort.table[label.notna()].reset_index(drop=True)
    table["label"] = label.dropna().astype("int64").to_numpy()
    flow = cohort.flow.step(f"{column} known", cohort.table, table, f"{column} missing")
    train = table.loc[table["split"] == "train", "label"]
    if table.empty or train.nunique() == 1:
        what = f"all {len(train)} rows of the train split have {column} {train.iloc[0]}" if len(table) else ""
        mend = "bring rows of both kinds, or another split (dataset.split_seed, or a column `split`)"
        raise DataError(what or f"no row has a value of {column}", where, mend)
    if column not in cohort.features:
        return replace(cohort, table=table, flow=flow)
    others = tuple(name for name in cohort.features if name != column)
    if not others:
        raise DataError(f"{column} is predicted, and the only feature", where, "'dataset.features=[…]' names others")
    notes = (*cohort.notes, f"{column} is predicted, and therefore no feature.")
    return replace(cohort, table=table, flow=flow, features=others, notes=notes)
