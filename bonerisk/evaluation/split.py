"""One split of one dataset: every model and subgroup on the same draws of its patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.evaluation import curves
from bonerisk.evaluation.comparators import Comparison
from bonerisk.evaluation.metric import Metric
from bonerisk.evaluation.resampling import Distribution, Draws, distributions
from bonerisk.evaluation.sample import Sample
from bonerisk.evaluation.subgroups import Subgroup, subgroups
from bonerisk.evaluation.table import metric_row
from bonerisk.evaluation.thresholds import Threshold
from bonerisk.progress import track

Key = tuple[str, str]  # metric, threshold label or ""
Row = dict[str, Any]
Estimated = tuple[Sample, dict[Key, Distribution]]  # the films, and what was found on them


@dataclass(frozen=True)
class Plan:
    """How numbers get their intervals, and when there are too few patients for any; see `BinaryEvaluation`."""

    n_draws: int
    level: float
    seed: int
    min_n: int
    min_events: int

    def too_few(self, sample: Sample, both_outcomes: bool) -> str:
        """Why a sample is too small to say anything; empty where it isn't."""
        if sample.n_patients < self.min_n:
            return f"under {self.min_n} patients"
        if sample.patients_with(1) < self.min_events:
            return f"under {self.min_events} patients with the outcome"
        if both_outcomes and sample.patients_with(0) < self.min_events:
            return f"under {self.min_events} patients without the outcome"
        return ""


class Split:
    """Films of one dataset and split, with the draws that all of their numbers share.

    Parameters
    ----------
    comparison : Comparison
        All models, on all films.
    keep : Series of bool
        The films of this split.
    plan : Plan
    """

    def __init__(self, comparison: Comparison, keep: pd.Series, plan: Plan) -> None:
        self.comparison, self.plan = comparison, plan
        self.wide = comparison.test.where(keep)
        self.name = {column: str(self.wide.films[column].iloc[0]) for column in ("dataset", "split")}
        self.patient = pd.factorize(patients(self.wide.films), sort=True)[0]
        self.draws = Draws.of(self.patient.max() + 1, plan.n_draws, plan.seed)
        self.subgroups = list(subgroups(self.wide.films))

    def metric_rows(self, metrics: Mapping[str, Mapping[Key, Metric]], compared: Mapping[Key, Metric]) -> Iterator[Row]:
        """Rows of the metrics table: `metrics` of each model, and paired differences of those in `compared`."""
        for group in track(self.subgroups, f"evaluating {self.name['split']}"):
            own = {model: self._estimated(group, of_model, [model]) for model, of_model in metrics.items()}
            for model, estimated in own.items():
                yield from self._rows(estimated, group, [model])
            for pair in self.comparison.pairs:
                yield from self._rows(self._difference(pair, group, own, compared), group, pair)

    def confusion_rows(self, thresholds: Mapping[str, list[Threshold]]) -> Iterator[Row]:
        """Rows of the confusion table."""
        for model, group in ((model, group) for model in thresholds for group in self.subgroups):
            sample = self.sample(group, [model])
            for threshold in thresholds[model] if len(sample) and group.has("sensitivity") else ():
                if threshold.value is not None:
                    counts = vars(sample.drawn().counts(threshold.value))
                    where = {**self.name, "model": model, "subgroup": group.name, "threshold": threshold.label}
                    yield where | {side: int(films[0]) for side, films in counts.items()}

    def curve(self, kind: str, models: Iterable[str]) -> Iterator[pd.DataFrame]:
        """Points of a curve of `bonerisk.evaluation.curves`, for each model over the whole split."""
        for model in models:
            points = getattr(curves, kind)(self.sample(self.subgroups[0], [model]), self.draws, self.plan.level)
            yield pd.DataFrame({**self.name, "model": model}, index=points.index).join(points)

    def sample(self, group: Subgroup, models: Sequence[str]) -> Sample:
        """Films of a subgroup with the risk of the first of `models`, where all of them give one."""
        keep = group.keep & self.wide.risks[list(models)].notna().all(axis=1).to_numpy()
        risk, label = self.wide.risks[models[0]].to_numpy(), self.wide.films["label"].to_numpy()
        return Sample.of(risk[keep], label[keep], self.patient[keep])

    def _estimated(self, group: Subgroup, metrics: Mapping[Key, Metric], models: Sequence[str]) -> Estimated:
        """Metrics of the first of `models` on the films of all; empty ones where these are too few."""
        sample = self.sample(group, models)
        within = {key: metric for key, metric in metrics.items() if group.has(key[0])}
        few = self.plan.too_few(sample, both_outcomes=not group.cases_only)
        if not len(sample):
            few = self._note(models) or "no films"
        if few:
            return sample, dict.fromkeys(within, Distribution(np.nan, np.empty(0), few))
        return sample, distributions(sample, within, self.draws)

    def _difference(
        self, pair: tuple[str, str], group: Subgroup, own: Mapping[str, Estimated], metrics: Mapping[Key, Metric]
    ) -> Estimated:
        """Paired difference on the films of both; a model that loses none of its own is not estimated again."""
        both = len(self.sample(group, pair))
        (sample, ours), (_, theirs) = (
            own[models[0]] if len(own[models[0]][0]) == both else self._estimated(group, metrics, models)
            for models in (pair, pair[::-1])
        )
        return sample, {key: ours[key] - theirs[key] for key in metrics if group.has(key[0])}

    def _rows(self, estimated: Estimated, group: Subgroup, models: Sequence[str]) -> Iterator[Row]:
        """Rows of a model, or of a model and its reference."""
        sample, found = estimated
        model, reference = (*models, "")[:2]
        lost = int(group.keep.sum()) - len(sample) if len(sample) else 0
        note = "; ".join(filter(None, [f"{lost} films that miss a value left out" if lost else "", self._note(models)]))
        for (metric, threshold), of in found.items():
            where = {"model": model, "reference": reference, "subgroup": group.name, "metric": metric}
            where = {**self.name, **where, "threshold": threshold}
            yield metric_row(where, sample, of, self.plan.level, note)

    def _note(self, models: Sequence[str]) -> str:
        return "; ".join(dict.fromkeys(filter(None, map(self.comparison.notes.get, models))))
