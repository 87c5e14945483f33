"""How large a user's table may be: a file of kilobytes can say that it holds billions of rows."""

from __future__ import annotations

from pathlib import Path

from bonerisk.documents import MOST_MEMORY
from bonerisk.errors import DataError
from bonerisk.runs.environment import free_memory

MOST_COLUMNS = 20_000
LONGEST_CELL = 2**17  # characters, as of Python's csv
LONGEST_LINE = 2**22  # characters of a CSV's line: those of 20,000 columns, and more
MOST_EMPTY = 2**20  # rows of a CSV, which are those of a spreadsheet
TIMES = 30  # a file may become so many times larger in memory, or `MOST_MEMORY`
MENDING = "keep the rows and columns that are needed"


def check_columns(columns: int, path: Path) -> None:
    """Refuse a table with more than `MOST_COLUMNS`.

    Raises
    ------
    DataError
    """
    if columns > MOST_COLUMNS:
        raise DataError(f"the table has {columns} columns, of at most {MOST_COLUMNS}", str(path), MENDING)


def check_cell(longest: int, path: Path) -> None:
    """Refuse a table with a text of more than `LONGEST_CELL` characters.

    Raises
    ------
    DataError
    """
    if longest > LONGEST_CELL:
        raise DataError(f"a cell of the table has {longest} characters, of at most {LONGEST_CELL}", str(path), MENDING)


def check_memory(needed: int, path: Path) -> None:
    """Refuse a table that would take `needed` bytes, if that is far more than its file has, or more than is free.

    Raises
    ------
    DataError
    """
    most, free = max(MOST_MEMORY, TIMES * path.stat().st_size), free_memory()
    if needed > most or (free is not None and needed > free):
        said = f"of at most {most / 2**30:.0f}" if needed > most else f"and {(free or 0) / 2**30:.1f} are free"
        raise DataError(f"the table would take {needed / 2**30:.1f} GiB in memory, {said}", str(path), MENDING)
