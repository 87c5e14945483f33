"""The epoch that a training kept."""

from __future__ import annotations

import pandas as pd


def kept(epochs: pd.DataFrame) -> pd.Series:
    """Row of the first epoch with the highest AUC on the tuning split, as `bonerisk.training` keeps it."""
    return epochs.iloc[int(epochs["tune_auc"].argmax())]
