"""Each class against the rest: how well models tell it, by its probability and by the class that they call."""

from __future__ import annotations

from itertools import product

import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.cells import Cells, keys, whole
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import share


def by_class(evaluation: EvaluationRun) -> Table | None:
    """A row a split, class and trained model; None where the outcome is not of classes."""
    metrics = whole(evaluation.metrics[evaluation.metrics["model"].isin(evaluation.trained)])
    cells, shown = Cells(evaluation.vocabulary), keys(metrics, {"class"})
    places = product(evaluation.splits, BONE_CLASSES, evaluation.trained) if shown else ()
    rows = []
    for split, name, model in places:
        ours, counts = metrics[metrics["model"] == model], evaluation.class_counts(split, model)
        of_class, called = (counts.loc[counts[side] == name, "n"].sum() for side in ("observed", "called"))
        row = {"Split": words.split(split), "Class": words.BONE_CLASSES[name]}
        row |= {"Model": words.model(model)} if len(evaluation.trained) > 1 else {}
        row |= {
            side: share(n, counts["n"].sum()) for side, n in (("By DXA, n (%)", of_class), ("Called, n (%)", called))
        }
        for key in shown:
            if key.metric.endswith(f"_{name}"):
                row[words.metric(key.metric.removesuffix(f"_{name}"))] = cells.text(key.of(ours, split))
        rows.append(row)
    if not rows:
        return None
    notes = (
        "Each class against the other two. Called: the class of the highest probability, or that of an estimated "
        "T-score. The AUC and observed / expected take the probability of the class itself; they need no call of a "
        f"{evaluation.vocabulary.row}.",
        *cells.notes(_of_one(metrics, BONE_CLASSES[0])),
    )
    return Table("classes", "Performance by class", pd.DataFrame(rows), notes, group="Split")


def _of_one(metrics: pd.DataFrame, bone_class: str) -> pd.DataFrame:
    """Metrics of one class, called as for a yes-or-no outcome: their intervals are made as those of the others."""
    rows = metrics[metrics["metric"].str.endswith(f"_{bone_class}")]
    return rows.assign(metric=rows["metric"].str.removesuffix(f"_{bone_class}"))
