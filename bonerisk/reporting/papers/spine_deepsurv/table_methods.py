"""The numbers of spine DeepSurv's figures 3 and 4: C-index by clinical model and method, and paired differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.validation.development import APPARENT
from bonerisk.reporting.papers.spine_deepsurv.models import ALONE, CLINICAL, Model, difference, row_of
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, p_value
from bonerisk.reporting.wording.values import value

C_INDEX = "c_index"
WHO = {"sex=F": "Women", "all": "All"}  # the paper's figures are of women
FRAX = {"frax_major": "FRAX", "frax_simulated_major": "the simulated score (not FRAX)"}  # by column


def scores(evaluation: EvaluationRun) -> list[str]:
    """Scores judged beside the models, such as FRAX; it comes first."""
    found = evaluation.models("rule") if evaluation.result.outcome == "survival" else []
    return sorted(found, key=lambda name: name not in FRAX)


def frax_of(evaluation: EvaluationRun) -> str:
    """FRAX, or what stands for it, among the scores; empty where there is none."""
    return next((name for name in scores(evaluation) if name in FRAX), "")


def named(found: dict[tuple[str, str], Model]) -> list[Model]:
    """Models by clinical model, within it by method."""
    order = [*CLINICAL, ALONE]
    return sorted(
        found.values(), key=lambda model: (order.index(model.clinical), "with images" in model.method, model.method)
    )


def by_method(evaluation: EvaluationRun, found: dict[tuple[str, str], Model], splits: Sequence[str]) -> Table:
    """A row a model and set, as CoxPH with clinical model 2; at the end the scores.

    Parameters
    ----------
    evaluation : EvaluationRun
    found : dict
        As `methods` has it.
    splits : sequence of str
        Sets; "apparent" is the training set.
    """
    marks, rows = Footnotes(), []
    table = evaluation.result.metrics
    frax = frax_of(evaluation)
    for split in splits:
        labels = [(model.name, model.clinical, model.method) for model in named(found)]
        labels += [(name, "Score", words.model(name)) for name in scores(evaluation)]
        for name, clinical, method in labels:
            row = {("", "Set"): set_name(split), ("", "Clinical model"): clinical, ("", "Method"): method}
            of = {who: row_of(table, split, name, C_INDEX, group=group) for group, who in WHO.items()}
            if all(each is None for each in of.values()):
                continue
            for group, who in WHO.items():
                one = of[who]
                text = MISSING if one is None else marks.mark(value(one), _note(one, evaluation))
                row[who, "n / events"] = MISSING if one is None else f"{count(one['n'])} / {count(one['n_events'])}"
                row[who, "C-index (95% CI)"] = text
                if frax:
                    less = difference(evaluation.result.differences, split, (name, frax), C_INDEX, group)
                    row[who, f"p to {FRAX[frax]}"] = "" if less is None else p_value(less["p"])
            rows.append(list(row.items()))
    heads = pd.MultiIndex.from_tuples([head for head, _ in rows[0]])
    frame = pd.DataFrame([[cell for _, cell in row] for row in rows], columns=heads)
    notes = ["Intervals and tests by bootstrap of patients, the same draws for all models."]
    if frax:
        notes.append(f"p to {FRAX[frax]}: of the paired difference to it; unadjusted.")
    if APPARENT in splits:
        notes.append("Apparent: the patients that the models learnt from, on whom they look too good; no tests.")
    title = "C-index by clinical model and method (as spine DeepSurv's Figures 3 and 4)"
    return Table("c_index_by_method", title, frame, (*notes, *marks.notes()), group="Set")


def differences(evaluation: EvaluationRun, found: dict[tuple[str, str], Model], split: str) -> Table | None:
    """Methods within a clinical model, and clinical models within a method; None where no pair was compared."""
    rows: list[dict[tuple[str, str], str]] = []
    p_values: dict[str, list[float]] = {who: [] for who in WHO.values()}
    pairs = list(_pairs(named(found)))
    headings = list(dict.fromkeys(heading for *_, heading in pairs))
    for first, second, heading in sorted(pairs, key=lambda pair: headings.index(pair[2])):
        row = {("", "Within"): heading, ("", "Difference"): f"{first[0]} − {second[0]}"}
        less = {
            who: difference(evaluation.result.differences, split, (first[1].name, second[1].name), C_INDEX, group)
            for group, who in WHO.items()
        }
        if all(each is None for each in less.values()):
            continue
        for who, one in less.items():
            row[who, "Δ C-index (95% CI)"] = MISSING if one is None else value(one, sign=True)
            row[who, "p"] = MISSING if one is None else p_value(one["p"])
            p_values[who].append(np.nan if one is None else one["p"])
        rows.append(row)
    if not rows:
        return None
    for who, of in p_values.items():
        for row, holm in zip(rows, adjust(of).holm, strict=True):
            row[who, "p, Holm"] = p_value(holm)
    order = [("", "Within"), ("", "Difference")]
    order += [(who, head) for who in WHO.values() for head in ("Δ C-index (95% CI)", "p", "p, Holm")]
    frame = pd.DataFrame([[row[head] for head in order] for row in rows], columns=pd.MultiIndex.from_tuples(order))
    note = "Paired: the same patients, the same bootstrap draws. Holm adjusts for all rows of the table."
    title = f"Differences in the {words.split(split).lower()} set between methods and between clinical models"
    return Table(f"c_index_differences_{split}", title, frame, (note,), group="Within")


def set_name(split: str) -> str:
    """``Training (apparent)``, ``Test``."""
    return "Training (apparent)" if split == APPARENT else words.split(split)


def _pairs(models: Sequence[Model]) -> Iterator[tuple[tuple[str, Model], tuple[str, Model], str]]:
    """Two models that differ in one thing, with what each is called, later less earlier; and what they share."""
    for place, one in enumerate(models):
        for other in models[place + 1 :]:
            if one.clinical == other.clinical:
                yield (other.method, other), (one.method, one), one.clinical
            elif one.method == other.method:
                yield (other.clinical, other), (one.clinical, one), one.method


def _note(row: pd.Series, evaluation: EvaluationRun) -> str:
    return evaluation.vocabulary.in_words(row["note"]) if pd.isna(row["estimate"]) else ""
