"""Clinical scores beside the film: what each does at its published cut-off."""

from __future__ import annotations

import pandas as pd

from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables.cells import Cells, keys, whole
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count


def clinical_scores(evaluation: EvaluationRun) -> Table | None:
    """A row a score and split, at the cut-off that was published, if it is judged there; None without a score."""
    cells, metrics = Cells(evaluation.vocabulary), whole(evaluation.metrics)
    cuts, models = evaluation.result.thresholds["thresholds"], evaluation.result.models
    asked = {item["threshold"] for item in cuts if item["model"] == evaluation.model}  # of every model, not published
    notes = dict(zip(models["model"], models["note"], strict=True))
    rows = []
    for split in evaluation.splits:
        for name in evaluation.models("rule"):
            ours = metrics[metrics["model"] == name]
            published = [item["threshold"] for item in cuts if item["model"] == name and item["threshold"] not in asked]
            area = TableKey(evaluation.ranking[0].metric).of(ours, split)
            row = {"Split": words.split(split), "Score": words.model(name)}
            row |= {evaluation.vocabulary.rows: count(area["n"].iloc[0]) if len(area) else ""}
            row |= {"Positive at": "; ".join(published), evaluation.ranking[0].name: cells.text(area)}
            for threshold in published:
                found = keys(ours, {"threshold"}, threshold)
                row |= {key.name: cells.text(key.of(ours, split)) for key in found}
            rows.append(row)
    if not rows:
        return None
    said = tuple(f"{note[:1].upper()}{note[1:]}." for name in evaluation.models("rule") if (note := notes[name]))
    frame, title = pd.DataFrame(rows).fillna(""), "Clinical scores at their published cut-offs"
    if not frame["Positive at"].any():
        frame, title = frame.drop(columns="Positive at"), "Clinical scores, by their ranking alone"
    return Table("clinical_scores", title, frame, (*said, *cells.notes(metrics)), "Split")
