"""Columns of the cohort as a model's features: an encoder for which no film is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bonerisk.cohort.design import Design
from bonerisk.datasets import features
from bonerisk.errors import ConfigError, DataError, raise_together


class Columns:
    """Numbers as they are, text as indicators of the levels of the training split.

    Parameters
    ----------
    columns : list of str, optional
        Of the cohort; None: the features that the dataset names.

    Raises
    ------
    ConfigError
        A column is named twice, or can be no feature: who, when, the outcome, or what is known from the truth.
    """

    def __init__(self, columns: list[str] | None = None) -> None:
        if wrong := features.unfit(columns, "encoder.columns"):
            raise_together(wrong)
        self.columns = columns
        self.design = Design(())

    @property
    def names(self) -> list[str]:
        """Of the features."""
        return self.design.names

    def fit(self, train: pd.DataFrame, features: Sequence[str]) -> None:
        """Learn the levels from the training split; `features` are those that the dataset names.

        Raises
        ------
        ConfigError
            No columns are named, here or by the dataset.
        DataError
            A column is absent, or no row has a value in all of them.
        """
        columns = self.columns or list(features)
        if not columns:
            mend = "encoder.columns=[age_years,sex], for example"
            raise ConfigError("no columns to learn from: the dataset names no features", "encoder.columns", mend)
        self.design = Design.of(train, columns, "encoder.columns")
        if not self.design.complete(train).any():
            empty = [column for column in columns if train[column].isna().all()]
            what = f"no film of the train split has a value in all of {', '.join(columns)}"
            mend = f"leave out {', '.join(empty)}, which hold none" if empty else "leave out those that are rare"
            raise DataError(what, "encoder.columns", mend)

    def complete(self, table: pd.DataFrame) -> np.ndarray:
        """Rows (n,) of bool that have a value in every column."""
        absent = [column for column in self.design.columns if column not in table]
        if absent:
            raise DataError(f"the cohort has no column {', '.join(absent)}, which the model needs", "encoder.columns")
        return self.design.complete(table)

    def features(self, table: pd.DataFrame) -> np.ndarray:
        """Features (n, width) of complete rows."""
        return self.design.matrix(table)

    def state(self) -> dict[str, Any]:
        """What was learnt, for JSON."""
        return dataclasses.asdict(self.design)

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` gave."""
        levels = {column: tuple(found) for column, found in state["levels"].items()}
        self.design = Design(tuple(state["columns"]), levels, tuple(state["constant"]))
