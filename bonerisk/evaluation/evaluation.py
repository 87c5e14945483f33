"""Evaluation of any model: predictions in, tables of metrics, gaps, thresholds and curves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from bonerisk.cohort.overlap import refuse_seen
from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.explanations import Explanations
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.optimism import optimism
from bonerisk.evaluation.metrics.rules import Rule
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.models.comparators import Comparison, compare
from bonerisk.evaluation.models.recalibrated import add_recalibrated
from bonerisk.evaluation.outcomes.amount import Amount
from bonerisk.evaluation.outcomes.binary import Binary
from bonerisk.evaluation.outcomes.ordinal import Ordinal
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.evaluation.outcomes.points import Points
from bonerisk.evaluation.outcomes.survival import Survival
from bonerisk.evaluation.plan import Plan
from bonerisk.evaluation.samples.risk_table import RiskTable
from bonerisk.evaluation.samples.subgroups import ALL
from bonerisk.evaluation.split import Split, Thresholds
from bonerisk.evaluation.tables import strata
from bonerisk.evaluation.tables.characteristics import group_rows
from bonerisk.evaluation.tables.class_counts import class_count_rows
from bonerisk.evaluation.tables.differences import difference_rows
from bonerisk.evaluation.tables.follow_up import follow_up_rows
from bonerisk.evaluation.tables.gaps import gaps
from bonerisk.evaluation.tables.groupings import groupings
from bonerisk.evaluation.tables.hazards import hazard_rows
from bonerisk.evaluation.tables.models import model_rows
from bonerisk.evaluation.tables.reclassified import reclassified_rows
from bonerisk.evaluation.tables.result import TABLES, OutcomeKind, Result
from bonerisk.evaluation.tables.risk_groups import incidence_curves, risk_group_rows
from bonerisk.evaluation.validation.development import Development, Refit
from bonerisk.evaluation.validation.validate import UNTESTED, Validation, validate
from bonerisk.named import FolderPath

Rows = Callable[[Split], Iterator[Row]]  # of one table, for one split


class Evaluation:
    """How models are evaluated.

    Parameters
    ----------
    binary : Binary
        How a yes-or-no outcome (`label`) is evaluated.
    survival : Survival
        How time to an event (`event`, `time_years`) is evaluated.
    amount : Amount
        How an estimated T-score (`t_score`) is evaluated.
    ordinal : Ordinal
        How classes in order (`label`, from 0) are evaluated.
    points : Points
        How points found on films are evaluated.
    recalibration : {"baseline", "slope"}, optional
        Whether each film model is also evaluated after recalibration on tuning: by a shift, or by a shift and a slope.
    reclassification : bool
        Whether NRI and IDI are computed. A miscalibrated model inflates them.
    n_draws : int
        Number of bootstrap draws of patients.
    level : float
        Level of the intervals.
    seed : int
        Seed of the draws.
    interval : {"percentile", "bca", "analytic"}
        Analytic: DeLong's for the AUC, the infinitesimal jackknife for C-indices; elsewhere percentiles. Proportions of
        patients with one film each always get Wilson's.
    stratify : {"event", "site"}, optional
        Keep the number of patients with the outcome, or of each site, in every draw.
    min_n, min_events : int
        Minimum number of patients, and of patients with (and without) the outcome. A smaller subgroup has a note
        instead of numbers.
    validation : {"optimism", "crossval", "apparent"}, optional
        How models are validated on the patients that they were fitted to (`bonerisk.evaluation.validation`).
    repeats : int, optional
        Bootstrap draws that are refitted, by default 200, or repeats of the cross-validation, by default 10.
    folds : int
        Folds of patients of the cross-validation.
    explain : {"gradcam", "occlusion"} or list of them, optional
        How a network that sees films is explained (`bonerisk.explain`).
    masks : str, optional
        A folder of organ masks for explanations (`bonerisk.imaging.masks`); None: beside the films.
    explain_films : int, optional
        Films that are explained at most; None: all.
    every_pair : bool
        Whether all film models are compared with each other, not only with the first; each more makes p-values that
        are adjusted for all of them larger.
    """

    def __init__(
        self,
        binary: Binary,
        survival: Survival,
        amount: Amount,
        ordinal: Ordinal,
        points: Points,
        recalibration: Literal["baseline", "slope"] | None = None,
        reclassification: bool = False,
        n_draws: int = 1000,
        level: float = 0.95,
        seed: int = 0,
        interval: Literal["percentile", "bca", "analytic"] = "percentile",
        stratify: Literal["event", "site"] | None = None,
        min_n: int = 20,
        min_events: int = 5,
        validation: Literal["optimism", "crossval", "apparent"] | None = None,
        repeats: int | None = None,
        folds: int = 10,
        explain: Literal["gradcam", "occlusion"] | list[Literal["gradcam", "occlusion"]] | None = None,
        masks: FolderPath | None = None,
        explain_films: int | None = 1000,
        every_pair: bool = False,
    ) -> None:
        self.binary, self.survival, self.amount, self.ordinal, self.points = binary, survival, amount, ordinal, points
        self.recalibration, self.reclassification, self.every_pair = recalibration, reclassification, every_pair
        self.plan = Plan(n_draws, level, seed, interval, stratify, min_n, min_events)
        self.explanations = Explanations.of(explain, masks, explain_films)
        self.validation = validation and Validation.of(validation, repeats, folds)

    def run(
        self,
        predictions: pd.DataFrame,
        tuning: pd.DataFrame,
        training: pd.DataFrame,
        outcome: OutcomeKind | None = None,
        columns: Sequence[str] = (),
        target: str = "",
        runs: Mapping[str, str] | None = None,
        target_words: str | None = None,
    ) -> Result:
        """Evaluate each dataset and split separately.

        Parameters
        ----------
        predictions : DataFrame
            Predictions table of the films to be evaluated, of one or more film models. It has a `label`, or `event` and
            `time_years`.
        tuning : DataFrame
            The same models' predictions on the tuning split, on which thresholds and combined models are fitted; it may
            have no rows.
        training : DataFrame
            The training split of the cohort, with the outcome, on which baselines are fitted.
        outcome : {"binary", "survival", "amount", "ordinal", "points"}, optional
            By default binary or survival, the one whose columns `predictions` has.
        columns : sequence of str
            Columns of a model without films; an equal baseline is left out.
        target : str
            Name of what is predicted (`bonerisk.cohort.targets`), for the table of models.
        runs : mapping, optional
            Trained model → name of its training's folder, for the table of models.
        target_words : str, optional
            What is predicted is called so, if it is a column of the user's own.

        Raises
        ------
        DataError
            A patient to be evaluated is in `tuning` or `training`, or a predictions table is invalid.
        """
        if predictions.empty:
            raise DataError("no predictions", "predictions table", "look which rows the cohort's flow drops")
        refuse_seen(predictions, tuning, "thresholds")
        refuse_seen(predictions, training, "baselines")
        test, tune = RiskTable.of(predictions), RiskTable.of(tuning)
        name = outcome or _named(predictions)
        kind = self.outcome(name)
        self._refuse_strata(kind)
        for table in (predictions, tuning):
            kind.check(table)
        absent = [model for model in test.models if model not in tune.models]
        if absent == test.models and len(tuning):
            raise DataError(f"no tuning predictions of {', '.join(absent)}", "tuning")
        for model in absent:  # a note says so
            tune = tune.add(model, np.full(len(tune.films), np.nan))
        comparison = compare(kind, test, tune, training, columns, self.every_pair)
        if self.recalibration:
            add_recalibrated(comparison, self.recalibration)
        thresholds = {model: _choose(comparison, model) for model in comparison.graded}
        place = comparison.test.films.groupby(["dataset", "split"], sort=False).ngroup()
        splits = [Split(comparison, place == number, self.plan, thresholds) for number in range(place.max() + 1)]
        tables = self._tables(kind)
        rows = {name: [row for split in splits for row in of(split)] for name, of in tables.items()}
        rows["differences"] = list(difference_rows(rows["metrics"]))
        return Result(
            outcome=name,
            target=target,
            target_words=target_words,
            predictions=_with_estimates(comparison.test.long()) if kind is self.amount else comparison.test.long(),
            models=_frame(model_rows(comparison, target, runs or {}), TABLES["models"].columns),
            **{name: _frame(of, TABLES[name].columns) for name, of in rows.items()},
            thresholds=_record(comparison, thresholds, self.plan),
            curves=_curves(points for split in splits for points in self._curves(split)),
        )

    def validate(
        self,
        films: pd.DataFrame,
        refits: Mapping[str, Refit],
        outcome: OutcomeKind,
        target: str = "",
        runs: Mapping[str, str] | None = None,
        target_words: str | None = None,
    ) -> Result:
        """Evaluate models on the rows that they were fitted to, as `validation` says.

        Parameters
        ----------
        films : DataFrame
            These rows, with `dataset`, and `split` train or tune.
        refits : dict
            Trained model → what fits it again to some of them.
        outcome : {"binary", "survival", "amount", "ordinal", "points"}
        target, runs, target_words
            As `run` takes them.

        Raises
        ------
        ConfigError
            `validation` is None, or asks for more folds than there are patients with the outcome.
        DataError
            A model can't be refitted.
        """
        if self.validation is None:
            raise ConfigError("no validation is asked for", "evaluation.validation", "choose optimism or crossval")
        kind = self.outcome(outcome)
        found = validate(Development(kind, films, refits), self.plan, self.validation)
        comparison = found.split.comparison
        observed = (row for model in refits for row in follow_up_rows(found.split, model) if row["subgroup"] == ALL)
        followed = [row | {"split": found.name} for row in observed] if kind is self.survival else []
        rows = {name: list[Row]() for name in self._tables(kind)}
        rows["metrics"] = [*found.rows, *followed]
        rows["differences"] = list(difference_rows(rows["metrics"], UNTESTED))
        return Result(
            outcome=outcome,
            target=target,
            target_words=target_words,
            predictions=found.predictions,
            models=_frame(model_rows(comparison, target, runs or {}), TABLES["models"].columns),
            **{name: _frame(of, TABLES[name].columns) for name, of in rows.items()},
            thresholds=_record(comparison, found.split.thresholds),
            curves=_curves(found.curves),
        )

    def outcome(self, name: OutcomeKind) -> Outcome[Any, Any]:
        """How an outcome of a kind is evaluated."""
        kinds: dict[OutcomeKind, Outcome[Any, Any]]
        kinds = {"binary": self.binary, "survival": self.survival, "amount": self.amount, "ordinal": self.ordinal}
        kinds |= {"points": self.points}
        return kinds[name]

    def _refuse_strata(self, kind: Outcome[Any, Any]) -> None:
        """Refuse draws that keep the number of events where there is none: each would be the films once."""
        if kind in (self.amount, self.points) and self.plan.stratify == "event":
            what = f"{'a T-score' if kind is self.amount else 'a point'} is no event"
            raise ConfigError(what, "evaluation.stratify=event", "choose site, or leave it out")

    def _tables(self, kind: Outcome[Any, Any]) -> dict[str, Rows]:
        """Rows of each table of a split; those of follow-up, or of classes, are empty for another outcome."""
        tables: dict[str, Rows] = {"metrics": self._rows, "gaps": self._gaps, "confusion": Split.confusion_rows}
        tables["class_counts"] = class_count_rows if kind is self.ordinal else _no_rows
        of_follow_up: dict[str, Rows] = {
            "groups": self._groups,
            "hazards": hazard_rows,
            "strata_calibration": partial(strata.calibration_rows, outcome=self.survival),
            "strata_decision": partial(strata.decision_rows, outcome=self.survival),
            "strata_incidence": partial(strata.incidence_rows, outcome=self.survival),
        }
        return tables | (of_follow_up if kind is self.survival else dict.fromkeys(of_follow_up, _no_rows))

    def _rows(self, split: Split) -> Iterator[Row]:
        yield from split.metric_rows()
        if self.reclassification:
            yield from reclassified_rows(split)
        if split.kind is self.survival:
            for model in split.comparison.films:
                yield from follow_up_rows(split, model)
            for grouping in groupings(split, self.survival):
                yield from risk_group_rows(split, grouping, self.survival.adjusted)

    def _curves(self, split: Split) -> Iterator[tuple[str, pd.DataFrame]]:
        yield from split.curves(split.comparison.models)
        if split.kind is self.survival:
            for grouping in groupings(split, self.survival):
                yield "incidence", incidence_curves(split, grouping)

    def _groups(self, split: Split) -> Iterator[Row]:
        for grouping in groupings(split, self.survival):
            yield from group_rows(split, grouping, self.survival.characteristics)

    def _gaps(self, split: Split) -> Iterator[Row]:
        ranking = next(iter(split.kind.ranking))
        return gaps(split, split.comparison.films, ranking)


def _named(predictions: pd.DataFrame) -> OutcomeKind:
    """The outcome that a table has the columns of; a T-score may be a covariate, and classes must be asked for."""
    if "label" in predictions:
        return "binary"
    if {"event", "time_years"} <= set(predictions):
        return "survival"
    raise DataError("neither a label, nor event and time_years", "predictions table")


def _with_estimates(predictions: pd.DataFrame) -> pd.DataFrame:
    """The table with the T-score that each model estimates, which is its risk with the sign turned."""
    predictions.insert(list(predictions).index("risk") + 1, "estimate", -predictions["risk"])
    return predictions


def _no_rows(split: Split) -> Iterator[Row]:
    return iter(())


def _choose(comparison: Comparison, model: str) -> list[Threshold]:
    """Thresholds of a model on the tuning films for which it has a risk."""
    sample, kind = comparison.tuning_sample(model), comparison.kind
    cuts = comparison.models[model].cuts
    if len(sample):
        return [*kind.choose(sample), *cuts]
    why = "not fitted: the model gives no risk on tuning"
    return [each if isinstance(each, Threshold) else Threshold(each.label, None, why) for each in kind.thresholds]


def _frame(rows: Iterable[Row], columns: Iterable[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def _curves(found: Iterable[tuple[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, points in found:
        parts.setdefault(name, []).append(points)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}


def _record(comparison: Comparison, thresholds: Thresholds, plan: Plan | None = None) -> dict[str, object]:
    """Thresholds for JSON, with the tuning patients they were fitted on; by a plan also with their optimism."""
    films = comparison.tuning.films
    samples = {model: comparison.tuning_sample(model) for model in thresholds}
    first = next((samples[model] for model in comparison.films if len(samples[model])), None)
    horizon, said = (np.nan, "") if first is None else comparison.kind.chosen_at(first)
    return {
        "rule": "positive where risk >= value",
        "horizon_years": None if np.isnan(horizon) else horizon,
        "note": said,
        "fitted_on": {
            "split": sorted(films["split"].unique()),
            "n": len(films),
            "n_events": 0 if first is None else first.n_events_by(horizon),
            "patients": films[["site", "patient_id"]].drop_duplicates().astype(str).to_numpy().tolist(),
        },
        "thresholds": [
            {"model": model, "threshold": t.label, "value": t.value, "note": t.note, "n": len(samples[model])}
            | (
                {"on_tuning": _optimism(comparison, model, rule, plan)}
                if plan and isinstance(rule, Rule) and t.value is not None
                else {}
            )
            for model, of_model in thresholds.items()
            for t, rule in zip(of_model, [*comparison.kind.thresholds, *comparison.models[model].cuts], strict=True)
        ],
    }


def _optimism(comparison: Comparison, model: str, rule: Rule, plan: Plan) -> list[Row]:
    """What a threshold reaches on the films it was chosen on, and its optimism (`optimism`)."""
    sample = comparison.tuning_sample(model)
    draws = Draws.of(sample.patient.max() + 1, plan.n_draws, plan.seed)
    table = optimism(rule, comparison.kind.as_binary(sample), draws)
    return [
        {str(name): value for name, value in row.items()}
        for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]
