"""Several trainings beside each other: what was varied, and what came of it; and the spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bonerisk.reporting.runs.epochs import kept
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, interval, number
from bonerisk.runs.find import StoredRun


@dataclass(frozen=True)
class SweptTraining:
    """A training and what is known of it.

    Parameters
    ----------
    run : StoredRun
    epochs : DataFrame or None
        Its history.csv; None where it has none, or learnt otherwise than by epochs.
    ranking : mapping
        Column's head → (estimate, lower, upper) of the AUC or C-index, one an evaluated split.
    """

    run: StoredRun
    epochs: pd.DataFrame | None
    ranking: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def kept(self) -> pd.Series | None:
        """Row of the epoch that was kept."""
        if self.epochs is None or self.epochs["tune_auc"].isna().all():
            return None
        return kept(self.epochs)


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
    """A row a training: what was varied, the epoch kept with its loss and AUC on tuning, AUC or C-index elsewhere."""
    table = varied([item.run for item in trained])
    if table.empty:
        table = pd.DataFrame({"run": [item.run.folder.name for item in trained]})
    by_epochs = any(item.kept is not None for item in trained)
    if by_epochs:
        _add_epochs(table, trained)
    for head in _heads(trained):
        table[head] = [interval(*item.ranking[head]) if head in item.ranking else MISSING for item in trained]
    how = "The epoch kept is the one with the highest AUC on the tuning split; its loss and AUC are given."
    notes = [how] if by_epochs else []
    if (table.astype(str) == MISSING).to_numpy().any():
        notes.append(f"{MISSING}: the training has no history, or no evaluation of that split is among the runs.")
    return Table("sweep", "Trainings compared", table.rename(columns={"name": "Run"}), tuple(notes))


def _add_epochs(table: pd.DataFrame, trained: Sequence[SweptTraining]) -> None:
    kept = [item.kept for item in trained]
    epochs = [0 if item.epochs is None else len(item.epochs) for item in trained]
    table["Epochs (kept)"] = [
        f"{count(n)} ({row['epoch']:.0f})" if row is not None else MISSING for n, row in zip(epochs, kept, strict=True)
    ]
    table["Tuning loss"] = [MISSING if row is None else number(row["tune_loss"], 3) for row in kept]
    table["Tuning AUC"] = [MISSING if row is None else number(row["tune_auc"], 3) for row in kept]


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
        row: dict[Any, Any] = dict(zip(settings, texts, strict=True)) | {"Seeds": count(len(part))}
        if any(item.kept is not None for item in trained):
            row["Tuning AUC"] = _spread([item.kept["tune_auc"] for item in part if item.kept is not None])
        rows.append(
            row | {head: _spread([i.ranking[head][0] for i in part if head in i.ranking]) for head in _heads(trained)}
        )
    if not rows:
        return None
    note = "Mean ± SD over seeds: the spread of training alone, on the same patients."
    return Table("seeds", "Spread over seeds", pd.DataFrame(rows).rename(columns={"name": "Run"}), (note,))


def _overrides(run: StoredRun) -> dict[str, str]:
    pairs = (text.lstrip("+").partition("=") for text in run.record["overrides"])
    return {key: value for key, sign, value in pairs if sign and not key.startswith(("hydra", "paths"))}


def _setting(run: StoredRun, key: str) -> str:
    """What a run that did not override `key` had."""
    value: Any = run.config
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
    """AUCs or C-indices of a model for `SweptTraining.ranking`; `dataset` tells heads apart, or is empty."""
    where = f", {dataset}" if dataset else ""
    rows = {split: evaluation.value(split, model) for split in evaluation.splits}
    return {
        f"{words.split(split)} {evaluation.ranking[0].name}{where}": (row["estimate"], row["lower"], row["upper"])
        for split, row in rows.items()
        if row is not None
    }
