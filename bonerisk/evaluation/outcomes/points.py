"""How found points are evaluated: by their similarity to the marked ones, and by distances.

There are no baselines, and no thresholds but the model's own, under which it sets a film aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.metric import Function, Key, Metric, named
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.models.clinical_scores import ClinicalScore
from bonerisk.evaluation.outcomes.outcome import Recalibrate
from bonerisk.evaluation.samples.located import FOUND, Located, names_of
from bonerisk.evaluation.samples.risk_table import refuse
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.heads import linear

Array = np.ndarray


class Points:
    """The outcome `points`.

    Parameters
    ----------
    ranking, error : list of str
        Metrics of every model, by which models are compared. Each is "module.function" in `bonerisk.evaluation`.
    subgroups : list of str
        Columns, "age" and crossings of them (`bonerisk.evaluation.samples.subgroups`).
    """

    outcome: tuple[str, ...] = ("points",)
    ranking: Mapping[str, Function]
    at_threshold: Mapping[str, Function] = {}
    thresholds: Sequence[Threshold] = ()
    baselines: Sequence[Sequence[str]] = ()
    gains: Sequence[Sequence[str]] | None = ()
    subgroups: Sequence[str]
    net_benefit: Mapping[str, Metric] = {}
    rules: Mapping[str, ClinicalScore] = {}

    def __init__(self, ranking: list[str], error: list[str], subgroups: list[str]) -> None:
        self.ranking, self.error, self.subgroups = named(ranking), named(error), subgroups
        if not ranking:
            raise ConfigError("ranking is empty", "evaluation.points", "name a metric, as points.oks_ap")

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse tables without points, and points that are nowhere."""
        names = names_of(predictions)
        if len(names) < 2:
            mend = f"bring the columns {FOUND}<point>_x_px and {FOUND}<point>_y_px"
            raise DataError("there are no found points", "predictions table", mend)
        places = predictions[[f"{FOUND}{name}_{axis}_px" for name in names for axis in "xy"]]
        refuse(predictions, {"a found point without a place": places.isin([np.nan, np.inf, -np.inf]).any(axis=1)})

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> linear.Linear:
        """Refuse: columns find no points."""
        raise DataError("columns find no points", "evaluation.points")

    def predicted(self, model: linear.Linear, table: pd.DataFrame, horizons: Sequence[float]) -> dict[float, Array]:
        """Probabilities of a baseline by horizon: there is none."""
        return {}

    def classes(self, model: linear.Linear, table: pd.DataFrame) -> dict[str, Array]:
        """Probabilities of classes: there is none."""
        return {}

    def term(self, risk: Array) -> Array:
        """A film's doubt, as it is."""
        return risk

    def aligned(self, risk: Array, learnt: Array) -> Array:
        """A film's doubt, as it is."""
        return risk

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Located:
        """Films whose first and last point are marked, with the points that one model finds."""
        return Located.of(films, risk, patient)

    def horizons(self, sample: Located, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years, and what must be said of them: there is none."""
        return {}

    def choose(self, tuning: Located) -> list[Threshold]:
        """Thresholds: there is none."""
        return []

    def chosen_at(self, sample: Located) -> tuple[float, str]:
        """The horizon at which thresholds are chosen: there is none."""
        return np.nan, ""

    def positive(self, films: pd.DataFrame) -> Array:
        """Whether the model sets the film aside."""
        return films["set_aside"].to_numpy() == 1

    def as_binary(self, sample: Located) -> Sample:
        """Whether the model sets the film aside."""
        return Sample.of(sample.risk, sample.aside, sample.patient)

    def recalibrations(self, sample: Located, how: recalibration.Kind) -> dict[float | None, Recalibrate]:
        """Refuse: a doubt is no probability."""
        raise ConfigError("points have no probability", "evaluation.recalibration", "leave it out")

    def compared(self, sample: Located, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared."""
        return {Key(name): metric for name, metric in {**self.ranking, **self.error}.items()}

    def metrics(
        self, sample: Located, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model."""
        return self.compared(sample, horizons, graded=True)

    def influence(self, key: Key, sample: Located, n_patients: int) -> Array | None:
        """What each patient adds to a metric: not known."""
        return None

    def curves(
        self, sample: Located, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, dict[str, float], pd.DataFrame]]:
        """Points of each curve of a model: there is none."""
        return iter(())
