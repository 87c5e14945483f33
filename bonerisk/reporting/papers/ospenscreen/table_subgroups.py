"""The model by sex and age within each hospital: OsPenScreen's Table 3."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bonerisk.reporting.papers.ospenscreen.places import Place
from bonerisk.reporting.papers.ospenscreen.table_performance import AT_THRESHOLD, cell
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, p_value, share
from bonerisk.reporting.wording.vocabulary import Vocabulary

GROUPS = ("sex=F", "sex=M", "age=50-54", "age=55-59", "age=60-64", "age=65+")
SAME = "of two groups that make up a hospital, the one test stands beside the first"
TESTED = (
    "p: whether the AUC in the subgroup differs from that in the rest of its hospital's {rows}; Bonferroni's and "
    "Holm's adjust for all such tests of the split. The paper does not say what its p, under 0.001 in every row, tests."
)


def subgroups(
    metrics: pd.DataFrame,
    gaps: pd.DataFrame,
    found: Sequence[Place],
    threshold: str,
    cut: float,
    vocabulary: Vocabulary,
) -> Table:
    """A row a place and subgroup.

    Parameters
    ----------
    metrics, gaps : DataFrame
        The evaluation's.
    found : sequence of Place
    threshold : str
    cut : float
        Its value.
    vocabulary : Vocabulary
    """
    marks, rows = Footnotes(), []
    shown = [name for name in AT_THRESHOLD if name != "f1"]
    for place in found:
        for group in GROUPS:
            auc = place.row(metrics, "auc", group)
            if auc is None:
                continue
            n, events = auc["n"], auc["n_events"]
            row = {"Set": place.name, "Subgroup": words.subgroup(group)}
            row |= {f"No {vocabulary.outcome}": share(n - events, n), vocabulary.heading: share(events, n)}
            row["AUC (95% CI)"] = cell(auc, marks, vocabulary)
            for metric in shown:
                row[f"{words.metric(metric)} (95% CI)"] = cell(
                    place.row(metrics, metric, group, threshold), marks, vocabulary
                )
            row |= _tested(place.row(gaps, "auc", group), marks, vocabulary)
            rows.append(row)
    title = f"Performance by sex and age in each hospital (as OsPenScreen's Table 3). {words.threshold(threshold, cut)}"
    notes = (TESTED.format(rows=vocabulary.rows.lower()), *marks.notes())
    return Table("subgroups_by_site", title, pd.DataFrame(rows), notes, group="Set")


def _tested(gap: pd.Series | None, marks: Footnotes, vocabulary: Vocabulary) -> dict[str, str]:
    """Cells of the p-values, or why there is none."""
    if gap is None:
        return {"p, Bonferroni": marks.mark(MISSING, SAME), "p, Holm": MISSING}
    why = vocabulary.in_words(gap["note"]) if pd.isna(gap["p"]) else ""
    return {"p, Bonferroni": marks.mark(p_value(gap["p_bonferroni"]), why), "p, Holm": p_value(gap["p_holm"])}
