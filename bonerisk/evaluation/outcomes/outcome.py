"""The contract of an outcome: how its kind is checked, sampled and judged, and how models to compare with are fitted.

n films of one split; draws are of their patients. `Binary` (yes or no) and `Survival` (time to an event) have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.metric import Key, Metric
from bonerisk.evaluation.metrics.rules import Rule
from bonerisk.evaluation.metrics.thresholds import Threshold

Array = np.ndarray


class Outcome(Protocol):
    """A kind of outcome, with what the configuration asks of it."""

    outcome: tuple[str, ...]
    """Columns of the predictions table that hold it."""
    ranking: Mapping[str, Any]
    """Metric functions by which every model is judged, by name; the first is the headline."""
    thresholds: Sequence[Threshold | Rule]
    baselines: Sequence[Sequence[str]]
    """Columns of each clinical model that the film has to beat."""
    gains: Sequence[Sequence[str]] | None
    """Columns to which the film's risk is added; None: those of the last baseline."""
    subgroups: Sequence[str]
    net_benefit: Mapping[str, Any]
    """Metric functions of net benefit by threshold probability."""

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse predictions and outcomes that cannot be.

        Raises
        ------
        DataError
        """
        ...

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> Any:
        """A clinical model fitted to columns of rows with the outcome; its ``risk(table)`` is (n,), higher is worse.

        Raises
        ------
        DataError
            It cannot be fitted; the evaluation goes on without it, and says why.
        """
        ...

    def predicted(self, model: Any, table: pd.DataFrame, horizons: Sequence[float]) -> dict[float, Array]:
        """Probabilities (n,) of the event that such a model gives, by horizon in years; empty without horizons."""
        ...

    def term(self, risk: Array) -> Array:
        """A film's risk (n,) as it enters a model with clinical columns."""
        ...

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Any:
        """Films with the risk (n,) and the probabilities (n,) by horizon that a model gives; `patient` (n,) from 0."""
        ...

    def horizons(self, sample: Any, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years at which a sample is judged, and what must be said of each; empty without times."""
        ...

    def choose(self, tuning: Any) -> list[Threshold]:
        """Thresholds, those that are rules fitted on the tuning sample."""
        ...

    def chosen_at(self, sample: Any) -> tuple[float, str]:
        """The horizon in years at which thresholds are chosen (NaN without times), and what must be said of it."""
        ...

    def as_binary(self, sample: Any) -> Any:
        """The sample of a binary outcome on which thresholds are chosen."""
        ...

    def recalibrated_at(self, sample: Any) -> Sequence[float | None]:
        """Horizons at which probabilities are recalibrated; None stands for the risk itself."""
        ...

    def recalibrate(self, sample: Any, horizon: Any, how: recalibration.Kind) -> recalibration.Recalibration:
        """Map of a probability to a recalibrated one, fitted on a tuning sample."""
        ...

    def compared(self, sample: Any, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared; `graded` where both give probabilities."""
        ...

    def metrics(
        self, sample: Any, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model; one without `thresholds` is judged by its ranking alone."""
        ...

    def influence(self, key: Key, sample: Any, n_patients: int) -> Array | None:
        """What each patient adds to a metric, (n_patients,); None where that is not known."""
        ...

    def curves(
        self, sample: Any, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
        """Points of each curve of a model: the curve's name, further columns of where, the points."""
        ...
