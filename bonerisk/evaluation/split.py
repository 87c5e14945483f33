"""One split of one dataset: every model and subgroup on the same draws of its patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Generic

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.evaluation.intervals.resampling import Distribution, Draws, distributions
from bonerisk.evaluation.metrics.metric import Key, Metric
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.metrics_table import Row, metric_row
from bonerisk.evaluation.models.comparators import Comparison
from bonerisk.evaluation.outcomes.outcome import Films
from bonerisk.evaluation.plan import Plan
from bonerisk.evaluation.samples.subgroups import Subgroup, subgroups
from bonerisk.progress import track

Found = dict[Key, Distribution]
Estimated = tuple[Films, Found]  # a sample, and what was found on it
Thresholds = Mapping[str, Sequence[Threshold]]


class Split(Generic[Films]):
    """Films of one dataset and split, with the draws that all of their numbers share.

    Parameters
    ----------
    comparison : Comparison
        All models, on all films.
    keep : Series of bool
        The films of this split.
    plan : Plan
    thresholds : dict
        Those of each model whose probabilities are judged.
    """

    def __init__(self, comparison: Comparison[Films], keep: pd.Series, plan: Plan, thresholds: Thresholds) -> None:
        self.comparison, self.kind, self.plan, self.thresholds = comparison, comparison.kind, plan, thresholds
        self.wide = comparison.test.where(keep)
        self.films = self.wide.films
        self.name = {column: str(self.films[column].iloc[0]) for column in ("dataset", "split")}
        self.patient, self.strata = patients_and_strata(self.films, plan, self.kind.outcome[0])
        self.draws = Draws.of(self.patient.max() + 1, plan.n_draws, plan.seed, self.strata)
        self.subgroups = list(subgroups(self.films, self.kind.subgroups))
        self.everyone = self.subgroups[0]
        self._ranked: dict[tuple[str, bytes], Found] = {}
        whole = self.kind.sample(self.films, np.zeros(len(self.films)), self.patient, {})
        self.horizons: dict[float, str] = self.kind.horizons(whole, list(self.wide.predicted))

    @cached_property
    def competing(self) -> bool:
        """Whether another event ended somebody's follow-up."""
        return "competing_event" in self.films and bool((self.films["competing_event"] == 1).any())

    def metric_rows(self) -> Iterator[Row]:
        """Rows of the metrics table: those of each model, and paired differences between models."""
        for group in track(self.subgroups, f"evaluating {self.name['split']}"):
            own = {model: self.estimated(group, [model]) for model in self.comparison.models}
            for model, (sample, found) in own.items():
                ranked = {key: of for key, of in found.items() if key.metric in self.kind.ranking}
                self._ranked[model, group.keep.tobytes()] = ranked
                yield from self.rows((sample, found), group, [model])
            for pair in self.comparison.pairs:
                yield from self.rows(self._difference(pair, group, own), group, pair)

    def confusion_rows(self) -> Iterator[Row]:
        """Rows of the confusion table; at a horizon, counts are weighted for censoring."""
        for model, group in ((model, group) for model in self.thresholds for group in self.subgroups):
            sample = self.sample(group, [model])
            fitted = [threshold for threshold in self.thresholds[model] if threshold.value is not None]
            for horizon in self.horizons or [np.nan]:
                if group.has("sensitivity") and not self.few(sample, horizon, group, [model]):
                    drawn = sample.drawn() if np.isnan(horizon) else sample.drawn().at(horizon)
                    for threshold in fitted:
                        sides = {side: films[0] for side, films in vars(drawn.counts(threshold.value)).items()}
                        where = {**self.name, "model": model, "subgroup": group.name, "threshold": threshold.label}
                        yield where | {"horizon_years": horizon} | sides

    def curves(self, models: Iterable[str]) -> Iterator[tuple[str, pd.DataFrame]]:
        """Points of each curve, for each model over the whole split."""
        for model in models:
            sample = self.sample(self.everyone, [model])
            if len(sample):
                graded = model in self.comparison.graded
                found = self.kind.curves(sample, self.draws, self.plan.level, list(self.horizons), graded)
                for name, where, points in found:
                    named = pd.DataFrame({**self.name, "model": model, **where}, index=points.index)
                    yield name, named.join(points)

    def sample(self, group: Subgroup, models: Sequence[str]) -> Films:
        """Films of a subgroup with the first model's predictions, if all `models` give a risk."""
        keep = group.keep & self.wide.risks[list(models)].notna().all(axis=1).to_numpy()
        model = models[0]
        predicted = {horizon: of.to_numpy()[keep] for horizon, of in self.wide.probabilities(model).items()}
        films, risk = self.wide.seen_by(model)[keep], self.wide.risks[model].to_numpy()[keep]
        return self.kind.sample(films, risk, self.patient[keep], predicted)

    def probabilities(self, model: str, horizon: float) -> np.ndarray:
        """Probabilities (n,) that a model gives the films of the split; NaN if it gives none."""
        if np.isnan(horizon):
            return self.wide.risks[model].to_numpy()
        of = self.wide.probabilities(model).get(horizon)
        return np.full(len(self.films), np.nan) if of is None else of.to_numpy()

    def estimated(self, group: Subgroup, models: Sequence[str], only: Sequence[Key] | None = None) -> Estimated[Films]:
        """Metrics of the first of `models` on films that all predict; empty if too few."""
        sample = self.sample(group, models)
        metrics: dict[Key, Metric] = self.kind.metrics(sample, list(self.horizons), self.thresholds.get(models[0]))
        within = {key: of for key, of in metrics.items() if group.has(key.metric) and (only is None or key in only)}
        return sample, self.found(sample, within, group, models)

    def ranked(self, group: Subgroup, model: str, key: Key) -> Distribution:
        """A ranking metric of a model, reused if the metrics table has the group already."""
        known = self._ranked.setdefault((model, group.keep.tobytes()), {})
        if key not in known:
            known |= self.estimated(group, [model], only=[key])[1]
        return known[key]

    def found(self, sample: Films, metrics: Mapping[Key, Metric], group: Subgroup, models: Sequence[str]) -> Found:
        """Distributions of metrics on a sample; if it is too small for them, empty ones with a note."""
        few = {horizon: self.few(sample, horizon, group, models) for horizon in {key.horizon for key in metrics}}
        enough = {key: metric for key, metric in metrics.items() if not few[key.horizon]}
        found = distributions(sample, enough, self.draws, self.plan.interval == "bca") if enough else {}
        if self.plan.interval == "analytic":
            n = self.draws.counts.shape[1]
            found = {key: replace(of, influence=self.kind.influence(key, sample, n)) for key, of in found.items()}
        return {key: found.get(key) or Distribution(np.nan, np.empty(0), few[key.horizon]) for key in metrics}

    def rows(
        self, estimated: Estimated[Films], group: Subgroup, models: Sequence[str], said: str = ""
    ) -> Iterator[Row]:
        """Rows of a model, or of a model and its reference; `said` is added to the notes."""
        sample, found = estimated
        model, reference = (*models, "")[:2]
        lost = int(group.keep.sum()) - len(sample) if len(sample) else 0
        chosen = {threshold.label: threshold.note for threshold in self.thresholds.get(model, ())}
        left_out = f"{lost} films that miss a value left out" if lost else ""
        for key, of in found.items():
            where = {**self.name, "model": model, "reference": reference, "subgroup": group.name, **key._asdict()}
            of_key = self.horizons.get(key.horizon, ""), chosen.get(key.threshold, "")
            notes = (left_out, self._note(models), *of_key, said)
            yield metric_row(where, sample, of, self.plan, "; ".join(filter(None, notes)))

    def _difference(
        self, pair: tuple[str, str], group: Subgroup, own: Mapping[str, Estimated[Films]]
    ) -> Estimated[Films]:
        """Paired difference on the films of both; a model that loses none of its own is not estimated again."""
        graded = all(model in self.thresholds for model in pair)
        both = self.sample(group, pair)
        keys = [key for key in self.kind.compared(both, list(self.horizons), graded) if group.has(key.metric)]
        (sample, ours), (_, theirs) = (
            own[models[0]] if len(own[models[0]][0]) == len(both) else self.estimated(group, models, keys)
            for models in (pair, pair[::-1])
        )
        return sample, {key: ours[key] - theirs[key] for key in keys}

    def few(self, sample: Films, horizon: float, group: Subgroup, models: Sequence[str]) -> str:
        """Why a sample is too small, or too short of follow-up, for a number; empty if it isn't."""
        if not len(sample):
            return self._note(models) or "no films"
        if not np.isnan(horizon) and not sample.reaches(horizon):
            return f"follow-up ends before {horizon:g} years"
        return self.plan.too_few(sample, horizon, both_outcomes=not group.cases_only)

    def _note(self, models: Sequence[str]) -> str:
        return "; ".join(dict.fromkeys(filter(None, (self.comparison.models[model].note for model in models))))


def patients_and_strata(films: pd.DataFrame, plan: Plan, outcome: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Number of each film's patient (n,), and the stratum of each patient, by the patient's films; None without strata.

    `outcome` is the column of the outcome, which strata may keep.
    """
    patient = pd.factorize(patients(films), sort=True)[0]
    if plan.stratify is None:
        return patient, None
    if plan.stratify == "site":
        return patient, pd.Series(pd.factorize(films["site"], sort=True)[0]).groupby(patient).first().to_numpy()
    return patient, films[outcome].groupby(patient).max().to_numpy()
