"""Each class against the rest: how well a model tells it, by its probability and by the class that it calls."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.cells import Cells, keys, whole
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import share


def by_class(evaluation: EvaluationRun) -> Table | None:
    """A row a split and class; None where the outcome is not of classes."""
    cells, ours = Cells(evaluation.vocabulary), whole(evaluation.ours)
    shown, rows = keys(ours, {"class"}), []
    for split in evaluation.splits if shown else ():
        counts = evaluation.class_counts[evaluation.class_counts["split"] == split]
        for name in BONE_CLASSES:
            of_class, called = (counts.loc[counts[side] == name, "n"].sum() for side in ("observed", "called"))
            row = {"Split": words.split(split), "Class": words.BONE_CLASSES[name]}
            row |= {
                side: share(n, counts["n"].sum())
                for side, n in (("By DXA, n (%)", of_class), ("Called, n (%)", called))
            }
            for key in shown:
                if key.metric.endswith(f"_{name}"):
                    row[words.metric(key.metric.removesuffix(f"_{name}"))] = cells.text(key.of(ours, split))
            rows.append(row)
    if not rows:
        return None
    notes = (
        f"Each class against the other two. Called: the class of the highest probability. The AUC and observed / "
        f"expected take the probability of the class itself; they need no call of a {evaluation.vocabulary.row}.",
        *cells.notes(_of_one(ours, BONE_CLASSES[0])),
    )
    return Table("classes", "Performance by class", pd.DataFrame(rows), notes, group="Split")


def _of_one(metrics: pd.DataFrame, bone_class: str) -> pd.DataFrame:
    """Metrics of one class, called as for a yes-or-no outcome: their intervals are made as those of the others."""
    rows = metrics[metrics["metric"].str.endswith(f"_{bone_class}")]
    return rows.assign(metric=rows["metric"].str.removesuffix(f"_{bone_class}"))
