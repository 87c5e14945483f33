"""Rows that were refused: how many for which reason, and the first of them."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.table import CONFIDENCE
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.numbers import count

SHOWN = 10


def rejected(rows: pd.DataFrame) -> list[Table]:
    """Tables of `rows` (columns of rejected.csv): counts by reason, and examples. None where nothing was refused.

    Films of which a model was not sure enough to label them are counted, and are no examples: their values are right.
    """
    if rows.empty:
        return []
    counts = rows.groupby(["column", "reason"], dropna=False).size().sort_values(ascending=False, kind="stable")
    by_reason = counts.map(count).rename("Values").reset_index().rename(columns=str.capitalize)
    counted = Table("rejected_by_reason", "Values refused, by reason", by_reason)
    rows = rows[rows["column"] != CONFIDENCE]
    if rows.empty:
        return [counted]
    first = rows.head(SHOWN).rename(columns=lambda name: name.replace("_id", "").capitalize())
    title = f"First {len(first)} of {count(len(rows))} refused values" if len(rows) > SHOWN else "Refused values"
    return [counted, Table("rejected", title, first.astype(object).where(first.notna(), "").astype(str), _all(rows))]


def _all(rows: pd.DataFrame) -> tuple[str, ...]:
    return ("All are in the run's rejected.csv.",) if len(rows) > SHOWN else ()
