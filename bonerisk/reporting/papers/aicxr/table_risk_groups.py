"""Who is at high risk and who is not, with tests: AI-CXR's Table 2 and Extended Data tables 3 and 4."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, listed, number, p_value, share
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary

WHERE = {  # name and title of the table of each stratum
    "all": ("risk_groups", "High and low risk by the film: all {rows} (as AI-CXR's Table 2)"),
    "dxa=yes": ("risk_groups_with_t_score", "The same, {rows} with a T-score (as Extended Data Table 3)"),
    "dxa=no": ("risk_groups_without_t_score", "The same, {rows} without a T-score (as Extended Data Table 4)"),
}
SIDES = {"high": "High risk", "low": "Low risk"}


def risk_groups(table: pd.DataFrame, model: str, threshold: str, vocabulary: Vocabulary) -> list[Table]:
    """A table a stratum, splits side by side; those that have no rows are left out.

    Parameters
    ----------
    table : DataFrame
        groups.csv.
    model, threshold : str
        Whose grouping is shown.
    vocabulary : Vocabulary
    """
    ours = table[(table["model"] == model) & (table["threshold"] == threshold)]
    return [
        _of_stratum(part, name, title.format(rows=vocabulary.rows.lower()), vocabulary)
        for stratum, (name, title) in WHERE.items()
        if len(part := ours[ours["subgroup"] == stratum])
    ]


def _of_stratum(table: pd.DataFrame, name: str, title: str, vocabulary: Vocabulary) -> Table:
    marks, shared = Footnotes(), _shared(table)
    rows: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for row in rows_of(table):
        split, cells = words.split(row.split), rows.setdefault(_label(row), {})
        note = "; ".join(part for part in _parts(row.note) if part not in shared[row.split])
        cells |= {(split, head): _cell(row, side) for side, head in SIDES.items()}
        cells[split, "p"] = marks.mark(p_value(row.p_value), vocabulary.in_words(note))
        cells[split, "p, Holm"] = p_value(row.p_holm)
    heads = [(words.split(split), head) for split in shared for head in (*SIDES.values(), "p", "p, Holm")]
    sizes = _sizes(table)
    shown = [
        (split, f"{head} (n = {count(sizes[split, head])})" if (split, head) in sizes else head)
        for split, head in heads
    ]
    texts = [[*place, *(cells.get(head, "") for head in heads)] for place, cells in sorted(rows.items(), key=_order)]
    frame = pd.DataFrame(texts, columns=pd.MultiIndex.from_tuples([("", "Group"), ("", "Characteristic"), *shown]))
    tests = listed(dict.fromkeys(test for test in table["test"].dropna() if test) or ["no test"])
    notes = [f"n (%) of {vocabulary.rows.lower()}, or mean ± SD. p: {tests}; Holm's adjusts for all of a split."]
    notes += [
        f"{words.split(split)}: {vocabulary.in_words('; '.join(said))}." for split, said in shared.items() if said
    ]
    return Table(name, title, frame, (*notes, *marks.notes()), group="Group")


def _parts(note: str | float) -> list[str]:
    return [] if pd.isna(note) or not note else str(note).split("; ")


def _shared(table: pd.DataFrame) -> dict[str, list[str]]:
    """What is said of every row of a split, to be said once."""
    found = {}
    for split, rows in table.groupby("split", sort=False):
        parts = [_parts(note) for note in rows["note"]]
        found[str(split)] = [part for part in parts[0] if all(part in others for others in parts)]
    return found


def _cell(row: Any, side: str) -> str:
    n, found, sd = (getattr(row, f"{side}_{name}") for name in ("n", "value", "sd"))
    if row.kind == "share":
        return share(found, n)
    return number(found, 1) + (f" ± {number(sd, 1)}" if pd.notna(sd) else "")


def _label(row: Any) -> tuple[str, str]:
    column, level = str(row.column), "" if pd.isna(row.level) else str(row.level)
    if row.kind == "number":
        return "Mean ± SD", words.feature(column)
    if column.startswith("finding_"):
        return "Findings, n (%)", words.feature(column.removeprefix("finding_"))
    if level in ("", "1", "1.0"):
        return "Conditions, n (%)", words.feature(column)
    return f"{words.feature(column)}, n (%)", words.subgroup(f"{column}={level}")


def _order(item: tuple[tuple[str, str], object]) -> int:
    """Numbers first, then what has levels, findings last; else as they came, since sorting is stable."""
    return {"Mean ± SD": 0, "Conditions, n (%)": 2, "Findings, n (%)": 3}.get(item[0][0], 1)


def _sizes(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Films in each group of each split: the most that any row has, since a characteristic may miss some."""
    largest = table.groupby("split")[["high_n", "low_n"]].max()
    return {
        (words.split(str(split)), head): largest.loc[split, f"{side}_n"]
        for split in largest.index
        for side, head in SIDES.items()
    }
