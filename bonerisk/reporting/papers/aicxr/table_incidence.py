"""The numbers of AI-CXR's figure 4: incidence of each group by two estimators, hazard ratios, C-index."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bonerisk.reporting.papers.aicxr.analyses import Analysis, splits
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, percent
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import Vocabulary

HEADS = {"Aalen–Johansen": "Incidence by {}", "Kaplan–Meier": "Kaplan–Meier by {}"}  # by estimator
OF_BOTH = {"hazard_ratio": "Hazard ratio", "hazard_ratio_adjusted": "Adjusted hazard ratio", "c_index": "C-index"}


def incidence(table: pd.DataFrame, metrics: pd.DataFrame, found: Sequence[Analysis], vocabulary: Vocabulary) -> Table:
    """A row a split, arm and group; ratios and C-index stand in the row of high risk.

    Parameters
    ----------
    table : DataFrame
        The evaluation's incidence within strata (`bonerisk.evaluation.tables.strata.INCIDENCE`).
    metrics : DataFrame
        The evaluation's.
    found : sequence of Analysis
    vocabulary : Vocabulary
    """
    marks, rows = Footnotes(), []
    years = sorted(table["horizon_years"].unique())
    for split in splits(metrics, found):
        for arm in found:
            of_arm = arm.within(table, split)
            of_arm = of_arm[of_arm["threshold"] == arm.threshold]
            for group, name in arm.groups.items():
                part = of_arm[of_arm["group"] == group]
                n, events = part[["n", "n_events_total"]].iloc[0] if len(part) else (0, 0)
                row = {"Split": words.split(split), "Analysis": arm.title[:1].upper() + arm.title[1:], "Group": name}
                row |= {vocabulary.rows: count(n), vocabulary.heading: count(events)}
                row |= _incidences(part, years, marks, vocabulary)
                for metric, head in OF_BOTH.items():
                    threshold = "" if metric == "c_index" else arm.threshold
                    at = arm.row(metrics, split, metric, threshold=threshold) if group == "high" else None
                    row[head] = "" if at is None else marks.mark(value(at), vocabulary.in_words(at["note"]))
                rows.append(row)
    notes = (
        f"In brackets: {100 * table['level'].iloc[0]:.0f}% intervals. Aalen–Johansen counts a death without "
        f"{vocabulary.having} as an end after which there is none; Kaplan–Meier, as in AI-CXR, takes the dead for "
        "censored and is therefore higher.",
        *marks.notes(),
    )
    title = "Incidence by risk group (as AI-CXR's Figure 4)"
    return Table("incidence_by_t_score", title, pd.DataFrame(rows), notes, "Split")


def _incidences(rows: pd.DataFrame, years: Sequence[float], marks: Footnotes, vocabulary: Vocabulary) -> dict[str, str]:
    """Both estimates at each year; the same where nobody had a competing event, and only one was made."""
    cells = {head.format(words.years(year)): MISSING for year in years for head in HEADS.values()}
    for year in years:
        of_year = rows[rows["horizon_years"] == year]
        for row in rows_of(of_year):
            text = marks.mark(percent(row.incidence, row.lower, row.upper), vocabulary.in_words(row.note))
            for estimator, head in HEADS.items():
                if len(of_year) == 1 or row.estimator == estimator:
                    cells[head.format(words.years(year))] = text
    return cells
