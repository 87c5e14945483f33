"""The predictions table of one model: identifiers, predictions, other columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

TUNING_FILE = "tuning.parquet"  # a training's predictions of its tuning split


def predictions(table: pd.DataFrame, dataset: str, name: str, found: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The predictions table: identifiers, the predictions `found`, and the other columns of the cohort."""
    first = {"dataset": dataset, "split": table["split"], "model": name, "image_id": table["image_id"]}
    front = pd.DataFrame({**first, "patient_id": table["patient_id"], **found}, index=table.index)
    rest = table.drop(columns=["image_path", *(column for column in front if column in table)])
    return pd.concat([front, rest], axis=1)
