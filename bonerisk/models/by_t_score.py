"""A model of the T-score as one of three classes: it calls the class of its estimate, at WHO's limits.

So that it stands beside models of classes, on the same films. It has no probabilities; it ranks by its estimate.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pandas as pd

from bonerisk.cohort.classes import bone_class, class_number
from bonerisk.cohort.table import Cohort
from bonerisk.evaluation.samples.risk_table import CALLED
from bonerisk.models.load import NetworkModel
from bonerisk.models.rows import ReadyRows
from bonerisk.models.trained import DATA
from bonerisk.runs.folder import Run
from bonerisk.runs.unrecorded import Unrecorded


class ByTScore(NetworkModel):
    """A network of the T-score, as a model of the three classes."""

    @property
    def target_name(self) -> str:
        """The three classes."""
        return "bone_class"

    @cached_property
    def training(self) -> pd.DataFrame:
        """Rows that it was fitted to, with the class as `label`."""
        return _labelled(super().training)

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """Its predictions of the tuning split, with the class as `label`, and the class called."""
        return _called(_labelled(super().tuning))

    def ready(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """Predictable rows of known class, with or without a T-score."""
        run = run or Unrecorded()
        run.note(f"{self.name} estimates the T-score: it calls WHO's class of its estimate, without probabilities.")
        return super().ready(cohort, data, run)

    def _predicted(self, rows: ReadyRows) -> pd.DataFrame:
        return _called(super()._predicted(rows))


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(label=class_number(table["bone_class"]))


def _called(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions with the class of the estimate, which is the risk with its sign turned."""
    return predictions.assign(**{CALLED: class_number(bone_class(-predictions["risk"]))})
