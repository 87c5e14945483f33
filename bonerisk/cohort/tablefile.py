"""Reading a user's table whatever its form: CSV, Parquet or HDF5, recognised by content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bonerisk.cohort import hdf5, textfile
from bonerisk.cohort.bounds import check_cell, check_columns, check_memory
from bonerisk.cohort.table import few
from bonerisk.errors import DataError, reason_of

CELL_BYTES = 16  # of a number with its mark for missing, or of a reference to a text and its place in a dictionary
FORMS = {"Parquet": (b"PAR1", (".parquet", ".pq")), "HDF5": (b"\x89HDF\r\n\x1a\n", (".h5", ".hdf5", ".hdf"))}


@dataclass(frozen=True)
class TableFile:
    """A table as it stands in the file.

    Parameters
    ----------
    rows : DataFrame
        Cells are text in a CSV, else as the file has them; the index is the line, or the row counted from 1.
    ragged : Series of str
        Rows that have another number of cells than the header (`textfile.read`).
    features : tuple of str, optional
        Columns that the form itself marks as features.
    names : mapping of str to str
        Our names of columns to the file's, as far as the form fixes them.
    notes : tuple of str
        What was left out.
    """

    rows: pd.DataFrame
    ragged: pd.Series = field(default_factory=lambda: pd.Series(dtype="object"))
    features: tuple[str, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(path: Path) -> TableFile:
    """Read `path`.

    Raises
    ------
    DataError
        The file can't be read, is not of the form that its name says, has no rows, a column twice, or is too large.
    """
    start = _start(path)
    for form, (sign, suffixes) in FORMS.items():
        if start and path.suffix.lower() in suffixes and not start.startswith(sign):
            raise DataError(f"this is no {form} file, despite its name", str(path), "give a CSV a name in .csv")
    if start.startswith(FORMS["Parquet"][0]):
        return TableFile(_some(_parquet(path), path))
    if start.startswith(FORMS["HDF5"][0]):
        rows, features, left_out = hdf5.read(path)
        notes = (f"Groups of {path.name} that are no split are left out: {few(left_out)}.",) if left_out else ()
        return TableFile(_some(rows, path), features=features, names={"event": "e", "time_years": "t"}, notes=notes)
    return TableFile(*textfile.read(path))


def _start(path: Path) -> bytes:
    if not path.is_file():
        return b""  # `textfile` reports it
    with path.open("rb") as file:
        return file.read(8)


def _parquet(path: Path) -> pd.DataFrame:
    try:
        text = _text_columns(path)
        rows = pd.read_parquet(path, engine="pyarrow", dtype_backend="numpy_nullable", read_dictionary=text)
    except (OSError, ValueError) as error:  # the bases of pyarrow's own errors
        raise DataError(f"the Parquet file can't be read: {reason_of(error)}", str(path), "write it again") from error
    rows = rows if isinstance(rows.index, pd.RangeIndex) else rows.reset_index()  # pandas keeps identifiers there
    text = [name for name in text if name in rows]
    check_cell(max((len(cell) for name in text for cell in rows[name].cat.categories), default=0), path)
    rows = rows.astype(dict.fromkeys(text, "string"))
    return rows.set_axis(pd.RangeIndex(1, len(rows) + 1)).rename(columns=str)


def _text_columns(path: Path) -> list[str]:
    """Columns of text, to be read as dictionaries: what a file holds once for a million rows is once in memory, too.

    Raises
    ------
    DataError
        The table is too large, by what the file says of itself.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        about, schema = file.metadata, file.schema_arrow
    check_columns(about.num_columns, path)
    pages = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    check_memory(pages + about.num_rows * about.num_columns * CELL_BYTES, path)
    kinds = {one.name: getattr(one.type, "value_type", one.type) for one in schema}  # or that of a dictionary
    return [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]


def _some(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    if rows.empty:
        raise DataError("the table has no rows", where=str(path))
    return rows


def as_text(column: pd.Series) -> pd.Series:
    """Return cells of any kind as the text that a CSV would hold; empty ones are None."""
    text = column.astype("string").astype("object")
    return text.where(text.notna(), None)


def as_values(column: pd.Series) -> pd.Series:
    """Return a column of numbers or flags as float64, any other as text."""
    return column.astype("float64") if pd.api.types.is_numeric_dtype(column) else as_text(column)


def with_text(rows: pd.DataFrame, named: Collection[str | None]) -> pd.DataFrame:
    """Return rows with text in the columns named, and in all but those of numbers other than 0 and 1."""
    text = {
        str(column): as_text(cells)
        for column, cells in rows.items()
        if column in named or not pd.api.types.is_numeric_dtype(cells) or cells.dropna().isin([0, 1]).all()
    }
    return rows.assign(**text)
