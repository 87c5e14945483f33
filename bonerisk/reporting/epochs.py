"""The epochs of a training, and the one that it kept."""

from __future__ import annotations

import pandas as pd

from bonerisk.runs.find import StoredRun


def epochs_of(run: StoredRun) -> pd.DataFrame | None:
    """Its history.csv; None where it has none, or learnt otherwise than by epochs."""
    path = run.folder / "history.csv"
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    return table if "epoch" in table else None


def kept(epochs: pd.DataFrame) -> pd.Series:
    """Row of the highest AUC on the tuning split, of equal ones the lowest loss, as `bonerisk.training` keeps it."""
    return epochs.sort_values(["tune_auc", "tune_loss"], ascending=[False, True], kind="stable").iloc[0]
