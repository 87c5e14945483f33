"""How classes in order are evaluated: risk is the expected class, baselines are multinomial logistic models.

A film is called of the class with the highest probability, or, by a model without probabilities, of the one that it
names. There are no thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics import curves
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.metric import Function, Key, Metric, named, unfitted
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.models.clinical_scores import ClinicalScore
from bonerisk.evaluation.outcomes.outcome import Recalibrate
from bonerisk.evaluation.samples.classed import Classed
from bonerisk.evaluation.samples.risk_table import CALLED, CLASSES, refuse
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.heads import multinomial

Array = np.ndarray

ROUNDING = 1e-3  # by which probabilities may miss a sum of 1
NO_PROBABILITIES = "the model gives no probability of each class"
NO_CALL = f"{NO_PROBABILITIES}, and calls none"


class Ordinal:
    """The outcome `label`, the number of a class: 0 normal, 1 low bone mass, 2 osteoporosis.

    Parameters
    ----------
    ranking, agreement, error : list of str
        Metrics of every model; of models that call a class; and of models that give a probability of each. Each is
        "module.function" in `bonerisk.evaluation`. Models are compared by all three.
    against_rest, called : list of str
        Binary metrics of each class against the rest: by its probability; and of films called of it.
    baselines : list of list of str
        Columns of each multinomial baseline.
    subgroups : list of str
        Columns, "age" and crossings of them (`bonerisk.evaluation.samples.subgroups`).
    gains : list of list of str, optional
        Columns of each clinical model to which the film's risk is added, to see what it gains; None: of the last
        baseline of which all columns are there.
    """

    outcome: tuple[str, ...] = ("label",)
    ranking: Mapping[str, Function]
    at_threshold: Mapping[str, Function] = {}
    thresholds: Sequence[Threshold] = ()
    baselines: Sequence[Sequence[str]]
    gains: Sequence[Sequence[str]] | None
    subgroups: Sequence[str]
    net_benefit: Mapping[str, Metric] = {}
    rules: Mapping[str, ClinicalScore] = {}

    def __init__(
        self,
        ranking: list[str],
        agreement: list[str],
        error: list[str],
        against_rest: list[str],
        called: list[str],
        baselines: list[list[str]],
        subgroups: list[str],
        gains: list[list[str]] | None = None,
    ) -> None:
        self.ranking, self.agreement, self.error = map(named, (ranking, agreement, error))
        self.against_rest, self.called = named(against_rest), named(called)
        if not ranking:
            raise ConfigError("ranking is empty", "evaluation.ordinal", "name a metric, as classes.ordinal_auc")
        self.baselines, self.gains, self.subgroups = baselines, gains, subgroups

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse classes that are none, and probabilities that are none or do not sum to 1."""
        numbers = range(len(BONE_CLASSES))
        for column, allowed in {"label": [*numbers], CALLED: [*numbers, np.nan]}.items():
            if column in predictions:
                other = ~predictions[column].isin(allowed)
                refuse(predictions, {f"a {column} other than {', '.join(map(str, numbers))}": other})
        there = [name for name in CLASSES if name in predictions]
        given = predictions[there]
        known = given.notna().any(axis=1)
        off = (given.sum(axis=1) - 1).abs() > ROUNDING
        no_sum = f"probabilities of the classes ({', '.join(CLASSES)}) that do not sum to 1"
        refuse(predictions, {no_sum: known & (off | given.isna().any(axis=1) | (len(there) < len(numbers)))})

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> multinomial.Multinomial:
        """Fit a baseline."""
        return multinomial.fit(table, columns, "label", len(BONE_CLASSES))

    def predicted(
        self, model: multinomial.Multinomial, table: pd.DataFrame, horizons: Sequence[float]
    ) -> dict[float, Array]:
        """Probabilities of a baseline by horizon: there is none."""
        return {}

    def classes(self, model: multinomial.Multinomial, table: pd.DataFrame) -> dict[str, Array]:
        """Probability (n,) of each class."""
        return dict(zip(CLASSES, model.probabilities(table).T, strict=True))

    def term(self, risk: Array) -> Array:
        """A film's risk as it enters a combined model: the expected class."""
        return risk

    def aligned(self, risk: Array, learnt: Array) -> Array:
        """Risks of different models on one scale: expected classes are."""
        return risk

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Classed:
        """Films with the risk and the probabilities that one model gives them."""
        p = films.reindex(columns=CLASSES).to_numpy(dtype=float)
        called = films.get(CALLED)
        return Classed.of(films["label"], None if np.isnan(p).any() else p, risk, patient, called)

    def horizons(self, sample: Classed, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years, and what must be said of them: there is none."""
        return {}

    def choose(self, tuning: Classed) -> list[Threshold]:
        """Thresholds: there is none."""
        return []

    def chosen_at(self, sample: Classed) -> tuple[float, str]:
        """The horizon at which thresholds are chosen: there is none."""
        return np.nan, ""

    def positive(self, films: pd.DataFrame) -> Array:
        """Whether the class is worse than the best."""
        return films["label"].to_numpy() > 0

    def as_binary(self, sample: Classed) -> Sample:
        """Whether the class is worse than the best."""
        return sample.drawn().from_class(1).sample

    def recalibrations(self, sample: Classed, how: recalibration.Kind) -> dict[float | None, Recalibrate]:
        """Refuse: an expected class is no probability."""
        raise ConfigError("an expected class is no probability", "evaluation.recalibration", "leave it out")

    def compared(self, sample: Classed, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared; `graded` where both call classes."""
        found: dict[Key, Metric] = {Key(name): metric for name, metric in self.ranking.items()}
        if not graded:
            return found
        found |= _where(sample.called, {Key(name): of for name, of in self.agreement.items()}, NO_CALL)
        return found | _where(sample.probabilities, {Key(name): of for name, of in self.error.items()})

    def metrics(
        self, sample: Classed, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model; one without `thresholds` is judged by its ranking alone."""
        found = self.compared(sample, horizons, graded=thresholds is not None)
        if thresholds is None:
            return found
        for number, name in enumerate(BONE_CLASSES):
            by_rest = {Key(f"{metric}_{name}"): _by_rest(of, number) for metric, of in self.against_rest.items()}
            by_call = {Key(f"{metric}_{name}"): _by_call(of, number) for metric, of in self.called.items()}
            found |= _where(sample.probabilities, by_rest) | _where(sample.called, by_call, NO_CALL)
        return found

    def influence(self, key: Key, sample: Classed, n_patients: int) -> Array | None:
        """What each patient adds to a metric: not known."""
        return None

    def curves(
        self, sample: Classed, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, Mapping[str, float | str], pd.DataFrame]]:
        """Points of each curve of a model: the name, the class, the points; none without probabilities."""
        for number, name in enumerate(BONE_CLASSES) if graded and sample.probabilities is not None else ():
            one = sample.against_rest(number)
            yield "roc", {"class": name}, curves.roc(one, draws, level)
            yield "calibration", {"class": name}, curves.calibration(one, draws, level)


def _by_rest(metric: Function, number: int) -> Metric:
    """A binary metric of one class against the rest, by its probability."""
    return lambda drawn: metric(drawn.against_rest(number))


def _by_call(metric: Function, number: int) -> Metric:
    """A metric of counts, of the films called of one class."""
    return lambda drawn: metric(drawn.counts(number))


def _where(given: Array | None, metrics: dict[Key, Metric], why: str = NO_PROBABILITIES) -> dict[Key, Metric]:
    """Metrics of what a model gives; without a value where it does not give that."""
    return metrics if given is not None else dict.fromkeys(metrics, unfitted(why))
