"""How well each image variant discriminates: spine DeepSurv's Table 2, with intervals and differences to the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.reporting.papers.spine_deepsurv.models import Model, difference, row_of
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, number, p_value
from bonerisk.reporting.wording.rows import Row
from bonerisk.reporting.wording.values import value
from bonerisk.runs.sweeps import by_tuning, told

Areas = dict[Model, Row | None]  # rows of metrics, or of differences, of each variant
AT = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV", "npv": "NPV"}


def area(evaluation: EvaluationRun) -> str:
    """The metric of the table: the AUC of the event at any time or, where that was not judged, at a horizon."""
    return "auc" if (evaluation.metrics["metric"] == "auc").any() else "auc_t"


def image_variants(evaluation: EvaluationRun, found: Sequence[Model], split: str) -> Table:
    """A row a variant, with the paired difference to the best of them; see `caution`.

    Parameters
    ----------
    evaluation : EvaluationRun
    found : sequence of Model
        Those of `variants`.
    split : str
    """
    metrics, metric, marks = evaluation.metrics, area(evaluation), Footnotes()
    threshold = next(iter(evaluation.thresholds), "")
    areas, best, less = _ranked(evaluation, found, split)
    p = [np.nan if (row := less.get(model)) is None else row["p"] for model in found]
    rows = []
    for model, own, adjusted in zip(found, p, adjust(p).holm, strict=True):
        at = {name: row_of(metrics, split, model.name, of, threshold) for of, name in AT.items()}
        row = {"Image": model.image, "AUROC": _cell(areas[model], marks, evaluation)}
        row |= {name: _cell(of, marks, evaluation) for name, of in at.items()}
        delta = less.get(model)
        row["Δ AUROC to the best"] = "best" if model is best else MISSING if delta is None else value(delta, sign=True)
        rows.append(row | {"p": p_value(own), "p, Holm": p_value(adjusted)})
    notes = [_meant(evaluation, areas, metric, threshold), *marks.notes()]
    title = f"Image variants in the {words.split(split).lower()} set (as spine DeepSurv's Table 2)"
    return Table(f"image_variants_{split}", title, pd.DataFrame(rows), tuple(notes))


def _cell(row: Row | None, marks: Footnotes, evaluation: EvaluationRun) -> str:
    if row is None:
        return MISSING
    text = value(row)
    return marks.mark(text, evaluation.vocabulary.in_words(row["note"])) if text == MISSING else text


def _meant(evaluation: EvaluationRun, areas: Areas, metric: str, threshold: str) -> str:
    """What the numbers are of."""
    row = next((row for row in areas.values() if row is not None), None)
    vocabulary, sizes = evaluation.vocabulary, ""
    if row is not None:
        sizes = f"{vocabulary.counted(row['n'])}, {count(row['n_events'])} with {vocabulary.having}. "
    by = "at any time during follow-up, as printed: those followed for a shorter time had less time for one"
    if metric == "auc_t" and row is not None:
        by = f"by {words.years(row['horizon_years'])}, censoring weighed"
    name = words.threshold(threshold)
    cut = f"At the {name[:1].lower()}{name[1:]}, of each variant's own tuning."
    return (
        f"{sizes}Judged is {vocabulary.having} {by}. {cut if threshold else ''} In brackets: 95% intervals, by patient."
    )


def caution(evaluation: EvaluationRun, found: Sequence[Model], split: str) -> str:
    """Why the best value is too good, which variant the tuning split chooses, and what that one reaches."""
    areas, best, less = _ranked(evaluation, found, split)
    if best is None or len(found) < 2:
        return ""
    text = f"{words.split(split)}: {best.image} is the best of {len(found)}, chosen by the same patients on whom it is "
    text += (
        "reported. Its AUROC is therefore too high, its differences to the others are too large, and their p-values "
    )
    text += "too small (the winner's curse). "
    others = [row for model, row in less.items() if model is not best and row is not None]
    alike = sum(bool(row["upper"] >= 0) for row in others)
    text += f"The interval of the difference holds 0 for {alike} of {len(others)} others. " if others else ""
    runs = [model.training for model in found if model.training and model.training.record.get("tuning")]
    if len(runs) == len(found):
        chosen = by_tuning(runs)[0]
        [model] = (model for model in found if model.training is chosen)
        row = areas[model]
        reached = (
            ""
            if row is None
            else f"; these patients did not choose it, and its AUROC here is {number(row['estimate'])}"
        )
        text += f"The tuning split, of other patients, chooses {model.image} ({told(chosen)}){reached}."
    return text


def _ranked(evaluation: EvaluationRun, found: Sequence[Model], split: str) -> tuple[Areas, Model | None, Areas]:
    """The area of each variant, the variant with the largest, and the differences of all to it."""
    metric = area(evaluation)
    areas = {model: row_of(evaluation.metrics, split, model.name, metric) for model in found}
    known = {model: row["estimate"] for model, row in areas.items() if row is not None and pd.notna(row["estimate"])}
    best = max(known, key=known.__getitem__) if known else None
    table = evaluation.result.differences
    return areas, best, {m: difference(table, split, (m.name, best.name), metric) for m in found if best}
