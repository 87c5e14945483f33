"""Rows about the same thing: rows that agree become one row, rows that contradict each other are refused."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.refusals import Refusals


def not_refused(table: pd.DataFrame, refusals: Refusals) -> pd.DataFrame:
    """Return the rows in which nothing was refused."""
    return table[~table.index.isin([line for part in refusals.parts for line in part["row"]])]


def merge_agreeing(table: pd.DataFrame, keys: list[str], refusals: Refusals, what: str) -> pd.DataFrame:
    """Return one row for each value of `keys`: the first, its gaps filled from the others.

    Copies are refused, and so are all rows of a key that contradict each other; the message calls the key `what`.
    """
    said = [column for column in table.columns if column not in keys]
    for column in said:
        refuse_contradictions(table, keys, column, refusals, what)
    table = not_refused(table, refusals)
    again = table[table.duplicated(keys, keep=False)]
    if again.empty:
        return table
    lines = pd.Series(again.index, again.index)
    first = lines.groupby([again[column] for column in again.columns], dropna=False).transform("first")
    refusals.add(again, first != lines, keys[-1], "a copy of row " + first.astype(str))
    merged = table.groupby(keys)[said].transform("first")
    merged = merged.where(merged.notna(), None).astype(table[said].dtypes)
    return table.assign(**{column: merged[column] for column in said}).drop_duplicates(keys)


def refuse_contradictions(table: pd.DataFrame, keys: list[str], column: str, refusals: Refusals, what: str) -> None:
    """Refuse rows with equal `keys` but different values of `column`: nothing shows which is right."""
    again = table[table.duplicated(keys, keep=False) & table[column].notna()]
    wrong = again[again.groupby(keys)[column].transform("nunique") > 1]
    reasons = pd.Series(None, wrong.index, dtype="object")
    for places in wrong.groupby(keys).indices.values():  # without values: they may be birth dates
        reasons.iloc[places] = f"rows {' and '.join(map(str, wrong.index[places]))} of {what} disagree"
    shown = wrong.assign(**{column: wrong[column].map(_shown)})
    refusals.add(shown, pd.Series(True, wrong.index), column, reasons)


def _shown(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value)
