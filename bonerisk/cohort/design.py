"""Columns of a table as numbers for a regression: text as indicators of its levels, rows complete or left out.

A text column becomes one indicator per level against its first level (a categorical column keeps its order). Levels are
learnt from the rows that a model is fitted on; a row with another level is not complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bonerisk.errors import DataError

Array = np.ndarray
Term = tuple[str, str | None]  # column, level: (sex, M) is 1 for M; (age_years, None) is the number itself


@dataclass(frozen=True)
class Design:
    """Terms of a regression.

    Parameters
    ----------
    columns : tuple of str
    levels : dict
        Text column → its levels; the first is the reference.
    constant : tuple of str
        Columns that had one value only; they have no term.

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

    @classmethod
    def of(cls, table: pd.DataFrame, columns: Sequence[str], where: str) -> Design:
        """Learn the levels and constants of `columns` from the rows that have a value in all of them.

        Raises
        ------
        DataError
            A column is absent; `where` is the place that the error names.
        """
        demand(table, columns, where)
        rows = table[table[list(columns)].notna().all(axis=1)]
        texts = [column for column in columns if not pd.api.types.is_numeric_dtype(rows[column])]
        constant = tuple(column for column in columns if rows[column].nunique() < 2)
        return cls(tuple(columns), {column: _levels(rows[column]) for column in texts}, constant)

    @property
    def terms(self) -> list[Term]:
        """Columns of the matrix."""
        kept = [column for column in self.columns if column not in self.constant]
        return [(column, level) for column in kept for level in self.levels.get(column, ("", None))[1:]]

    @property
    def names(self) -> list[str]:
        """The terms as text: ``age_years``, ``sex=M``."""
        return [column if level is None else f"{column}={level}" for column, level in self.terms]

    def complete(self, table: pd.DataFrame) -> Array:
        """Mask (n,) of the rows with a value in every column, and no level that was not learnt.

        Raises
        ------
        DataError
            A column is absent, or is text although numbers were learnt.
        """
        demand(table, self.columns, "table of columns")
        for column in self.columns:
            numbers = pd.api.types.is_numeric_dtype(table[column]) or table[column].isna().all()
            if column not in self.levels and not numbers:
                mend = "write it as the numbers that the model learnt from"
                raise DataError(f"{column} is text, but the model learnt numbers", f"column {column}", mend)
        complete = table[list(self.columns)].notna().all(axis=1).to_numpy()
        for column, known in self.levels.items():
            complete &= table[column].astype(str).isin(known).to_numpy()
        return complete

    def matrix(self, table: pd.DataFrame) -> Array:
        """Numbers (n, terms) of each row, without intercept; NaN if a number is missing.

        Raises
        ------
        DataError
            A column is absent.
        """
        demand(table, self.columns, "table of columns")
        parts = [table[column] if level is None else table[column].astype(str) == level for column, level in self.terms]
        return np.column_stack([part.to_numpy(dtype=float) for part in parts]) if parts else np.empty((len(table), 0))


def demand(table: pd.DataFrame, columns: Sequence[str], where: str) -> None:
    """Raise DataError unless a table has all of `columns`; `where` is the place that the error names."""
    absent = [column for column in columns if column not in table]
    if absent:
        raise DataError(f"no column {', '.join(absent)}", where, "leave it out of the columns")


def _levels(column: pd.Series) -> tuple[str, ...]:
    present = set(column.astype(str))
    order = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(present)
    return tuple(str(level) for level in order if str(level) in present)
