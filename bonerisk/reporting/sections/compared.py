"""Several evaluations or trainings side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.history import histories
from bonerisk.reporting.figures.ranking import in_words, ranking
from bonerisk.reporting.figures.style import Drawing, save
from bonerisk.reporting.page import Part, Section
from bonerisk.reporting.runs.epochs import Epochs, epochs_of
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables import sweep
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count
from bonerisk.reporting.wording.values import value
from bonerisk.runs.find import StoredRun

ORDER = 20


def sections(page: Context) -> Iterator[Section]:
    """One section, without parts if there is one evaluation and one training."""
    chain, figures = page.runs, page.figures
    parts: list[Part] = []
    if len(chain.evaluations) > 1:
        parts.append(_overview(chain.evaluations))
    for evaluation in chain.evaluations:
        if len(evaluation.trained) > 1:
            parts += _ranking(evaluation, figures)
    trained = [_trained(run, chain.evaluations) for run in chain.trainings]
    if len(trained) > 1:
        parts += [sweep.sweep(trained), *filter(None, [sweep.over_seeds(trained)])]
        names = _names([item.run for item in trained])
        parts += _histories({name: of.epochs for name, of in zip(names, trained, strict=True) if of.epochs}, figures)
    yield Section("Runs compared", parts)


def _histories(trained: Mapping[str, Epochs], figures: Path) -> Iterator[Drawing]:
    """The epochs of trainings, one figure per score that chose the epoch."""
    for place, score in enumerate(dict.fromkeys(epochs.score for epochs in trained.values()), start=1):
        same = {name: epochs for name, epochs in trained.items() if epochs.score == score}
        title, alt = f"Tuning {score} of the trainings by epoch", "One line per training; the kept epoch is a circle."
        yield save(
            histories(same), figures, f"histories_{place}" if place > 1 else "histories", title, f"{title}. {alt}"
        )


def _ranking(evaluation: EvaluationRun, figures: Path) -> Iterator[Drawing]:
    """The models of one evaluation beside the baselines."""
    key = evaluation.ranking[0]
    rows = evaluation.metrics[(evaluation.metrics["subgroup"] == "all") & (evaluation.metrics["reference"] == "")]
    names = [*evaluation.trained, *evaluation.models("baseline")]
    found = pd.concat([key.of(rows[rows["model"] == name], split) for name in names for split in evaluation.splits])
    found = found[found["estimate"].notna()]
    if len(found):
        title = f"{key.name} of each model, trained ones filled, with 95% intervals"
        if found.groupby("split")["n"].nunique().gt(1).any():
            title += f", each on the {evaluation.vocabulary.rows.lower()} that it can judge"
        drawn = ranking(found, key.name, evaluation.trained)
        yield save(drawn, figures, f"ranking{evaluation.suffix}", title, f"{title}. {in_words(found)}.")


def _overview(evaluations: Sequence[EvaluationRun]) -> Table:
    rows, names = [], _told_apart(evaluations)
    for place, evaluation in enumerate(evaluations, start=1):
        apart = f", {names[place - 1]}" if names[place - 1] else ""
        heading = f"{place}: {evaluation.run.name} on {evaluation.dataset}{apart}, {evaluation.run.folder.name}"
        for split in evaluation.splits:
            found = [(key, evaluation.value(split, evaluation.model, key)) for key in evaluation.ranking]
            cells = {key.name: value(row) for key, row in found if row is not None}
            first = found[0][1]
            if first is not None:
                sizes = {
                    "Rows": count(first["n"]),
                    evaluation.vocabulary.heading: count(first["n_events"]),
                }
                row = {"Evaluation": heading, "Split": words.split(split)} | sizes | cells
                rows.append(row if evaluation.horizons else row | _at_half(evaluation, split))
    frame = pd.DataFrame(rows).fillna("").rename(columns={"Rows": _rows(evaluations)})
    notes = ["In brackets: 95% intervals."]
    if len({evaluation.dataset for evaluation in evaluations}) < len(evaluations):
        notes.append("A paired difference is sharper than two intervals: `bonerisk evaluate 'run=[RUN,RUN]'` gives it.")
    return Table("overview", "Evaluations compared", frame, tuple(notes), group="Evaluation")


def _told_apart(evaluations: Sequence[EvaluationRun]) -> list[str]:
    """The settings in which the models of evaluations differ: ``preprocessing chexzero_native``."""
    runs = [evaluation.training for evaluation in evaluations]
    known = [run for run in runs if run is not None]
    if len({run.folder for run in known}) < len(runs):  # the same model on several datasets
        return [""] * len(runs)
    return _differing(sweep.varied(known).drop(columns="name", errors="ignore"))


def _rows(evaluations: Sequence[EvaluationRun]) -> str:
    """What the rows of the evaluations are called."""
    return " or ".join(dict.fromkeys(evaluation.vocabulary.rows for evaluation in evaluations)).capitalize()


def _at_half(evaluation: EvaluationRun, split: str) -> dict[str, str]:
    keys = {f"{words.metric(name)} at 0.5": TableKey(name, threshold="0.5") for name in ("sensitivity", "specificity")}
    found = {name: evaluation.value(split, evaluation.model, key) for name, key in keys.items()}
    return {name: MISSING if row is None else value(row) for name, row in found.items()}


def _trained(run: StoredRun, evaluations: Sequence[EvaluationRun]) -> sweep.SweptTraining:
    datasets = {evaluation.dataset for evaluation in evaluations}
    ranking: dict[str, tuple[float, float, float]] = {}
    for evaluation in evaluations:
        for model, training in evaluation.named:
            if training.folder.resolve() == run.folder.resolve():
                ranking |= sweep.evaluated(evaluation, model, evaluation.dataset if len(datasets) > 1 else "")
    return sweep.SweptTraining(run, epochs_of(run), ranking)


def _differing(table: pd.DataFrame) -> list[str]:
    """``features patient, head deepsurv`` for each row; empty if nothing differs."""
    return [
        ", ".join(f"{str(key).rpartition('.')[2]} {value}" for key, value in table.loc[row].items())
        for row in table.index
    ]


def _names(runs: list[StoredRun]) -> list[str]:
    """Names that distinguish the runs, for a legend: their own, else the settings in which they differ."""
    own = [run.name for run in runs]
    if len(set(own)) == len(own):
        return own
    names = _differing(sweep.varied(runs))
    return [
        f"{name or 'run'} ({run.folder.name[-8:]})" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]
