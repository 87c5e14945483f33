"""Cells from rows of metrics, and the notes that belong under them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import isnan

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import Kind, about, ordered
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables.table import Footnotes
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, listed
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import Vocabulary

COMPETING = "had a competing event first"  # every incidence has this note


class Cells:
    """Cells of one table; their notes are lettered."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.marks = vocabulary, Footnotes()

    def text(self, rows: pd.DataFrame, sign: bool = False, absent: str = MISSING) -> str:
        """The first of `rows` (of the metrics table) as text, or `absent` where there is none."""
        if rows.empty:
            return absent
        parts = [part for part in rows.iloc[0]["note"].split("; ") if not part.endswith(COMPETING)]
        return self.marks.mark(value(rows.iloc[0], sign), self.vocabulary.in_words("; ".join(parts)))

    def notes(self, metrics: pd.DataFrame, keys: Sequence[TableKey] = ()) -> tuple[str, ...]:
        """How the intervals of `keys` were made, or of all, and the letters."""
        names = [key.metric for key in keys] or metrics["metric"]
        rows = metrics[(metrics["method"] != "") & metrics["metric"].isin(names)]
        if rows.empty:
            return self.marks.notes()
        ways = [
            f"{method} ({listed(words.metric(name) for name in found)})"
            for method, found in rows.groupby("method", sort=False)["metric"].unique().items()
        ]
        how = f"In brackets: {100 * rows['level'].iloc[0]:.0f}% intervals, by {'; '.join(ways)}."
        return (how, *self.marks.notes())


def whole(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of whole splits, without differences."""
    return metrics[(metrics["subgroup"] == "all") & (metrics["reference"] == "")]


def keys(metrics: pd.DataFrame, kinds: Set[Kind], threshold: str = "") -> list[TableKey]:
    """Numbers that there are at a threshold, of metrics of some kinds: those without a horizon, then by horizon."""
    there = metrics[metrics["threshold"] == threshold][["metric", "horizon_years"]].drop_duplicates()
    place = {name: number for number, name in enumerate(ordered(there["metric"]))}
    found = [TableKey(name, at, threshold) for name, at in there.itertuples(index=False) if about(name).kind in kinds]
    return sorted(found, key=lambda key: (0 if isnan(key.horizon) else key.horizon, place[key.metric]))


def with_horizon(metrics: pd.DataFrame, horizon: float) -> pd.DataFrame:
    """Rows of the splits that are followed to a horizon; all where it is NaN."""
    splits = metrics[metrics["horizon_years"] == horizon]["split"]
    return metrics if isnan(horizon) else metrics[metrics["split"].isin(splits)]


def at_horizon(found: Sequence[TableKey], horizon: float) -> list[TableKey]:
    """Those of a horizon, and those without one."""
    return [key for key in found if isnan(key.horizon) or key.horizon == horizon]


def sizes(evaluation: EvaluationRun, metrics: pd.DataFrame, split: object, horizon: float) -> tuple[int, int]:
    """Films, and those with the outcome by a horizon; of the ranking, since other metrics may be among cases alone."""
    rows = TableKey(evaluation.ranking[-1].metric, horizon).of(metrics, split)
    n, events = (rows if len(rows) else metrics[metrics["split"] == split])[["n", "n_events"]].iloc[0]
    return int(n), int(events)


def outcome_by(evaluation: EvaluationRun, horizon: float) -> str:
    """``Low bone mass``, or ``Fracture by 5 years``: the head over the second number of `sizes`."""
    by = "" if isnan(horizon) else f" by {words.years(horizon)}"
    return evaluation.vocabulary.heading + by
