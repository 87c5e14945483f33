"""What a model can do: its metrics by split (for low bone mass as the paper's Table 2)."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import KINDS, Kind, about
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables.cells import Cells, keys, whole
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, share
from bonerisk.reporting.wording.values import value

SIDES = {"tp": "TP", "tn": "TN", "fp": "FP", "fn": "FN"}
ELSEWHERE: set[Kind] = {
    "decision",
    "reclassification",
    "follow_up",
    "class",
}  # in other tables, or among the sizes
OF_RISK = set(KINDS) - ELSEWHERE
Row = tuple[str, list[str]]  # name, and a cell a split


def by_split(evaluation: EvaluationRun) -> Table:
    """A column a split; sizes, metrics of the risk itself, then what comes of each threshold."""
    cells, ours = Cells(evaluation.vocabulary), whole(evaluation.ours)
    without = "All classes" if evaluation.result.outcome == "ordinal" else "Without a threshold"
    groups = {evaluation.vocabulary.rows: list(_sizes(evaluation))}
    groups[without] = list(_metrics(evaluation, cells, ours, ""))
    for threshold, cut in evaluation.thresholds.items():
        rows = groups[words.threshold(threshold, cut)] = []
        if not evaluation.horizons:  # at a horizon they are weighed, and no counts
            rows += _confusion(evaluation, threshold)
        rows += _metrics(evaluation, cells, ours, threshold)
        for level in ("high", "low"):
            part = evaluation.ours[evaluation.ours["subgroup"] == f"risk={level}"]
            rows += [(f"{name}, {level} risk", found) for name, found in _metrics(evaluation, cells, part, threshold)]
    heads = ["Group", "Metric", *map(words.split, evaluation.splits)]
    frame = pd.DataFrame(
        [[group, name, *found] for group, rows in groups.items() for name, found in rows], columns=heads
    )
    kinds = ours["metric"].map(lambda name: about(name).kind)
    return Table("performance", "Performance by split", frame, cells.notes(ours[kinds != "class"]), group="Group")


def _metrics(evaluation: EvaluationRun, cells: Cells, metrics: pd.DataFrame, threshold: str) -> Iterator[Row]:
    for key in keys(metrics, OF_RISK, threshold):
        yield key.name, [cells.text(key.of(metrics, split)) for split in evaluation.splits]


def _sizes(evaluation: EvaluationRun) -> Iterator[Row]:
    """Films, those with the outcome, and, at each horizon, those who had it or another event by then."""
    outcome, splits = evaluation.vocabulary.heading, evaluation.splits
    n, events = _counted(evaluation, evaluation.ranking[0])
    yield evaluation.vocabulary.rows, list(map(count, n))
    if not evaluation.horizons:
        yield f"{outcome}, n (%)", list(map(share, events, n))
        return
    yield f"{outcome}, n", list(map(count, events))  # no share: others were lost before
    follow_up = TableKey("median_follow_up_years", nan)
    rows = [evaluation.value(split, evaluation.model, follow_up) for split in splits]
    yield follow_up.name, [MISSING if row is None else value(row) for row in rows]
    for key in evaluation.ranking[1:]:
        by = words.years(key.horizon)
        yield f"{outcome} by {by}, n", list(map(count, _counted(evaluation, key)[1]))
        competing = [evaluation.competing(split, key.horizon) for split in splits]
        if any(competing):
            yield f"Competing event first by {by}, n", list(map(count, competing))


def _counted(evaluation: EvaluationRun, key: TableKey) -> tuple[list[float], list[float]]:
    """Films of each split, and those with the outcome; NaN where the split has no such row."""
    rows = [evaluation.value(split, evaluation.model, key) for split in evaluation.splits]
    n, events = ([nan if row is None else row[name] for row in rows] for name in ("n", "n_events"))
    return n, events


def _confusion(evaluation: EvaluationRun, threshold: str) -> Iterator[Row]:
    table = evaluation.confusion
    table = table[(table["threshold"] == threshold) & (table["subgroup"] == "all")]
    parts = [table[table["split"] == split] for split in evaluation.splits]
    for side, name in SIDES.items():
        found = [share(part[side].iloc[0], part[list(SIDES)].iloc[0].sum()) if len(part) else MISSING for part in parts]
        yield f"{name}, n (%)", found
