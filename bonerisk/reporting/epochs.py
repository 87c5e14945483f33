"""The epoch that a training kept."""

from __future__ import annotations

import pandas as pd


def kept(epochs: pd.DataFrame) -> pd.Series:
    """Row of the highest AUC on the tuning split, of equal ones the lowest loss, as `bonerisk.training` keeps it."""
    return epochs.sort_values(["tune_auc", "tune_loss"], ascending=[False, True], kind="stable").iloc[0]
