"""Evaluation of a binary outcome: predictions in, tables of metrics, thresholds and curves out."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.comparators import compare
from bonerisk.evaluation.metric import Metric
from bonerisk.evaluation.patients import refuse_seen
from bonerisk.evaluation.sample import Sample
from bonerisk.evaluation.split import Key, Plan, Split
from bonerisk.evaluation.table import CONFUSION, METRICS
from bonerisk.evaluation.thresholds import Threshold, at, youden
from bonerisk.evaluation.wide import Wide

FIXED = Threshold("0.5", 0.5)


@dataclass(frozen=True)
class BinaryResult:
    """What an evaluation found; the tables are as they are written.

    Parameters
    ----------
    predictions : DataFrame
        The predictions given, and those of baselines, combined models and oracles.
    metrics : DataFrame
        Long form, columns as `bonerisk.evaluation.table.METRICS`.
    confusion : DataFrame
        dataset, split, model, subgroup, threshold, tp, fp, fn, tn.
    thresholds : dict
        For thresholds.json: values, and the patients they were fitted on.
    kinds : dict
        Model → film, baseline, refitted, combined or oracle.
    roc, precision_recall, calibration : DataFrame
        dataset, split, model and the columns of `bonerisk.evaluation.curves`.
    """

    predictions: pd.DataFrame
    metrics: pd.DataFrame
    confusion: pd.DataFrame
    thresholds: dict[str, Any]
    kinds: dict[str, str]
    roc: pd.DataFrame
    precision_recall: pd.DataFrame
    calibration: pd.DataFrame


class BinaryEvaluation:
    """How a binary outcome is evaluated.

    Parameters
    ----------
    ranking, probability, at_threshold : list of str
        Metrics of every model; of film and baselines; and of these at 0.5 and at Youden's threshold. Each is
        "module.function" in `bonerisk.evaluation`.
    baselines : list of list of str
        Columns of each logistic baseline.
    n_draws : int
        Bootstrap draws.
    level : float
        Of the intervals.
    seed : int
        Of the draws.
    min_n, min_events : int
        Patients, and patients with (and without) the outcome, under which a subgroup gets a note instead of numbers.
    """

    def __init__(
        self,
        ranking: list[str],
        probability: list[str],
        at_threshold: list[str],
        baselines: list[list[str]],
        n_draws: int = 1000,
        level: float = 0.95,
        seed: int = 0,
        min_n: int = 20,
        min_events: int = 5,
    ) -> None:
        if not 0 < level < 1 or n_draws < 1:
            raise ConfigError(f"level {level}, n_draws {n_draws}", "evaluation", "level=0.95 n_draws=1000, for example")
        self.ranking, self.probability, self.at_threshold = map(_named, (ranking, probability, at_threshold))
        self.baselines = baselines
        self.plan = Plan(n_draws, level, seed, min_n, min_events)

    def run(self, predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame) -> BinaryResult:
        """Evaluate each dataset and split by itself.

        Parameters
        ----------
        predictions : DataFrame
            Predictions table of the films to be evaluated, of one or more film models.
        tuning : DataFrame
            The same models' predictions on the tuning split, on which thresholds and combined models are fitted.
        training : DataFrame
            The training split of the cohort, with `label`, on which baselines are fitted.

        Raises
        ------
        DataError
            A patient to be evaluated is in `tuning` or `training`, or a predictions table is not what it should be.
        """
        refuse_seen(predictions, tuning, "thresholds")
        refuse_seen(predictions, training, "baselines")
        test, tune = Wide.of(predictions), Wide.of(tuning)
        if set(test.models) - set(tune.models):
            raise DataError(f"no tuning predictions of {', '.join(set(test.models) - set(tune.models))}", "tuning")
        comparison = compare(test, tune, training, self.baselines)
        thresholds = {model: [FIXED, _fit(comparison.tuning, model)] for model in comparison.graded}
        metrics = {model: self._metrics(thresholds.get(model, [])) for model in comparison.kinds}
        place = comparison.test.films.groupby(["dataset", "split"], sort=False).ngroup()
        splits = [Split(comparison, place == number, self.plan) for number in range(place.max() + 1)]

        def curve(kind: str, models: Iterable[str]) -> pd.DataFrame:
            return pd.concat([points for split in splits for points in split.curve(kind, models)], ignore_index=True)

        return BinaryResult(
            predictions=comparison.test.long(),
            metrics=_frame((row for split in splits for row in split.metric_rows(metrics, self._ranking())), METRICS),
            confusion=_frame((row for split in splits for row in split.confusion_rows(thresholds)), CONFUSION),
            thresholds=_record(thresholds, tuning),
            kinds=comparison.kinds,
            roc=curve("roc", comparison.kinds),
            precision_recall=curve("precision_recall", comparison.kinds),
            calibration=curve("calibration", comparison.graded),
        )

    def _ranking(self) -> dict[Key, Metric]:
        return {(name, ""): metric for name, metric in self.ranking.items()}

    def _metrics(self, thresholds: Sequence[Threshold]) -> dict[Key, Metric]:
        """Metrics of a model: one without thresholds is judged by its ranking alone."""
        if not thresholds:
            return self._ranking()
        probability = {(name, ""): metric for name, metric in self.probability.items()}
        counted = {(name, t.label): at(t, metric) for t in thresholds for name, metric in self.at_threshold.items()}
        return self._ranking() | probability | counted


def _fit(tuning: Wide, model: str) -> Threshold:
    risk = tuning.risks[model]
    known = risk.notna()
    return youden(Sample.of(risk[known], tuning.films.loc[known, "label"]))


def _frame(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def _record(thresholds: dict[str, list[Threshold]], tuning: pd.DataFrame) -> dict[str, Any]:
    """Thresholds for JSON, with whom they were fitted on."""
    films = tuning.drop_duplicates(["dataset", "split", "image_id"])
    return {
        "rule": "positive where risk >= value",
        "fitted_on": {
            "split": sorted(films["split"].unique()),
            "n": len(films),
            "n_events": int(films["label"].sum()),
            "patients": films[["site", "patient_id"]].drop_duplicates().astype(str).to_numpy().tolist(),
        },
        "thresholds": [
            {"model": model, "threshold": t.label, "value": t.value, "note": t.note}
            for model, of_model in thresholds.items()
            for t in of_model
        ],
    }


def _named(names: Sequence[str]) -> dict[str, Any]:
    """Metric functions by their own names, from "module.function"."""
    return dict(_function(name) for name in names)


def _function(name: str) -> tuple[str, Any]:
    module, _, function = name.partition(".")
    try:
        return function, getattr(importlib.import_module(f"{__package__}.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"no metric {name}", "evaluation", 'name it "module.function", such as discrimination.auc'
        ) from error
