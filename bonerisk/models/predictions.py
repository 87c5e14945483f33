"""The predictions table of one model: identifiers, predictions, other columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bonerisk.evaluation.samples.risk_table import SURVIVAL

TUNING_FILE = "tuning.parquet"  # a training's predictions of its tuning split


def predictions(table: pd.DataFrame, dataset: str, name: str, found: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The predictions table: identifiers, the predictions `found`, and the other columns of the cohort.

    Survival is rounded to one minus a probability of the event, which is what an evaluation keeps of it.
    """
    found = {name: 1 - (1 - values) if SURVIVAL.fullmatch(name) else values for name, values in found.items()}
    first = {"dataset": dataset, "split": table["split"], "model": name, "image_id": table["image_id"]}
    front = pd.DataFrame({**first, "patient_id": table["patient_id"], **found}, index=table.index)
    rest = table.drop(columns=["image_path", *(column for column in front if column in table)])
    return pd.concat([front, rest], axis=1)
