"""Cautions about the numbers of a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from bonerisk.audit.audit import audit
from bonerisk.audit.read import of_metrics
from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.evaluation.validation.validate import OPTIMISM
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.runs.reported import ReportedRuns
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, number, plural
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value
from bonerisk.runs.find import StoredRun

FEW_EVENTS = 20  # with fewer, nothing is concluded
TOO_WIDE = 0.2  # width of an AUC's or C-index's interval: it then reaches from useless to good
FEW_PER_FEATURE, LARGE_OPTIMISM = 5, 0.05  # `bonerisk.evaluation.validation.optimism` has what was measured
STRATA = ("all", "dxa=yes", "dxa=no")
ENOUGH = 100  # events for a validation (Collins et al. 2016, Stat Med 35:214)


def cautions(chain: ReportedRuns) -> list[str]:
    """Cautions, each once: too few events, notes of runs, warnings from the numbers."""
    places = [
        f"Evaluation {number} ({evaluation.run.name} on {evaluation.dataset}): " if len(chain.evaluations) > 1 else ""
        for number, evaluation in enumerate(chain.evaluations, start=1)
    ]
    judged = [*zip(places, chain.evaluations, strict=True)]
    found = [place + text for place, evaluation in judged for text in _too_few_events(evaluation)]
    found += _of_runs(chain)
    for place, evaluation in judged:
        found += [place + text for split in evaluation.splits for text in _of_split(evaluation, split)]
        found += [place + text for text in _of_validation(evaluation)]
        found += [place + text for text in _of_audit(evaluation)]
    return list(dict.fromkeys(found))


def _too_few_events(evaluation: EvaluationRun) -> Iterator[str]:
    """Splits and strata (with and without a T-score) from which no conclusion can be drawn; points need no events."""
    for split in evaluation.splits if evaluation.result.outcome != "points" else ():
        rows = evaluation.ranking[0].of(evaluation.ours, split)
        for row in rows_of(rows[rows["subgroup"].isin(STRATA) & (rows["reference"] == "")]):
            if row.n_events < FEW_EVENTS:
                stratum = "" if row.subgroup == "all" else f", {words.subgroup(row.subgroup)}"
                sizes = (
                    f"{evaluation.vocabulary.counted(row.n)}, {count(row.n_events)} with {evaluation.vocabulary.having}"
                )
                yield f"{words.split(split)}{stratum} ({sizes}): too few to conclude anything."


def _of_runs(chain: ReportedRuns) -> Iterator[str]:
    """Notes of the runs."""
    apart = beside(chain)
    yield from (text for run in chain.runs for text in _of_run(run) if text not in apart.get(run.folder, []))


def beside(chain: ReportedRuns) -> dict[Path, list[str]]:
    """Folder of each training that is only compared with another → its own notes, shown with the training."""
    first = [training for each in chain.evaluations for training in [*each.learnt.values()][:1]]
    others = [training for each in chain.evaluations for training in [*each.learnt.values()][1:]]
    known = {text for run in first for text in _of_run(run)}
    headline = {run.folder for run in first}
    return {
        run.folder: [text for text in _of_run(run) if text not in known] for run in others if run.folder not in headline
    }


def _of_run(run: StoredRun) -> list[str]:
    found = list(run.record.get("notes") or [])
    if run.status != "finished":
        found.append(f"The run {run.folder.name} ({run.command}) is {run.status}, not finished.")
    return found


def _of_split(evaluation: EvaluationRun, split: str) -> Iterator[str]:
    for key in evaluation.ranking:
        row = evaluation.value(split, evaluation.model, key)
        if row is not None:
            yield from _too_few(evaluation, split, key, row)
    horizons = evaluation.horizons or [float("nan")]
    yield from filter(None, (_shortened(evaluation, split, horizon) for horizon in evaluation.horizons))
    yield from filter(None, (_miscalibrated(evaluation, split, horizon) for horizon in horizons))
    yield from filter(None, (_miscalibrated(evaluation, split, float("nan"), name) for name in BONE_CLASSES))
    yield from filter(None, (_stretched(evaluation, split, horizon) for horizon in horizons))
    yield from filter(None, [_biased(evaluation, split)])
    yield from _of_classes(evaluation, split)


def _too_few(evaluation: EvaluationRun, split: str, key: TableKey, row: pd.Series) -> Iterator[str]:
    vocabulary = evaluation.vocabulary
    patients = evaluation.patients(split)
    by = "" if pd.isna(key.horizon) else f" by {words.years(key.horizon)}"
    sizes = f"{count(row['n_events'])} with {vocabulary.having}{by}"
    if vocabulary.row != "patient":
        sizes = f"{vocabulary.counted(row['n'])}, {sizes}"
    text = f"Only {count(patients)} patient{'' if patients == 1 else 's'} in {words.patients_of(split)} ({sizes})"
    if pd.isna(row["estimate"]) or pd.isna(row["lower"]):
        yield f"{text}: no {key.name} with an interval can be given."
    elif row["upper"] - row["lower"] > TOO_WIDE:
        limits = f"{number(row['lower'])} to {number(row['upper'])}"
        yield f"{text}: the interval of {key.in_sentence}, {limits}, is too wide to conclude anything."
    elif key.metric == "auc_t" and row["n_events"] < ENOUGH:
        yield f"{words.split(split)}: {sizes}, under {ENOUGH}: too few to judge calibration well."


def _shortened(evaluation: EvaluationRun, split: str, horizon: float) -> str:
    row = evaluation.value(split, evaluation.model, TableKey("auc_t", horizon))
    parts = [] if row is None else [part for part in row["note"].split("; ") if part.startswith("horizon shortened")]
    return f"{words.split(split)}: {parts[0]}." if parts else ""


def _miscalibrated(evaluation: EvaluationRun, split: str, horizon: float, bone_class: str = "") -> str:
    """A caution if the interval of observed over expected, of a class where one is named, excludes 1."""
    name = "_".join(filter(None, ["o_e", bone_class]))
    row = evaluation.value(split, evaluation.model, TableKey(name, horizon))
    if row is None or pd.isna(row["lower"]) or row["lower"] <= 1 <= row["upper"]:
        return ""
    way = "low" if row["lower"] > 1 else "high"
    by = "" if pd.isna(horizon) else f" by {words.years(horizon)}"
    of = f" of {words.BONE_CLASSES[bone_class].lower()}" if bone_class else ""
    whose = f"{words.split(split)}: the model's probabilities{of}"
    return f"{whose} are too {way}: observed over expected{by} is {value(row)}."


def _stretched(evaluation: EvaluationRun, split: str, horizon: float) -> str:
    """A caution if the interval of the calibration slope excludes 1."""
    row = evaluation.value(split, evaluation.model, TableKey("calibration_slope", horizon))
    if row is None or pd.isna(row["lower"]) or row["lower"] <= 1 <= row["upper"]:
        return ""
    way = "too extreme" if row["upper"] < 1 else "too similar"
    by = "" if pd.isna(horizon) else f" by {words.years(horizon)}"
    return f"{words.split(split)}: the model's probabilities{by} are {way}: the calibration slope is {value(row)}."


def _biased(evaluation: EvaluationRun, split: str) -> str:
    """A caution if the interval of the mean error of an estimate excludes 0."""
    row = evaluation.value(split, evaluation.model, TableKey("mean_error"))
    if row is None or pd.isna(row["lower"]) or row["lower"] <= 0 <= row["upper"]:
        return ""
    way = "high" if row["lower"] > 0 else "low"
    return f"{words.split(split)}: the model's estimates are too {way}: the mean error is {value(row, sign=True)}."


def _of_classes(evaluation: EvaluationRun, split: str) -> Iterator[str]:
    """Cautions if a class has few films, or is never called."""
    counts = evaluation.class_counts(split, evaluation.model)
    for name in BONE_CLASSES if len(counts) else ():
        n, called = (counts.loc[counts[side] == name, "n"].sum() for side in ("observed", "called"))
        of, where = words.BONE_CLASSES[name].lower(), words.split(split)
        if n < FEW_EVENTS:
            sizes = f"{evaluation.vocabulary.counted(n)} of the class {of}"
            yield f"{where}: {sizes}: too few to conclude anything of it."
        if n and not called:
            yield f"{where}: the model calls no {evaluation.vocabulary.row} {of}: another is always more probable."


def _of_validation(evaluation: EvaluationRun) -> Iterator[str]:
    """Refits that failed, and an optimism too large to be removed."""
    rows, key = evaluation.validation, evaluation.ranking[0]
    lost = {part for note in rows["note"] for part in note.split("; ") if "left out: a refit failed" in part}
    yield from (f"Validation: {part}. What is left may look too good." for part in sorted(lost))
    ours = key.of(rows[(rows["model"] == evaluation.model) & (rows["reference"] == "")], OPTIMISM)
    features = len(evaluation.features)
    for row in rows_of(ours):
        if row.n_events < FEW_PER_FEATURE * features or row.estimate > LARGE_OPTIMISM:
            text = (
                f"Validation: the optimism of {key.in_sentence} is {number(row.estimate)}, from {count(row.n_events)} "
            )
            text += f"events and {plural(features, 'feature')}. Harrell's correction may remove too little of it; "
            yield f"{text}cross-validation (evaluation.validation=crossval) is nearer the truth."


def _of_audit(evaluation: EvaluationRun) -> Iterator[str]:
    """What the checks for printed tables find in our own."""
    for row in audit(of_metrics(evaluation.result.metrics))[0].itertuples():
        yield f"The audit of this page's numbers finds {row.where} {row.printed}: {row.recomputed} ({row.note})."
