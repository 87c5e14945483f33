"""What is a slip, and what is not: cells misread as a whole, and rows refused that are not lost by chance.

A single odd cell is a slip, and its row is refused. Many odd cells, odd cells that are all larger than what was read,
and refused rows that mostly have one outcome are none: without these rows, a result is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.refusals import Refusals
from bonerisk.errors import DataError

GROUPED = r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+"  # 1,746 and 1.746.000; never 0.746, 1746.5 or 1.75
SHORT = r"[+-]?\d{1,3}"  # a number too small for a thousands sign
SLIPS = 2  # cells, or rows
MOST = 0.05  # share of a column's cells, or of the rows
CHANCE = 0.001  # p of Fisher's exact test, under which refusals depend on the outcome
CODES_FOR_NONE = {sign * float(digit * length) for sign in (1, -1) for digit in "789" for length in range(1, 6)}
MENDING = (
    "correct the cells, which rejected.csv lists; or leave such rows out on purpose, as a step of the flow: "
    "dataset.where=…"
)
APART = (
    "name what tells a patient's visits apart, as dataset.columns.film_date=<column of dates> or "
    "dataset.columns.image_id=<column>; or keep one row for each patient"
)


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
    """Yield an error if more than `MOST` of the cells have no value, or if those without are all larger, or smaller.

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
    if count > MOST * there or side:
        what = f"{count} of {there} cells can't be read{side}, the first in row {lost.idxmax()}: {reason}"
        mend = "write numbers as 1746, 2.5 or -2.5: no thousands sign, no brackets, the minus in front"
        yield DataError(what, where, mend if pd.api.types.is_float_dtype(parsed) else "write all cells so")


def codes_for_none(numbers: pd.Series, where: str) -> Iterator[DataError]:
    """Yield an error if a column has −9, 99, 999 or the like in several rows, far from all other numbers.

    Examples
    --------
    >>> next(codes_for_none(pd.Series([22.5, 31.0, 999, 999, 27.1, 999]), "t.csv, column bmi")).what
    '999 in 3 of 6 rows is unlike all other numbers: it seems to mean that there is none'
    >>> list(codes_for_none(pd.Series([950, 700, 999, 999, 400, 999]), "t.csv, column platelets"))
    []
    """
    known = numbers.dropna()
    for code in sorted(CODES_FOR_NONE.intersection(known)):
        others = known[~known.isin(CODES_FOR_NONE)]
        count = int((known == code).sum())
        if count <= SLIPS or others.empty:
            continue
        if (code < 0 <= others.min()) or (others - code).abs().min() > others.max() - others.min():
            what = f"{code:g} in {count} of {len(numbers)} rows is unlike all other numbers: it seems to mean that "
            yield DataError(f"{what}there is none", where, "leave such cells empty, or write NA")


def _side(lost: pd.Series, read: pd.Series) -> str:
    """Return where the numbers in cells that can't be read lie, if it is beyond all that can be."""
    if not pd.api.types.is_float_dtype(read) or read.empty:
        return ""
    negative = lost.str.contains(r"[-−–(]").map({True: -1.0, False: 1.0})
    numbers = values.number(lost.str.replace(r"[^\d.,]", "", regex=True)) * negative
    if (numbers >= read.max()).all():
        return " (all above those that can)"
    return " (all below those that can)" if (numbers <= read.min()).all() else ""


def losses(table: pd.DataFrame, refusals: Refusals) -> Iterator[DataError]:
    """Yield an error for each column for which rows are refused that are not lost by chance.

    Parameters
    ----------
    table : DataFrame
        Parsed values of all rows, with our names, indexed by line.
    refusals : Refusals
        Without copies of rows, by which nothing is lost. Missing films count only if they depend on the outcome: a
        folder may hold a part of a table's films.
    """
    rejected, ours = refusals.table, {theirs: ours for ours, theirs in refusals.names.items()}
    lines = table.index.union(pd.Index(rejected["row"]))
    outcomes = pd.DataFrame(_outcomes(table), lines)
    filmless = lines.isin(rejected.loc[rejected["column"].map(ours) == "image_path", "row"])
    for column, alike in rejected.groupby("column", sort=False):
        rows, name = pd.Series(lines.isin(alike["row"]), lines), ours.get(str(column), column)
        among = lines if name == "image_path" else lines[~filmless]
        evidence = lost(rows[among], outcomes.loc[among], 1 if name == "image_path" else MOST)
        if evidence:
            first = alike.iloc[0]
            what = f"{evidence}; the first is row {first['row']}: "
            mend = APART if name == "image_id" and "image_path" not in table else MENDING
            yield DataError(what + first["reason"], f"{refusals.file}, column {column}", mend)


def lost(rows: pd.Series, outcomes: pd.DataFrame, most: float = MOST) -> str:
    """Return why rows are not lost by chance: they depend on an outcome, or are too many; else nothing.

    Parameters
    ----------
    rows : Series of bool
        Which of all rows are lost.
    outcomes : DataFrame
        A column for each outcome, named in words: 1 or 0 for each row, missing where it is unknown.
    most : float
        Share of rows that may be lost.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"the event": [1.0] * 10 + [0.0] * 90})
    >>> lost(pd.Series(outcomes.index < 5), outcomes)
    'the rows lost depend on the outcome: 5 of 10 with the event, 0 of 90 without'
    >>> lost(pd.Series(outcomes.index % 30 == 0), outcomes)
    ''
    """
    count = int(rows.sum())
    if count <= SLIPS:
        return ""
    found = []
    for name, outcome in outcomes.items():
        counts = [(int((rows & (outcome == value)).sum()), int((outcome == value).sum())) for value in (1, 0)]
        if _p(counts) < CHANCE:
            (lost_with, with_it), (lost_without, without) = counts
            found.append(f"{lost_with} of {with_it} with {name}, {lost_without} of {without} without")
    if found:
        return f"the rows lost depend on the outcome: {'; '.join(found)}"
    share = count / len(rows)
    return f"{count} of {len(rows)} rows ({share:.0%}) are lost: too many for slips" if share > most else ""


def _p(counts: list[tuple[int, int]]) -> float:
    """P-value of Fisher's exact test for counts of rows lost and of all rows, with an outcome and without."""
    from scipy.stats import fisher_exact

    return float(fisher_exact([[of_lost, of_all - of_lost] for of_lost, of_all in counts]).pvalue)


def _outcomes(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return each outcome that a table has, in words, as 1, 0 or missing."""
    found = {f"{name} 1": table[name] for name in ("event", "competing_event") if name in table}
    if {"bone_class", "t_score"} & set(table):
        known = table.reindex(columns=["bone_class", "t_score"])
        classes = known["bone_class"].where(known["bone_class"].notna(), bone_class(known["t_score"]))
        found["low bone mass or osteoporosis"] = (classes != "normal").astype(float).where(classes.notna())
    return found
