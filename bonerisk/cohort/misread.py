"""Columns misread as a whole: a thousands sign taken for a decimal point, or cells refused that are no slips.

A single odd cell is a slip, and its row is refused. Many odd cells, or odd cells that are all larger than what was
read, are another way to write numbers: without their rows, a result is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort import values
from bonerisk.errors import DataError

GROUPED = r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+"  # 1,746 and 1.746.000; never 0.746, 1746.5 or 1.75
SHORT = r"[+-]?\d{1,3}"  # a number too small for a thousands sign
SLIPS = 2  # cells
MOST_UNREAD = 0.1  # share of a column's cells


def thousands(cells: pd.Series, where: str, highest: float | None = None) -> Iterator[DataError]:
    """Yield an error if "1,746" may be 1746 or 1.746: three digits follow each sign, and no other cell shows which.

    Parameters
    ----------
    cells : Series of str
        Indexed by line.
    where : str
        File and column.
    highest : float, optional
        Highest value that makes sense; if most numbers would be over it with a thousands sign, the sign is a decimal
        one. Without it, a column in which all numbers have the sign is taken as one of three decimals.
    """
    grouped = cells.str.fullmatch(GROUPED).eq(True)
    read = values.number(cells).notna() | grouped
    if not grouped.any() or (read & ~grouped & ~cells.str.fullmatch(SHORT).eq(True)).any():
        return
    whole = values.number(cells[grouped].str.replace("[.,]", "", regex=True))
    if grouped[read].all() if highest is None else (whole.abs() > highest).mean() > 0.5:
        return
    what = f"{grouped.sum()} of {read.sum()} numbers have three digits after a point or comma, the first in row "
    what += f"{grouped.idxmax()}: this is a thousands sign or a decimal one"
    yield DataError(what, where, "write 1746 for 1,746 (a thousands sign), or 1.7460 (a decimal one)")


def unread(cells: pd.Series, parsed: pd.Series, where: str, reason: str) -> Iterator[DataError]:
    """Yield an error if more than a tenth of the cells have no value, or if those without are all larger, or smaller.

    Parameters
    ----------
    cells : Series of str
        Indexed by line; None where missing.
    parsed : Series
        Their values, missing where a cell can't be read.
    where : str
        File and column.
    reason : str
        Why a cell has no value.
    """
    lost, there = cells.notna() & parsed.isna(), int(cells.notna().sum())
    count = int(lost.sum())
    if count <= SLIPS:
        return
    side = _side(cells[lost], parsed[~lost & cells.notna()])
    if count > MOST_UNREAD * there or side:
        what = f"{count} of {there} cells can't be read{side}, the first in row {lost.idxmax()}: {reason}"
        mend = "write numbers as 1746, 2.5 or -2.5: no thousands sign, no brackets, the minus in front"
        yield DataError(what, where, mend if pd.api.types.is_float_dtype(parsed) else "write all cells so")


def _side(lost: pd.Series, read: pd.Series) -> str:
    """Return where the numbers in cells that can't be read lie, if it is beyond all that can be."""
    if not pd.api.types.is_float_dtype(read) or read.empty:
        return ""
    negative = lost.str.contains(r"[-−–(]").map({True: -1.0, False: 1.0})
    numbers = values.number(lost.str.replace(r"[^\d.,]", "", regex=True)) * negative
    if (numbers >= read.max()).all():
        return " (all above those that can)"
    return " (all below those that can)" if (numbers <= read.min()).all() else ""
