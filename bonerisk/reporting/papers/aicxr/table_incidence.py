"""The numbers of AI-CXR's figure 4: incidence of each group, death told apart or ignored, hazard ratios, C-index."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.reporting.papers.aicxr.analyses import Analysis, splits
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, percent
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import Vocabulary

YEARS = (2.0, 5.0)  # at which AI-CXR prints incidences
OF_BOTH = {"hazard_ratio": "Hazard ratio", "hazard_ratio_adjusted": "Adjusted hazard ratio", "c_index": "C-index"}


def incidence(
    metrics: pd.DataFrame, predictions: pd.DataFrame, found: Sequence[Analysis], vocabulary: Vocabulary
) -> Table:
    """A row a split, arm and group; ratios and C-index stand in the row of high risk.

    Parameters
    ----------
    metrics, predictions : DataFrame
        Of the evaluation.
    found : sequence of Analysis
    vocabulary : Vocabulary
    """
    marks, rows = Footnotes(), []
    level = float(metrics["level"].dropna().iloc[0])
    dying = "competing_event" in predictions and bool((predictions["competing_event"] == 1).any())
    for split in splits(metrics, found):
        for arm in found:
            for group, films in arm.films(predictions, split).items():
                row = {
                    "Split": words.split(split),
                    "Analysis": arm.title[:1].upper() + arm.title[1:],
                    "Group": arm.groups[group],
                }
                row |= {
                    vocabulary.rows: count(len(films)),
                    vocabulary.outcome.capitalize(): count((films["event"] == 1).sum()),
                }
                row |= _incidences(films, dying, level, marks)
                for metric, name in OF_BOTH.items():
                    threshold = "" if metric == "c_index" else arm.threshold
                    at = arm.row(metrics, split, metric, threshold=threshold) if group == "high" else None
                    row[name] = "" if at is None else marks.mark(value(at), vocabulary.in_words(at["note"]))
                rows.append(row)
    notes = (
        f"In brackets: {100 * level:.0f}% intervals. Aalen–Johansen counts a death without {vocabulary.having} as an "
        "end after which there is none; Kaplan–Meier, as in AI-CXR, takes the dead for censored and so is higher.",
        *marks.notes(),
    )
    return Table(
        "incidence_by_t_score", "Incidence by risk group (as AI-CXR's Figure 4)", pd.DataFrame(rows), notes, "Split"
    )


def _incidences(films: pd.DataFrame, dying: bool, level: float, marks: Footnotes) -> dict[str, str]:
    """Both estimates at each year."""
    from bonerisk.survival.incidence import at_horizons

    heads = {"Aalen–Johansen": "Incidence by {}", "Kaplan–Meier": "Kaplan–Meier by {}"}
    cells = {head.format(words.years(year)): MISSING for year in YEARS for head in heads.values()}
    if films.empty:
        return cells
    patient = films["site"].astype(str) + "\x1f" + films["patient_id"].astype(str)
    cluster = pd.factorize(patient)[0] if patient.duplicated().any() else None
    found = at_horizons(
        *(films["time_years"].to_numpy(float), status_of(films), list(YEARS)),
        cluster=cluster,
        competing=dying,
        level=level,
    )
    for row in found:
        both = [head for name, head in heads.items() if row.method.startswith(name)]
        alone = len([other for other in found if other.horizon == row.horizon]) == 1
        for head in heads.values() if alone else both:
            cells[head.format(words.years(row.horizon))] = marks.mark(
                percent(row.incidence, row.lower, row.upper), row.note
            )
    return cells
