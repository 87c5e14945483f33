"""The epochs or rounds of a training, and the one that it kept."""

from __future__ import annotations

import pandas as pd

from bonerisk.runs.find import StoredRun


def epochs_of(run: StoredRun) -> pd.DataFrame | None:
    """The history of an encoder and head trained together: epoch, train_loss, tune_loss, tune_auc; None of others."""
    table = _history(run)
    return table if "tune_auc" in table else None


def kept(epochs: pd.DataFrame) -> pd.Series:
    """Row of the highest AUC on the tuning split, of equal ones the lowest loss, as `bonerisk.training` keeps it."""
    return epochs.sort_values(["tune_auc", "tune_loss"], ascending=[False, True], kind="stable").iloc[0]


def steps_of(run: StoredRun) -> pd.DataFrame | None:
    """The history of a head fitted step by step: round or epoch, and its losses, train and tune; None of others."""
    table = _history(run)
    return table if {"train", "tune"} <= set(table) else None


def best(steps: pd.DataFrame) -> pd.Series:
    """Row of the lowest loss on the tuning split, the first of equal ones, as the heads keep it."""
    return steps.iloc[steps["tune"].argmin()]


def _history(run: StoredRun) -> pd.DataFrame:
    path = run.folder / "history.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()
