"""What the model can do in each hospital: OsPenScreen's Table 2."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bonerisk.reporting.papers.ospenscreen.places import Place
from bonerisk.reporting.tables.performance import SIDES
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, share
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import Vocabulary

WITHOUT_THRESHOLD = ("auc", "average_precision")
AT_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv", "accuracy", "f1")


def performance(
    metrics: pd.DataFrame,
    confusion: pd.DataFrame,
    found: Sequence[Place],
    threshold: str,
    cut: float,
    vocabulary: Vocabulary,
) -> Table:
    """A column a place: counts and metrics at one threshold.

    Parameters
    ----------
    metrics, confusion : DataFrame
        The evaluation's.
    found : sequence of Place
    threshold : str
    cut : float
        Its value.
    vocabulary : Vocabulary
    """
    marks = Footnotes()
    rows = [[vocabulary.rows, *(count(sum(_counts(confusion, place, threshold).values())) for place in found)]]
    for side, name in SIDES.items():
        counts = [_counts(confusion, place, threshold) for place in found]
        rows.append([f"{name}, n (%)", *(share(of[side], sum(of.values())) if of else MISSING for of in counts)])
    for metric in (*WITHOUT_THRESHOLD, *AT_THRESHOLD):
        at = threshold if metric in AT_THRESHOLD else ""
        cells = [cell(place.row(metrics, metric, threshold=at), marks, vocabulary) for place in found]
        if any(text != MISSING for text in cells):
            rows.append([f"{words.metric(metric)} (95% CI)", *cells])
    heads = pd.MultiIndex.from_tuples([("", "Metric"), *(place.head for place in found)])
    title = f"Performance in each hospital (as OsPenScreen's Table 2). {words.threshold(threshold, cut)}"
    frame = pd.DataFrame(rows, columns=heads)
    return Table("performance_by_site", title, frame, marks.notes())


def cell(row: pd.Series | None, marks: Footnotes, vocabulary: Vocabulary) -> str:
    """A metric's value; why there is none stands under the table."""
    if row is None:
        return MISSING
    text = value(row)
    return marks.mark(text, vocabulary.in_words(row["note"])) if text == MISSING else text


def _counts(confusion: pd.DataFrame, place: Place, threshold: str) -> dict[str, float]:
    row = place.row(confusion, threshold=threshold)
    return {} if row is None else {side: row[side] for side in SIDES}
