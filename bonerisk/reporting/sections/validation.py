"""Validation of a model on the patients that it was fitted to: apparent beside validated performance."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.evaluation.validation.validate import APPARENT, CORRECTED, OPTIMISM, VALIDATED
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables.cells import Cells, keys, whole
from bonerisk.reporting.tables.performance import OF_RISK
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, number
from bonerisk.reporting.wording.rows import rows_of

ORDER = 40
LEARNT = "with everything that learns: levels, imputed values, selection, penalty, coefficients and thresholds"
EXPLAINED = {
    APPARENT: "Apparent: the model judged on the very {rows} that it was fitted to, which is too good.",
    OPTIMISM: (
        f"Each bootstrap sample of patients was fitted anew, {LEARNT}. Optimism: a refit's value on its own sample "
        "less its value on all {rows}, the mean over the samples (Harrell)."
    ),
    CORRECTED: "Corrected: apparent less optimism. It estimates the value in new patients of the same source.",
    "crossval": (
        "Cross-validated: patients were dealt to folds, and those of each fold were predicted by a model fitted to the "
        f"others, {LEARNT}. This was repeated, and the values averaged; figures show the first repeat. It estimates "
        "the value in new patients of the same source."
    ),
}


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation with a validation, for each model."""
    for evaluation in page.runs.evaluations:
        rows = evaluation.validation
        models = list(rows["model"].unique())
        parts: list[Part] = []
        if set(rows["split"]) == {APPARENT}:
            parts, models = [_apparent(evaluation, whole(rows))], []
        for model in models:
            own = whole(rows[rows["model"] == model])
            parts += [Text(text) for text in _slope(own)]
            parts.append(_table(evaluation, model, own, len(models) > 1))
        if parts:
            parts.insert(0, Text(" ".join(_explained(evaluation, rows))))
        yield Section(f"Validation{evaluation.place}", parts, evaluation.number)


def _apparent(evaluation: EvaluationRun, rows: pd.DataFrame) -> Table:
    """A row a model: how it ranks the patients that it was fitted to, if nothing was fitted again."""
    cells, shown = Cells(evaluation.vocabulary), keys(rows, {"ranking"})
    frame = pd.DataFrame(
        {"Model": words.model(str(name))} | {key.name: cells.text(key.of(part, APPARENT)) for key in shown}
        for name, part in rows.groupby("model", sort=False)
    )
    return Table(f"apparent{evaluation.suffix}", "Apparent performance", frame, cells.notes(rows, shown))


def _explained(evaluation: EvaluationRun, rows: pd.DataFrame) -> Iterator[str]:
    for split in rows["split"].unique():
        yield EXPLAINED[split].format(rows=f"{evaluation.vocabulary.row}s")
    yield "How the model does in another place or time is not known from this."


def _slope(own: pd.DataFrame) -> Iterator[str]:
    """What the validated calibration slope means."""
    slopes = own[(own["metric"] == "calibration_slope") & own["split"].isin(VALIDATED) & own["estimate"].notna()]
    for row in rows_of(slopes):
        text = f"The calibration slope{words.at(row.horizon_years)} is {number(row.estimate)}: in new patients, "
        if row.estimate <= 0:
            yield f"{text}a higher prediction does not mean a higher risk."
        else:
            way = "extreme" if row.estimate < 1 else "similar"
            yield f"{text}the model's predictions are too {way}, and the slope is the factor that would correct this."


def _table(evaluation: EvaluationRun, model: str, own: pd.DataFrame, named: bool) -> Table:
    """A column for the apparent values, one for the optimism, one for the validated values."""
    cells, splits, rows = Cells(evaluation.vocabulary), list(own["split"].unique()), []
    kinds = OF_RISK - {"observed"}
    for threshold in own["threshold"].unique():
        group, found = words.threshold(threshold) if threshold else "Without a threshold", keys(own, kinds, threshold)
        rows += [[group, key.name, *(_cell(cells, own, key, split) for split in splits)] for key in found]
    frame = pd.DataFrame(rows, columns=["Group", "Metric", *map(words.split, splits)])
    title = f"Apparent and validated performance{f' of {words.model(model)}' if named else ''}"
    name = f"validation{evaluation.suffix}" + (f"_{evaluation.trained.index(model) + 1}" if named else "")
    return Table(name, title, frame, cells.notes(own[own["split"].isin(VALIDATED)]), group="Group")


def _cell(cells: Cells, own: pd.DataFrame, key: TableKey, split: str) -> str:
    found = key.of(own, split)
    if split != OPTIMISM:
        return cells.text(found)
    if found.empty:
        return MISSING
    metric = about(key.metric)
    scale = 100 if metric.percent else metric.scale
    return number(scale * found.iloc[0]["estimate"], metric.decimals + 1, sign=True)
