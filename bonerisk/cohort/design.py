"""Columns of a table as numbers for a regression: text as indicators of its levels, rows complete or left out.

A text column becomes one indicator per level against a reference level: the one that is asked for, else the first in
sorted order (a categorical column keeps its order), as in R. So the reference does not depend on which patients are
drawn for training. A column of numbers becomes levels, too, if it is given a reference; or a spline, if it is given
knots. Levels and knots are learnt from the rows that a model is fitted on; a row with another level is not complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from bonerisk.cohort.spline import Spline
from bonerisk.cohort.table import few
from bonerisk.errors import ConfigError, DataError

Array = np.ndarray
# Column, and what of it: (sex, M) is 1 for M; (age_years, None) is the number itself, (age_years, 1) its first bend.
Term = tuple[str, str | int | None]

MOST_LEVELS = 100  # of a column, each with its own coefficient; assumed: more are identifiers, or need pooling


@dataclass(frozen=True)
class Design:
    """Terms of a regression.

    Parameters
    ----------
    columns : tuple of str
    levels : dict
        Column that is text, or is given a reference → its levels; the first is the reference.
    constant : tuple of str
        Columns that had one value only; they have no term.
    splines : dict
        Column → its spline.

    Examples
    --------
    >>> patients = pd.DataFrame({"age_years": [60.0, 70.0], "sex": ["F", "M"]})
    >>> design = Design.of(patients, ["age_years", "sex"], "example")
    >>> design.names
    ['age_years', 'sex=M']
    >>> design.matrix(patients)
    array([[60.,  0.],
           [70.,  1.]])
    """

    columns: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    splines: Mapping[str, Spline] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        columns: Sequence[str],
        where: str,
        reference: Mapping[str, str] | None = None,
        knots: Mapping[str, int] | None = None,
    ) -> Design:
        """Learn the levels, knots and constants of `columns` from the rows that have a value in all of them.

        Parameters
        ----------
        where : str
            The place that errors name.
        reference : mapping, optional
            Column → the level that the others are compared with.
        knots : mapping, optional
            Column → number of knots of its spline.

        Raises
        ------
        DataError
            A column is absent, has over 100 levels, or is none that a spline can be of.
        ConfigError
            There is no such reference level; the error lists the levels.
        """
        demand(table, columns, where)
        reference, knots = reference or {}, knots or {}
        rows = table[table[list(columns)].notna().all(axis=1)]
        texts = [column for column in columns if column in reference or not _numeric(rows[column])]
        levels = {column: _levels(rows[column], reference.get(column)) for column in texts}
        constant = tuple(column for column in columns if rows[column].nunique() < 2)
        if bent := [column for column in texts if column in knots]:
            mend = f"take {bent[0]} out of features.splines"
            raise DataError(f"{bent[0]} has levels, and a spline is of numbers", "features.splines", mend)
        splines = {column: Spline.of(rows[column].to_numpy(dtype=float), n, column) for column, n in knots.items()}
        return cls(tuple(columns), levels, constant, splines)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Design:
        """Design from ``dataclasses.asdict`` of one, read back from JSON; older ones have no splines."""
        levels = {column: tuple(found) for column, found in state["levels"].items()}
        splines = {column: Spline.restored(found) for column, found in state.get("splines", {}).items()}
        return cls(tuple(state["columns"]), levels, tuple(state["constant"]), splines)

    @property
    def terms(self) -> list[Term]:
        """Columns of the matrix."""
        return [(column, of) for column in self.columns if column not in self.constant for of in self._parts(column)]

    @property
    def names(self) -> list[str]:
        """The terms as text: ``age_years``, the bends of its spline ``age_years'`` and ``age_years''``, ``sex=M``."""
        return [_name(column, of) for column, of in self.terms]

    @property
    def references(self) -> list[str]:
        """The reference level of each term as text, as in `names`; empty for numbers."""
        return [_name(column, self.levels[column][0]) if isinstance(of, str) else "" for column, of in self.terms]

    def _parts(self, column: str) -> Sequence[str | int | None]:
        if column in self.levels:
            return self.levels[column][1:]
        return [None, *range(1, len(self.splines[column].knots) - 1)] if column in self.splines else [None]

    def complete(self, table: pd.DataFrame) -> Array:
        """Mask (n,) of the rows with a value in every column, and no level that was not learnt.

        Raises
        ------
        DataError
            A column is absent, or is text although numbers were learnt.
        """
        demand(table, self.columns, "table of columns")
        for column in self.columns:
            numbers = _numeric(table[column]) or table[column].isna().all()
            if column not in self.levels and not numbers:
                mend = "write it as the numbers that the model learnt from"
                raise DataError(f"{column} is text, but the model learnt numbers", f"column {column}", mend)
        complete = table[list(self.columns)].notna().all(axis=1).to_numpy()
        for column, known in self.levels.items():
            complete &= as_levels(table[column]).isin(known).to_numpy()
        return complete

    def matrix(self, table: pd.DataFrame) -> Array:
        """Numbers (n, terms) of each row, without intercept; NaN if a number is missing.

        Raises
        ------
        DataError
            A column is absent.
        """
        demand(table, self.columns, "table of columns")
        kept = [column for column in self.columns if column not in self.constant]
        parts = [self._block(table[column]) for column in kept]
        return np.column_stack([np.empty((len(table), 0)), *parts])

    def _block(self, column: pd.Series) -> Array:
        """Numbers (n, parts) of one column."""
        name = str(column.name)
        if name in self.levels:
            return as_levels(column).to_numpy()[:, None] == np.array(self.levels[name][1:], dtype=object)
        values = column.to_numpy(dtype=float)
        return self.splines[name].columns(values) if name in self.splines else values[:, None]


def demand(table: pd.DataFrame, columns: Sequence[str], where: str) -> None:
    """Raise DataError unless a table has all of `columns`; `where` is the place that the error names."""
    absent = [column for column in columns if column not in table]
    if absent:
        raise DataError(f"no column {', '.join(absent)}", where, "leave it out of the columns")


def as_levels(column: pd.Series) -> pd.Series:
    """The cells as text; a whole number has no decimal point, so that level 2 is ``2`` in any table."""
    if not _numeric(column):
        return column.astype(str)
    return column.astype(float).map(lambda value: np.format_float_positional(value, trim="-")).astype(object)


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _name(column: str, of: str | int | None) -> str:
    if of is None:
        return column
    return f"{column}={of}" if isinstance(of, str) else column + "'" * of


def _levels(column: pd.Series, reference: str | None) -> tuple[str, ...]:
    """Levels, the reference first, then in order: of the categories, of numbers, or of text."""
    texts = set(as_levels(column))
    known = sorted(column.unique()) if _numeric(column) else sorted(texts)
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = list(column.cat.categories)
    present = [level for level in as_levels(pd.Series(known)) if level in texts]
    if len(present) > MOST_LEVELS:
        mend = f"pool levels, leave {column.name} out, or make it the stratum: dataset.columns.stratum={column.name}"
        raise DataError(f"{len(present)} levels, of at most {MOST_LEVELS}", f"column {column.name}", mend)
    if reference is not None and reference not in present:
        near = get_close_matches(reference, present, n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        what = f"{column.name} has no level {reference!r} in the rows that are fitted"
        raise ConfigError(what, f"features.reference.{column.name}", f"{mend}levels: {few(present)}")
    return tuple(sorted(present, key=lambda level: level != reference))
