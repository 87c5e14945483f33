"""NRI and IDI, where they were asked for: the model against each reference, with the parts and the warning."""

from __future__ import annotations

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import about, ordered
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.cells import Cells
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words

PLACES = ["split", "model", "reference", "horizon_years", "threshold"]


def reclassification(evaluation: EvaluationRun) -> Table | None:
    """A row a pair, horizon and threshold probability; None where it was not asked for."""
    table = evaluation.metrics
    names = [name for name in ordered(table["metric"]) if about(name).kind == "reclassification"]
    table = table[table["metric"].isin(names)]
    cells, rows = Cells(evaluation.vocabulary), []
    for (split, model, reference, *_), part in table.groupby(PLACES, sort=False, dropna=False):
        threshold, horizon = str(part["threshold"].iloc[0]), part["horizon_years"].iloc[0]
        category = f"{float(threshold):.0%}" if threshold else "none"
        by = "" if pd.isna(horizon) else f", {words.years(horizon)}"
        row = {"Split": words.split(str(split)) + by, "Model": words.model(str(model))}
        row |= {"against": words.model(str(reference)), "Category limit": category}
        of = {name: part[part["metric"] == name] for name in names}
        rows.append(row | {words.metric(name): cells.text(found, sign=True, absent="") for name, found in of.items()})
    if not rows:
        return None
    notes = (
        "Above 0, the model moves risks in the right direction. Without a limit any change counts.",
        *cells.marks.notes(),
    )
    return Table("reclassification", "Reclassification", pd.DataFrame(rows), notes, group="Split")
