"""Hazard over time: the ratio of one SD of each model's risk, and whether it holds over the whole follow-up."""

from __future__ import annotations

import pandas as pd

from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, interval, number, p_value
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary


def hazards(table: pd.DataFrame, vocabulary: Vocabulary, kept: list[str]) -> Table | None:
    """A row a split and model; None where nothing was found.

    Parameters
    ----------
    table : DataFrame
        hazards.csv: split, model, hazard_ratio_per_sd, lower, upper, early, late, split_time_years, p_value, n,
        n_events, note.
    vocabulary : Vocabulary
    kept : list of str
        Models that are shown: those that are about this outcome.
    """
    table = table[table["model"].isin(kept)]
    if table.empty:
        return None
    marks, rows = Footnotes(), []
    for row in rows_of(table):
        ratio = interval(row.hazard_ratio_per_sd, row.lower, row.upper)
        note = "" if pd.isna(row.note) else vocabulary.in_words(row.note)
        found = {"Split": words.split(row.split), "Model": words.model(row.model), vocabulary.rows: count(row.n)}
        found |= {
            vocabulary.heading: count(row.n_events),
            "Hazard ratio per SD (95% CI)": marks.mark(ratio, note),
        }
        found |= {"Early": number(row.early), "Late": number(row.late)}
        rows.append(found | {"Parted at, years": number(row.split_time_years, 1), "p for change": p_value(row.p_value)})
    notes = (
        "Hazard ratio: per standard deviation of the model's risk in the split. Early and late: before and after the "
        "median time of the events; if they differ (small p), one hazard ratio does not describe the whole follow-up.",
        *marks.notes(),
    )
    return Table("hazards", "Hazard over time", pd.DataFrame(rows), notes, group="Split")
