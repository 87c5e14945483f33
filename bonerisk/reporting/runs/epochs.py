"""The epochs or rounds of a training, and the one that it kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bonerisk.runs.find import StoredRun
from bonerisk.runs.run_record import EpochScores
from bonerisk.training.best import best as best_epoch
from bonerisk.training.files import HISTORY_FILE

BEFORE: EpochScores = {  # how trainings judged an epoch that did not record it
    "columns": {"tune_loss": "loss", "tune_auc": "AUC"},
    "best_by": [("tune_auc", 1), ("tune_loss", -1)],
}


@dataclass(frozen=True)
class Epochs:
    """The history of an encoder and head trained together.

    Parameters
    ----------
    table : DataFrame
        A row an epoch: epoch, train_loss, and the scores of the tuning split.
    columns : mapping
        Column of each score → what it is called: ``AUC``.
    best_by : sequence of (str, int)
        What chose the epoch, see `bonerisk.training.best.best`.
    """

    table: pd.DataFrame
    columns: Mapping[str, str]
    best_by: Sequence[tuple[str, int]]

    @property
    def kept(self) -> pd.Series:
        """Row of the epoch that was kept."""
        rows = [{column: row[column] for column, _ in self.best_by} for row in self.table.to_dict("records")]
        return self.table.iloc[best_epoch(rows, self.best_by)]

    @property
    def decisive(self) -> str:
        """The column that chose the epoch."""
        return self.best_by[0][0]

    @property
    def score(self) -> str:
        """What that column is called."""
        return self.columns[self.decisive]

    @property
    def direction(self) -> str:
        """Which of its values is best."""
        return "highest" if self.best_by[0][1] > 0 else "lowest"


def epochs_of(run: StoredRun) -> Epochs | None:
    """The history of an encoder and head trained together; None of other trainings, and before the first epoch."""
    table = _history(run)
    judged = run.record.get("history", BEFORE)
    found = Epochs(table, judged["columns"], [(column, sign) for column, sign in judged["best_by"]])
    return found if {"epoch", *found.columns} <= set(table) and len(table) else None


def steps_of(run: StoredRun) -> pd.DataFrame | None:
    """The history of a head fitted step by step: round or epoch, and its losses, train and tune; None of others."""
    table = _history(run)
    return table if {"train", "tune"} <= set(table) else None


def best(steps: pd.DataFrame) -> pd.Series:
    """Row that the head kept: the one marked, else that of the lowest loss on the tuning split, the first of equals."""
    if "kept" in steps:
        return steps[steps["kept"]].iloc[0]
    return steps.iloc[steps["tune"].argmin()]


def _history(run: StoredRun) -> pd.DataFrame:
    return pd.read_csv(run.path(HISTORY_FILE)) if HISTORY_FILE in run.written else pd.DataFrame()
