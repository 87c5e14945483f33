"""How an estimated T-score is evaluated: risk is the estimate with its sign turned, baselines are linear regressions.

WHO's limits are the thresholds; none is fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.metric import Function, Key, Metric, named
from bonerisk.evaluation.metrics.thresholds import Threshold, at
from bonerisk.evaluation.models.clinical_scores import ClinicalScore
from bonerisk.evaluation.outcomes.outcome import Recalibrate
from bonerisk.evaluation.samples.readings import CUTS, Readings
from bonerisk.evaluation.samples.risk_table import refuse
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.heads import linear

Array = np.ndarray

PLAUSIBLE = 15.0  # standard deviations from 0; assumed: no estimate beyond is one, whatever the patient


class Amount:
    """The outcome `t_score`.

    Parameters
    ----------
    ranking, error, agreement, at_threshold : list of str
        Metrics of every model; of models that estimate the T-score (error, agreement); and of these at each of WHO's
        limits. Each is "module.function" in `bonerisk.evaluation`. Models are compared by ranking and error.
    baselines : list of list of str
        Columns of each linear baseline.
    subgroups : list of str
        Columns, "age" and crossings of them (`bonerisk.evaluation.samples.subgroups`).
    gains : list of list of str, optional
        Columns of each clinical model to which the film's estimate is added, to see what it gains; None: of the last
        baseline of which all columns are there.
    """

    outcome: tuple[str, ...] = ("t_score",)
    ranking: Mapping[str, Function]
    at_threshold: Mapping[str, Function]
    thresholds: Sequence[Threshold] = tuple(Threshold(label, cut) for label, cut in CUTS.items())
    baselines: Sequence[Sequence[str]]
    gains: Sequence[Sequence[str]] | None
    subgroups: Sequence[str]
    net_benefit: Mapping[str, Metric] = {}
    rules: Mapping[str, ClinicalScore] = {}

    def __init__(
        self,
        ranking: list[str],
        error: list[str],
        agreement: list[str],
        at_threshold: list[str],
        baselines: list[list[str]],
        subgroups: list[str],
        gains: list[list[str]] | None = None,
    ) -> None:
        self.ranking, self.error, self.agreement, self.at_threshold = map(
            named, (ranking, error, agreement, at_threshold)
        )
        if not ranking:
            raise ConfigError("ranking is empty", "evaluation.amount", "name a metric, as agreement.pearson_r")
        self.baselines, self.gains, self.subgroups = baselines, gains, subgroups

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse estimates that no T-score can be, and films without a T-score."""
        refuse(predictions, {f"an estimate beyond ±{PLAUSIBLE:g}": ~predictions["risk"].abs().le(PLAUSIBLE)})
        refuse(predictions, {"no T-score": predictions["t_score"].isna()})

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> linear.Linear:
        """Fit a baseline."""
        return linear.fit(table, columns, "t_score")

    def predicted(self, model: linear.Linear, table: pd.DataFrame, horizons: Sequence[float]) -> dict[float, Array]:
        """Probabilities of a baseline by horizon: there is none."""
        return {}

    def classes(self, model: linear.Linear, table: pd.DataFrame) -> dict[str, Array]:
        """Probabilities of classes: there is none."""
        return {}

    def term(self, risk: Array) -> Array:
        """A film's risk as it enters a combined model: as it is."""
        return risk

    def aligned(self, risk: Array, learnt: Array) -> Array:
        """Risks of different models on one scale: T-scores are."""
        return risk

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Readings:
        """Films with the estimate that one model gives them."""
        return Readings.of(-risk, films["t_score"].to_numpy(), patient)

    def horizons(self, sample: Readings, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years, and what must be said of them: there is none."""
        return {}

    def choose(self, tuning: Readings) -> list[Threshold]:
        """WHO's limits, whatever the tuning films."""
        return list(self.thresholds)

    def chosen_at(self, sample: Readings) -> tuple[float, str]:
        """The horizon at which thresholds are chosen: there is none."""
        return np.nan, ""

    def positive(self, films: pd.DataFrame) -> Array:
        """Whether the T-score is under −1.0."""
        observed = films["t_score"].to_numpy()
        return Readings.of(observed, observed).classes(observed) > 0

    def as_binary(self, sample: Readings) -> Sample:
        """Whether the T-score is under −1.0."""
        low = sample.classes(sample.observed) > 0
        return Sample.of(sample.risk, low, sample.patient)

    def recalibrations(self, sample: Readings, how: recalibration.Kind) -> dict[float | None, Recalibrate]:
        """Refuse: an estimate is no probability."""
        raise ConfigError("a T-score is no probability", "evaluation.recalibration", "leave it out")

    def compared(self, sample: Readings, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared; `graded` where both estimate the T-score."""
        return {Key(name): metric for name, metric in {**self.ranking, **(self.error if graded else {})}.items()}

    def metrics(
        self, sample: Readings, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model; one without `thresholds` is judged by its ranking alone."""
        if thresholds is None:
            return self.compared(sample, horizons, graded=False)
        whole = self.compared(sample, horizons, graded=True) | {Key(name): of for name, of in self.agreement.items()}
        return whole | {Key(name, t.label): at(t, of) for t in thresholds for name, of in self.at_threshold.items()}

    def influence(self, key: Key, sample: Readings, n_patients: int) -> Array | None:
        """What each patient adds to a metric: not known."""
        return None

    def curves(
        self, sample: Readings, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, Mapping[str, float | str], pd.DataFrame]]:
        """The estimate and the T-score of each film, if the model estimates it."""
        if graded:
            yield "estimates", {}, pd.DataFrame({"estimate": sample.estimate, "observed": sample.observed})
