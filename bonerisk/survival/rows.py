"""Covariates of many patients, read in chunks of rows: an array in memory, or a Parquet file larger than memory.

Sums over rows read them chunk by chunk, in order, as often as needed. So one algorithm serves both, and the whole is
never copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

Array = np.ndarray

CHUNK_VALUES = 2**21  # 16 MB in float64: large enough for BLAS, small beside any table that needs chunks
LARGEST = 1e100  # squares of larger values may overflow float64


@dataclass(frozen=True)
class InMemory:
    """An array (n, p) of any real type; it is not copied.

    Parameters
    ----------
    values : array (n, p)
    names : tuple of str
    """

    values: Array
    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]

    def chunks(self) -> Iterator[tuple[slice, Array]]:
        """Yield each chunk: its slice of the rows, and their values."""
        step = rows_a_chunk(self.shape[1])
        for start in range(0, len(self.values), step):
            part = slice(start, min(start + step, len(self.values)))
            yield part, self.values[part]


@dataclass(frozen=True)
class Parquet:
    """Columns of a Parquet file, never in memory as a whole; rows are in the file's order.

    Parameters
    ----------
    path : Path or str
    columns : str or sequence of str
        Columns of numbers, or the one column whose rows are fixed-size lists, such as `embedding`.
    """

    path: Path | str
    columns: str | Sequence[str]

    @cached_property
    def _chosen(self) -> list[str]:
        return [self.columns] if isinstance(self.columns, str) else list(self.columns)

    @cached_property
    def _form(self) -> tuple[int, pa.Schema]:
        """Rows of the file, and the schema of the columns chosen."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path) as file:
                n, schema = file.metadata.num_rows, file.schema_arrow
        except (OSError, pa.ArrowInvalid) as error:
            what = f"not a Parquet file that can be read ({error})"
            raise DataError(what, f"{self.path}", "write it again") from error
        absent = [name for name in self._chosen if name not in schema.names]
        if absent:
            raise DataError(f"no column {', '.join(absent)}", f"{self.path}", f"it has {', '.join(schema.names)}")
        types = [schema.field(name).type for name in self._chosen]
        if not (len(types) == 1 and pa.types.is_fixed_size_list(types[0])):
            for name, kind in zip(self._chosen, types, strict=True):
                if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
                    mend = "name columns of numbers, or one column of fixed-size lists"
                    raise DataError(f"column {name} holds {kind}, not a number", f"{self.path}", mend)
        return n, pa.schema([schema.field(name) for name in self._chosen])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; a list column gives embedding[0], embedding[1], …."""
        import pyarrow as pa

        kind = self._form[1].types[0]
        if pa.types.is_fixed_size_list(kind):
            return tuple(f"{self._chosen[0]}[{j}]" for j in range(kind.list_size))
        return tuple(self._chosen)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._form[0], len(self.names)

    def chunks(self) -> Iterator[tuple[slice, Array]]:
        """Yield each chunk: its slice of the rows, and their values."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        start, width = 0, len(self.names)
        # By default pyarrow reads ahead, and whole row groups at once: that may be the whole file.
        with pq.ParquetFile(self.path, buffer_size=2**20, pre_buffer=False) as file:
            for batch in file.iter_batches(rows_a_chunk(width), columns=self._chosen):
                part = slice(start, start + len(batch))
                if pa.types.is_fixed_size_list(batch.schema.types[0]):
                    values = self._lists(batch.column(0), start).reshape(-1, width)
                else:
                    values = np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch.columns])
                yield part, values
                start = part.stop

    def _lists(self, lists: pa.FixedSizeListArray, start: int) -> Array:
        if lists.null_count:
            row = start + int(np.flatnonzero(lists.is_null().to_numpy(zero_copy_only=False))[0])
            raise DataError(f"no {self._chosen[0]}", f"row {row}, counted from 0, of {self.path}", "leave the row out")
        return lists.flatten().to_numpy(zero_copy_only=False)


Rows = InMemory | Parquet


def rows_of(x: ArrayLike | Rows, names: Sequence[str] | None = None) -> Rows:
    """Take an array (n, p), or rows that can already be read in chunks.

    Parameters
    ----------
    x : array (n, p) or Rows
    names : sequence of str, optional
        By default a data frame's columns, those of the Parquet file, or x0, x1, ….

    Raises
    ------
    DataError
        The array is not two-dimensional or not of numbers, or there are not as many names as columns.

    Examples
    --------
    >>> rows_of([[1.0, 2.0], [3.0, 4.0]], names=["age_years", "bmi_kg_m2"]).shape
    (2, 2)
    """
    if isinstance(x, Rows):
        return x
    values = np.asarray(x)
    if values.ndim != 2 or not values.shape[1]:
        raise DataError(
            f"covariates must be (rows, columns), not {values.shape}", "x", "x.reshape(-1, 1) is one column"
        )
    if values.dtype.kind not in "fiub":
        raise DataError(f"covariates must be real numbers, not {values.dtype}", "x", "code levels as 0/1 columns")
    named = names if names is not None else getattr(x, "columns", [f"x{j}" for j in range(values.shape[1])])
    if len(named) != values.shape[1]:
        raise DataError(f"{len(named)} names for {values.shape[1]} columns", "names", "give one for each column")
    return InMemory(values, tuple(str(name) for name in named))


def rows_a_chunk(width: int) -> int:
    """How many rows of `width` columns are read at once."""
    return max(1, CHUNK_VALUES // width)


@dataclass(frozen=True)
class Moments:
    """Mean and spread of each column.

    Parameters
    ----------
    mean, scale : array (p,)
        Mean and standard deviation (divisor n); the latter is 1 if a column is constant.
    constant : array (p,) of bool
    """

    mean: Array
    scale: Array
    constant: Array


def moments(rows: Rows) -> Moments:
    """Mean and standard deviation of each column, in one pass that also checks every value.

    Raises
    ------
    DataError
        A value is missing or infinite: its row and column are named.
    """
    n, p = rows.shape
    first, total, squares = np.zeros(p), np.zeros(p), np.zeros(p)
    for part, chunk in rows.chunks():
        # NaN fails every comparison.
        if not (float(chunk.min()) > -LARGEST and float(chunk.max()) < LARGEST):
            with np.errstate(invalid="ignore"):
                row, column = np.argwhere(~(np.abs(chunk.astype(float)) < LARGEST))[0]
            raise DataError(
                f"{rows.names[column]} is {chunk[row, column]}",
                f"row {part.start + row}, counted from 0",
                "leave the row out, or impute the value",
            )
        if part.start == 0:
            first = chunk[0].astype(float)
        # Measured from the first row, so that a constant column has no spread at all, whatever the rounding.
        away = chunk - first
        total += away.sum(axis=0)
        squares += np.einsum("ij,ij->j", away, away)
    constant = squares == 0
    variance = np.maximum(squares / n - (total / n) ** 2, 1e-12 * squares / n)
    return Moments(first + total / n, np.sqrt(np.where(constant, 1.0, variance)), constant)
