"""Tables of explanations: attention by organ, maps with shuffled weights, and hidden bones."""

from __future__ import annotations

from math import nan

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.explain.attention import DIFFERENCE
from bonerisk.explain.occlusion import CONTROL, ORGAN
from bonerisk.explain.occlusion import DIFFERENCE as BEYOND
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import organs, words
from bonerisk.reporting.wording.numbers import count, interval, number, percent
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary

INTERVALS = "In brackets: {:.0f}% intervals, by patient bootstrap"


def attention(table: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    """Area, share by outcome, its difference, and enrichment of all, a row an organ (attention.csv)."""
    marks, rows = Footnotes(), []
    for _, own in table.groupby(["split", "score", "direction", "organ"], sort=False):
        at = {(row.group, row.metric): row for row in rows_of(own)}
        first = next(iter(at.values()))
        direction = organs.direction(first.score, first.direction, vocabulary)
        where = f"{words.split(first.split)}: {organs.in_sentence(direction)}"
        row = {"Map": where, "Organ": organs.organ(first.organ), "Area": percent(at["all", "area"].estimate, nan, nan)}
        for group in ("1", "0", DIFFERENCE):
            of = at[group, "share"]
            if group == DIFFERENCE:
                text = interval(100 * of.estimate, 100 * of.lower, 100 * of.upper, sign=True, decimals=1)
                row["Difference"] = marks.mark(text, of.note)
            else:
                text = percent(of.estimate, of.lower, of.upper)
                row[f"Share, {organs.in_sentence(organs.group(group, vocabulary))}"] = marks.mark(text, of.note)
        of = at["all", "enrichment"]
        rows.append(row | {"Enrichment": interval(of.estimate, of.lower, of.upper)})
    how = f"{INTERVALS.format(100 * table['level'].iloc[0])}; the difference is in percentage points."
    title = "Share of Grad-CAM's maps on each organ"
    return Table("attention", title, pd.DataFrame(rows), (how, *marks.notes()), group="Map")


def randomisation(table: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    """Likeness of maps with shuffled weights, a row a level (randomisation.csv)."""
    marks = Footnotes()
    rows = [
        {
            "Map": organs.direction(row.score, "towards", vocabulary),
            "Weights shuffled": organs.SHUFFLED.get(row.shuffled, row.shuffled).capitalize(),
            "Rank correlation": marks.mark(interval(row.estimate, row.lower, row.upper), row.note),
            vocabulary.rows: count(row.n),
        }
        for row in rows_of(table)
    ]
    how = f"{INTERVALS.format(100 * table['level'].iloc[0])}."
    return Table("randomisation", "Maps with shuffled weights", pd.DataFrame(rows), (how, *marks.notes()), group="Map")


def occlusion(table: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    """What hiding each bone costs, beside its control, a row a bone (occlusion.csv)."""
    marks, rows, metric = Footnotes(), [], about(table["metric"].iloc[0]).name
    heads = {ORGAN: "Loss", CONTROL: "Loss, control", BEYOND: "Beyond the control"}
    for _, own in table.groupby(["split", "organ"], sort=False):
        at = {row.region: row for row in rows_of(own)}
        first = at[ORGAN]
        row = {"Split": words.split(first.split), "Bone hidden": organs.organ(first.organ)}
        row |= {"Area": percent(first.area, nan, nan), f"{metric} left": number(first.estimate)}
        for region, head in heads.items():
            of = at[region]
            row[head] = marks.mark(interval(of.loss, of.lower, of.upper, sign=True), of.note)
        rows.append(row | {vocabulary.rows: count(first.n)})
    how = f"{INTERVALS.format(100 * table['level'].iloc[0])}, paired."
    title = f"{metric} lost as each bone is hidden"
    return Table("occlusion", title, pd.DataFrame(rows), (how, *marks.notes()), group="Split")
