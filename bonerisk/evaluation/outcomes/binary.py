"""How a yes-or-no outcome is evaluated: risk is a probability, baselines are logistic, thresholds lie on the risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics import curves, decision, influence
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.calibration.model import log_odds
from bonerisk.evaluation.metrics.metric import Function, Key, Metric, named, of_follow_up
from bonerisk.evaluation.metrics.rules import Rule, given_or_rule
from bonerisk.evaluation.metrics.thresholds import Threshold, at, at_prevalence
from bonerisk.evaluation.models.clinical_scores import ClinicalScore, chosen
from bonerisk.evaluation.outcomes.outcome import Recalibrate
from bonerisk.evaluation.samples.risk_table import refuse
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.heads import logistic

Array = np.ndarray


class Binary:
    """The outcome `label`, 1 or 0.

    Parameters
    ----------
    ranking, error, calibration, at_threshold : list of str
        Metrics of every model; of models with probabilities (error, calibration); and of these at each threshold. Each
        is "module.function" in `bonerisk.evaluation`. Models are compared by ranking and error.
    thresholds : list of str
        Risks, such as "0.5", and rules by which one is fitted on tuning, such as "youden".
    net_benefit : list of float
        Threshold probabilities at which net benefit is given.
    baselines : list of list of str
        Columns of each logistic baseline.
    subgroups : list of str
        Columns, "age", "severity" and crossings of them (`bonerisk.evaluation.samples.subgroups`).
    prevalence : float, optional
        A prevalence of the outcome, for which PPV and NPV are given besides those of the films.
    gains : list of list of str, optional
        Columns of each clinical model to which the film's risk is added, to see what it gains; None: of the last
        baseline of which all columns are there.
    rules : list of str, optional
        Clinical scores of `bonerisk.evaluation.models.clinical_scores` to be judged beside the film.
    """

    outcome: tuple[str, ...] = ("label",)
    ranking: Mapping[str, Function]
    at_threshold: Mapping[str, Function]
    thresholds: Sequence[Threshold | Rule]
    baselines: Sequence[Sequence[str]]
    gains: Sequence[Sequence[str]] | None
    subgroups: Sequence[str]
    net_benefit: Mapping[str, Metric]
    rules: Mapping[str, ClinicalScore]

    def __init__(
        self,
        ranking: list[str],
        error: list[str],
        calibration: list[str],
        at_threshold: list[str],
        thresholds: list[str | float],
        net_benefit: list[float],
        baselines: list[list[str]],
        subgroups: list[str],
        prevalence: float | None = None,
        gains: list[list[str]] | None = None,
        rules: list[str] | None = None,
    ) -> None:
        self.ranking, self.error, self.calibration, self.at_threshold = map(
            named, (ranking, error, calibration, at_threshold)
        )
        named_here = {**self.ranking, **self.error, **self.calibration}
        followed = [name for name, metric in named_here.items() if of_follow_up(metric)]
        if followed or not ranking:
            what = f"{', '.join(followed)} is of films followed up" if followed else "ranking is empty"
            raise ConfigError(what, "evaluation.binary", "name metrics of a binary outcome, as discrimination.auc")
        self.thresholds = [given_or_rule(str(each)) for each in thresholds]
        self.net_benefit = {f"{share:g}": decision.net_benefit(share) for share in net_benefit}
        self.baselines, self.gains, self.subgroups = baselines, gains, subgroups
        self.rules = chosen(rules or [])
        self.at_threshold |= at_prevalence(prevalence)

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse risks that are no probabilities, and labels other than 0 and 1."""
        risk, label = predictions["risk"], predictions["label"]
        refuse(predictions, {"a risk that is no probability": ~risk.between(0, 1)})
        refuse(predictions, {"a label other than 0 and 1": ~label.isin([0, 1])})

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> logistic.Logistic:
        """Fit a baseline."""
        return logistic.fit(table, columns)

    def predicted(self, model: logistic.Logistic, table: pd.DataFrame, horizons: Sequence[float]) -> dict[float, Array]:
        """Probabilities of a baseline by horizon: there is none."""
        return {}

    def classes(self, model: logistic.Logistic, table: pd.DataFrame) -> dict[str, Array]:
        """Probabilities of classes: there is none."""
        return {}

    def term(self, risk: Array) -> Array:
        """A film's risk as it enters a combined model: its log odds."""
        return log_odds(risk)

    def aligned(self, risk: Array, learnt: Array) -> Array:
        """Risks of different models on one scale: probabilities are."""
        return risk

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Sample:
        """Films with the risk that one model gives them."""
        return Sample.of(risk, films["label"].to_numpy(), patient)

    def horizons(self, sample: Sample, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years, and what must be said of them: there is none."""
        return {}

    def choose(self, tuning: Sample) -> list[Threshold]:
        """Thresholds, those that are rules fitted on tuning."""
        return [each if isinstance(each, Threshold) else each.fit(tuning.drawn()) for each in self.thresholds]

    def chosen_at(self, sample: Sample) -> tuple[float, str]:
        """The horizon at which thresholds are chosen: there is none."""
        return np.nan, ""

    def positive(self, films: pd.DataFrame) -> Array:
        """Whether the label is 1."""
        return films["label"].to_numpy() == 1

    def as_binary(self, sample: Sample) -> Sample:
        """The sample on which thresholds are chosen: the sample itself."""
        return sample

    def recalibrations(self, sample: Sample, how: recalibration.Kind) -> dict[float | None, Recalibrate]:
        """What fits the recalibrated risk on tuning films: there is one, without a horizon."""
        return {None: partial(recalibration.fit, sample, how)}

    def compared(self, sample: Sample, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared; `graded` where both give probabilities."""
        return {Key(name): metric for name, metric in {**self.ranking, **(self.error if graded else {})}.items()}

    def metrics(
        self, sample: Sample, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model; one without `thresholds` is judged by its ranking alone."""
        if thresholds is None:
            return self.compared(sample, horizons, graded=False)
        probability = self.compared(sample, horizons, graded=True)
        probability |= {Key(name): metric for name, metric in self.calibration.items()}
        counted = {Key(name, t.label): at(t, metric) for t in thresholds for name, metric in self.at_threshold.items()}
        return probability | counted | {Key("net_benefit", share): of for share, of in self.net_benefit.items()}

    def influence(self, key: Key, sample: Sample, n_patients: int) -> Array | None:
        """What each patient adds to a metric, where that is known."""
        return influence.auc(sample, n_patients) if key.metric == "auc" else None

    def curves(
        self, sample: Sample, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, Mapping[str, float | str], pd.DataFrame]]:
        """Points of each curve of a model: its name, further columns, the points."""
        yield "roc", {}, curves.roc(sample, draws, level)
        yield "precision_recall", {}, curves.precision_recall(sample, draws, level)
        if graded:
            yield "calibration", {}, curves.calibration(sample, draws, level)
            yield "decision", {}, decision.decision_curve(sample, curves.GRID[1:-1], draws, level)
