"""Several trainings beside each other: what was varied, and what came of it; and the spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bonerisk.reporting.runs.epochs import Epochs
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, interval, number
from bonerisk.runs.find import StoredRun
from bonerisk.runs.sweeps import by_tuning


@dataclass(frozen=True)
class SweptTraining:
    """A training and what is known of it.

    Parameters
    ----------
    run : StoredRun
    epochs : Epochs or None
        Its history; None where it has none, or learnt otherwise than by epochs.
    ranking : mapping
        Column's head → (estimate, lower, upper) of the AUC or C-index, one an evaluated split.
    """

    run: StoredRun
    epochs: Epochs | None
    ranking: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


def varied(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """Text of what differs between runs: a row a run, a column an override or seed."""
    given = [_overrides(run) for run in runs]
    keys = dict.fromkeys(key for values in given for key in values)
    settings = {
        key: [values.get(key, _setting(run, key)) for values, run in zip(given, runs, strict=True)] for key in keys
    }
    seeds = {
        key: [str(run.record["seeds"].get(key, MISSING)) for run in runs] for run in runs for key in run.record["seeds"]
    }
    table = pd.DataFrame({"name": [run.name for run in runs]} | settings | seeds)
    return table.loc[:, table.nunique() > 1]


def sweep(trained: Sequence[SweptTraining]) -> Table:
    """A row a training, best first by tuning: what was varied, the epoch kept, scores, and its folder."""
    place = {run.folder: at for at, run in enumerate(by_tuning([item.run for item in trained]))}
    trained = sorted(trained, key=lambda item: place[item.run.folder])
    table = varied([item.run for item in trained])
    if table.empty:
        table = pd.DataFrame(index=range(len(trained)))
    by_epochs = [item.epochs for item in trained if item.epochs is not None]
    if by_epochs:
        _add_epochs(table, [item.epochs for item in trained])
    else:
        _add_scores(table, [item.run for item in trained])
    for head in _heads(trained):
        table[head] = [interval(*item.ranking[head]) if head in item.ranking else MISSING for item in trained]
    table["Folder"] = [item.run.folder.name for item in trained]
    how = dict.fromkeys(f"{epochs.direction} {epochs.score} on the tuning split" for epochs in by_epochs)
    notes = [f"The epoch kept is the one with the {' or '.join(how)}; its scores are given."] if by_epochs else []
    if any(item.run.record.get("tuning") for item in trained):
        notes.append("The rows are sorted by the score on the tuning split, best first.")
    if (table.astype(str) == MISSING).to_numpy().any():
        notes.append(f"{MISSING}: the training has no history, or no evaluation of that split is among the runs.")
    return Table("sweep", "Trainings compared", table.rename(columns={"name": "Run"}), tuple(notes))


def _add_epochs(table: pd.DataFrame, histories: Sequence[Epochs | None]) -> None:
    table["Epochs (kept)"] = [
        MISSING if epochs is None else f"{count(len(epochs.table))} ({epochs.kept['epoch']:.0f})"
        for epochs in histories
    ]
    scores = dict.fromkeys(score for epochs in histories if epochs is not None for score in epochs.columns.items())
    for column, name in scores:
        table[f"Tuning {name}"] = [
            MISSING if epochs is None or column not in epochs.columns else number(epochs.kept[column], 3)
            for epochs in histories
        ]


def _add_scores(table: pd.DataFrame, runs: Sequence[StoredRun]) -> None:
    """Add the ranking of the tuning split by models that learnt otherwise than by epochs."""
    scores = [run.record.get("tuning") for run in runs]
    for name in dict.fromkeys(score["score"] for score in scores if score):
        table[f"Tuning {name}"] = [
            number(score["value"], 3) if score and score["score"] == name else MISSING for score in scores
        ]


def over_seeds(trained: Sequence[SweptTraining]) -> Table | None:
    """Mean and SD of trainings that differ in seeds only; None where there are none."""
    table = varied([item.run for item in trained])
    seeds = [column for column in table if _is_seed(str(column))]
    if not seeds:
        return None
    settings = [column for column in table if column not in seeds]
    groups = table.groupby(settings, sort=False).groups if settings else {(): table.index}
    rows = []
    for values, index in groups.items():
        part = [trained[position] for position in index]
        if len(part) < 2:
            continue
        texts = values if isinstance(values, tuple) else (values,)
        row: dict[object, str] = dict(zip(settings, texts, strict=True)) | {"Seeds": count(len(part))}
        for head in dict.fromkeys(f"Tuning {item.epochs.score}" for item in trained if item.epochs is not None):
            row[head] = _spread([score for item in part if (score := _decisive(item, head)) is not None])
        rows.append(
            row | {head: _spread([i.ranking[head][0] for i in part if head in i.ranking]) for head in _heads(trained)}
        )
    if not rows:
        return None
    note = "Mean ± SD over seeds: the spread of training alone, on the same patients."
    return Table("seeds", "Spread over seeds", pd.DataFrame(rows).rename(columns={"name": "Run"}), (note,))


def _decisive(item: SweptTraining, head: str) -> float | None:
    """The score that chose the epoch; None where it is not the one of a column's head."""
    epochs = item.epochs
    return float(epochs.kept[epochs.decisive]) if epochs is not None and head == f"Tuning {epochs.score}" else None


def _overrides(run: StoredRun) -> dict[str, str]:
    pairs = (text.lstrip("+").partition("=") for text in run.record["overrides"])
    return {key: value for key, sign, value in pairs if sign and not key.startswith(("hydra", "paths"))}


def _setting(run: StoredRun, key: str) -> str:
    """What a run that did not override `key` had."""
    value: object = run.config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return str(run.record["choices"].get(key, MISSING) if value is None or isinstance(value, dict) else value)


def _is_seed(key: str) -> bool:
    return key == "seed"  # of the training; a dataset's seeds change the patients


def _heads(trained: Sequence[SweptTraining]) -> list[str]:
    return list(dict.fromkeys(head for item in trained for head in item.ranking))


def _spread(values: list[float]) -> str:
    if not values:
        return MISSING
    return number(float(np.mean(values)), 3) + (f" ± {number(float(np.std(values, ddof=1)), 3)}" if values[1:] else "")


def evaluated(evaluation: EvaluationRun, model: str, dataset: str) -> dict[str, tuple[float, float, float]]:
    """AUCs or C-indices of a model for `SweptTraining.ranking`; `dataset` distinguishes heads, or is empty."""
    where = f", {dataset}" if dataset else ""
    rows = {split: evaluation.value(split, model) for split in evaluation.splits}
    return {
        f"{words.split(split)} {evaluation.ranking[0].name}{where}": (row["estimate"], row["lower"], row["upper"])
        for split, row in rows.items()
        if row is not None
    }
