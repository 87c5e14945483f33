"""The contract of an outcome: how its kind is checked, sampled and judged, and how models to compare with are fitted.

n films of one split; draws are of their patients. `Binary` (yes or no, of a `Sample`), `Survival` (time to an event, of
`Followed`), `Amount` (a T-score, of `Readings`), `Ordinal` (classes in order, of `Classed`) and `Points` (points found,
of `Located`) have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from bonerisk.cohort.design import Design
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.metric import Function, Key, Metric
from bonerisk.evaluation.metrics.rules import Rule
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.models.clinical_scores import ClinicalScore
from bonerisk.evaluation.samples.judged import Drawable, Judged
from bonerisk.evaluation.samples.sample import Drawn

Array = np.ndarray
Recalibrate = Callable[[], recalibration.Recalibration]


class ClinicalModel(Protocol):
    """A model of clinical columns, fitted to rows of a table."""

    @property
    def design(self) -> Design:
        """Its columns."""
        ...

    @property
    def n_missing(self) -> int:
        """Rows left out of the fit because they miss a value."""
        ...

    def risk(self, table: pd.DataFrame) -> Array:
        """Risk (n,) of each row, higher is worse; NaN if a column has no value."""
        ...


Films = TypeVar("Films", bound=Judged[Any])
Model = TypeVar("Model", bound=ClinicalModel)


class Outcome(Protocol[Films, Model]):
    """A kind of outcome, with what the configuration asks of it."""

    outcome: tuple[str, ...]
    """Columns of the predictions table that hold it."""

    @property
    def ranking(self) -> Mapping[str, Function]:
        """Metric functions by which every model is judged, by name; the first is the headline."""
        ...

    @property
    def at_threshold(self) -> Mapping[str, Function]:
        """Functions of counts at a threshold, by name."""
        ...

    @property
    def thresholds(self) -> Sequence[Threshold | Rule]:
        """Thresholds, and rules by which one is fitted on tuning."""
        ...

    @property
    def baselines(self) -> Sequence[Sequence[str]]:
        """Columns of each clinical model that the film has to beat."""
        ...

    @property
    def gains(self) -> Sequence[Sequence[str]] | None:
        """Columns to which the film's risk is added; None: those of the last baseline."""
        ...

    @property
    def rules(self) -> Mapping[str, ClinicalScore]:
        """Clinical scores that are judged beside the film, by name."""
        ...

    @property
    def subgroups(self) -> Sequence[str]:
        """Columns, and crossings of them, whose levels are subgroups."""
        ...

    @property
    def net_benefit(self) -> Mapping[str, Metric[Drawn]]:
        """Net benefit by threshold probability."""
        ...

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse predictions and outcomes that cannot be.

        Raises
        ------
        DataError
        """
        ...

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> Model:
        """A clinical model fitted to columns of rows with the outcome.

        Raises
        ------
        DataError
            It cannot be fitted; the evaluation goes on without it, and says why.
        """
        ...

    def predicted(self, model: Model, table: pd.DataFrame, horizons: Sequence[float]) -> dict[float, Array]:
        """Probabilities (n,) of the event that such a model gives, by horizon in years; empty without horizons."""
        ...

    def classes(self, model: Model, table: pd.DataFrame) -> dict[str, Array]:
        """Probabilities (n,) that such a model gives, by column ``p_<class>``; empty where there are no classes."""
        ...

    def term(self, risk: Array) -> Array:
        """A film's risk (n,) as it enters a model with clinical columns."""
        ...

    def aligned(self, risk: Array, learnt: Array) -> Array:
        """A model's risks (n,) on a scale that models fitted to other rows share.

        `learnt` (m,) are its risks of the rows that it was fitted to.
        """
        ...

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Films:
        """Films with the risk (n,) and the probabilities (n,) by horizon that a model gives; `patient` (n,) from 0.

        `films` has that model's probabilities of classes, ``p_<class>``, where it gives any.
        """
        ...

    def horizons(self, sample: Films, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years at which a sample is judged, and what must be said of each; empty without times."""
        ...

    def choose(self, tuning: Films) -> list[Threshold]:
        """Thresholds, those that are rules fitted on the tuning sample."""
        ...

    def chosen_at(self, sample: Films) -> tuple[float, str]:
        """The horizon in years at which thresholds are chosen (NaN without times), and what must be said of it."""
        ...

    def positive(self, films: pd.DataFrame) -> Array:
        """Whether each row of a predictions table has the outcome, (n,) of bool: by it explanations are compared."""
        ...

    def as_binary(self, sample: Films) -> Drawable[Drawn]:
        """The sample of a binary outcome on which thresholds are chosen."""
        ...

    def recalibrations(self, sample: Films, how: recalibration.Kind) -> Mapping[float | None, Recalibrate]:
        """What fits a map of probabilities to a tuning sample, by horizon; None stands for the risk itself.

        Each raises `DataError` where it cannot be fitted.
        """
        ...

    def compared(self, sample: Films, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared; `graded` where both give probabilities."""
        ...

    def metrics(
        self, sample: Films, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model; one without `thresholds` is judged by its ranking alone."""
        ...

    def influence(self, key: Key, sample: Films, n_patients: int) -> Array | None:
        """What each patient adds to a metric, (n_patients,); None if that is not known."""
        ...

    def curves(
        self, sample: Films, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, Mapping[str, float | str], pd.DataFrame]]:
        """Points of each curve of a model: the curve's name, further columns of where, the points."""
        ...
