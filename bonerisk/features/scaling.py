"""Numbers of a like size, as a network needs them beside the features of a film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bonerisk.features.columns import Columns


@dataclass(frozen=True)
class Scaling:
    """Columns of a cohort with mean 0 and standard deviation 1 over the training split; indicators stay 0 and 1.

    Attributes
    ----------
    mean, scale : tuple of float
        One a feature of the columns.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def of(cls, columns: Columns, train: pd.DataFrame) -> Scaling:
        """Learn from complete rows of the training split, which the columns were learnt from."""
        if not columns.names:
            return cls((), ())
        x = columns.matrix(train)
        number = np.array([not isinstance(of, str) for _, of in columns.design.terms], dtype=bool)
        spread = x.std(axis=0)
        mean, scale = np.where(number, x.mean(axis=0), 0), np.where(number & (spread > 0), spread, 1)
        return cls(tuple(mean.tolist()), tuple(scale.tolist()))

    @classmethod
    def restored(cls, state: Mapping[str, list[float]]) -> Scaling:
        """What was learnt, from the dict of its attributes read back from JSON."""
        return cls(tuple(state["mean"]), tuple(state["scale"]))

    def matrix(self, columns: Columns, table: pd.DataFrame) -> np.ndarray:
        """Features (n, width) float32 of complete rows."""
        return ((columns.matrix(table) - np.array(self.mean)) / np.array(self.scale)).astype(np.float32)
