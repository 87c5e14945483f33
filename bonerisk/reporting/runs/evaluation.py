"""An evaluation as its run folder has it, and which number of it is meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.evaluation.tables.result import Result
from bonerisk.evaluation.validation.validate import SPLITS, VALIDATED
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.vocabulary import Vocabulary, vocabulary_of
from bonerisk.runs.find import StoredRun

if TYPE_CHECKING:
    from bonerisk.evaluation.models.comparators import Role

INTERCEPT = "intercept"  # a row of coefficients.csv that is no feature


@dataclass(frozen=True)
class TableKey:
    """Which number of the metrics table."""

    metric: str
    horizon: float = nan
    threshold: str = ""

    @property
    def name(self) -> str:
        """Its name in a table's head."""
        return words.metric(self.metric, self.horizon)

    @property
    def in_sentence(self) -> str:
        """The same in a sentence: ``the AUC at 5 years``, ``Harrell's C-index``."""
        if "'" in self.name:
            return self.name
        first = self.name[0].lower() if self.name[1].islower() else self.name[0]  # AUC stays as it is
        return f"the {first}{self.name[1:]}"

    def of(self, metrics: pd.DataFrame, split: object) -> pd.DataFrame:
        """Its rows of a split."""
        chosen = (metrics["split"] == split) & (metrics["metric"] == self.metric)
        at = metrics["horizon_years"].isna() if isnan(self.horizon) else metrics["horizon_years"] == self.horizon
        return metrics[chosen & at & (metrics["threshold"] == self.threshold)]


@dataclass(frozen=True)
class EvaluationRun:
    """An evaluate run, what it found, and the trainings behind it.

    Parameters
    ----------
    run : StoredRun
    result : Result
        As `bonerisk.evaluation.tables.result.read` reads it.
    trainings : list of StoredRun
        Those that can still be read.
    number : int
        Among the evaluations of the page, from 1.
    several : bool
        Whether the page has others.
    """

    run: StoredRun
    result: Result
    trainings: list[StoredRun]
    number: int
    several: bool

    @property
    def place(self) -> str:
        """Ends headings: ``, evaluation 2``; empty where there is but one."""
        return f", evaluation {self.number}" if self.several else ""

    @property
    def suffix(self) -> str:
        """Ends names of files: ``_2``; empty where there is but one."""
        return f"_{self.number}" if self.several else ""

    @property
    def trained(self) -> list[str]:
        """Names of the trained models."""
        return [model for model, role in self.result.roles.items() if role == "film"]

    @property
    def model(self) -> str:
        """The one that the evaluation is about; the others are compared with it."""
        return self.trained[0]

    @cached_property
    def learnt(self) -> dict[str, StoredRun]:
        """The training of each trained model, as far as it can still be read."""
        by_folder = {training.folder.name: training for training in self.trainings}
        models = self.result.models
        runs = dict(zip(models["model"], models["run"], strict=True))
        return {model: by_folder[runs[model]] for model in self.trained if runs[model] in by_folder}

    @property
    def named(self) -> list[tuple[str, StoredRun]]:
        """Each training that can still be read, by its model's name; stages of a combined model by their own."""
        if not self.run.config.get("combine"):
            return list(self.learnt.items())
        alone = {training.folder: model for model, training in self.learnt.items() if model != self.model}
        return [(alone.get(training.folder, training.name), training) for training in self.trainings]

    @property
    def training(self) -> StoredRun | None:
        """That of the model which the evaluation is about."""
        return self.learnt.get(self.model)

    def models(self, role: Role) -> list[str]:
        """Names of the models of a role that concern what was predicted."""
        return [model for model in self.concerned if self.result.roles[model] == role]

    @property
    def concerned(self) -> list[str]:
        """Names of all models that concern what was predicted: a true hazard of fracture says little of bone mass."""
        table = self.result.models
        return list(table.loc[table["concerns"] == self.result.target, "model"])

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The metrics of the splits in long form."""
        return self._told[self._told["split"].isin(self.splits)]

    @cached_property
    def validation(self) -> pd.DataFrame:
        """Metrics of the models on the patients that they were fitted to: apparent, and validated."""
        return self._told[self._told["split"].isin(SPLITS)]

    @property
    def _told(self) -> pd.DataFrame:
        """Metrics, without those that say nothing new as no other event competes."""
        found = self.result.metrics
        if "competing_event" in self.cohort and (self.cohort["competing_event"] == 1).any():
            return found
        return found[[not about(name).if_competing for name in found["metric"]]]

    @cached_property
    def ours(self) -> pd.DataFrame:
        """Metrics of the model alone."""
        return self.metrics[self.metrics["model"] == self.model]

    @cached_property
    def confusion(self) -> pd.DataFrame:
        """Confusion matrices of the model."""
        return self.result.confusion[self.result.confusion["model"] == self.model]

    def class_counts(self, split: str, model: str) -> pd.DataFrame:
        """Films of a whole split by class and class called by a model; empty where the outcome is not of classes."""
        counts = self.result.class_counts
        return counts[(counts["model"] == model) & (counts["subgroup"] == "all") & (counts["split"] == split)]

    @cached_property
    def horizons(self) -> list[float]:
        """Horizons in years at which probabilities were judged; none for a yes-or-no outcome."""
        return sorted(self.metrics["horizon_years"].dropna().unique())

    @cached_property
    def ranking(self) -> list[TableKey]:
        """How well a model ranks: first what was asked for first, as AUC or C-index; then the AUC at each horizon."""
        first = self.ours.iloc[0]
        at_horizons = self.ours[self.ours["metric"] == "auc_t"]["horizon_years"].unique()
        keys = [
            TableKey(first["metric"], first["horizon_years"]),
            *(TableKey("auc_t", at) for at in sorted(at_horizons)),
        ]
        return list(dict.fromkeys(keys))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What rows and outcome are called."""
        return vocabulary_of(self.cohort, self.result.target, self.result.target_words)

    @property
    def reference_standard(self) -> str:
        """How the outcome was established, as the source and the target say."""
        return self.run.record.get("reference_standard") or "not recorded"

    @property
    def saw_films(self) -> bool:
        """Whether the model learnt from films, not from columns of a table."""
        training = self.training
        trained = training is None or bool(training.config.get("preprocessing"))
        return trained and self.vocabulary.row == "film"

    @property
    def features(self) -> list[str]:
        """What a model of columns learnt from; empty where that is not known."""
        run = self.training
        tables = [name for name in ("coefficients.csv", "importance.csv") if run and name in run.written]
        names = list(pd.read_csv(run.path(tables[0]))["feature"]) if run and tables else []
        return [name for name in names if name != INTERCEPT]

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """Name and value of the model's thresholds, those left out that could not be fitted."""
        return {
            item["threshold"]: item["value"]
            for item in self.result.thresholds["thresholds"]
            if item["model"] == self.model and item["value"] is not None
        }

    @property
    def dataset(self) -> str:
        """The dataset evaluated."""
        return str(self.result.metrics["dataset"].iloc[0])

    @property
    def splits(self) -> list[str]:
        """Splits evaluated, in order; without any, the validated values stand for one."""
        found = list(self.result.metrics["split"].unique())
        return [name for name in found if name not in SPLITS] or [name for name in found if name in VALIDATED]

    @property
    def tested(self) -> bool:
        """Whether patients were evaluated to whom no model was fitted."""
        return not set(self.splits) <= set(VALIDATED)

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """Films evaluated."""
        return pd.read_parquet(self.run.path("cohort.parquet"))

    def patients(self, split: str) -> int:
        """Patients of a split."""
        return len(self._films(split)[["site", "patient_id"]].drop_duplicates())

    def competing(self, split: str, horizon: float) -> int:
        """Films of a split that had a competing event first, until a horizon."""
        films = self._films(split)
        if "competing_event" not in films:
            return 0
        first = (films["competing_event"] == 1) & (films["event"] != 1)
        return int((first & (films["time_years"] <= horizon)).sum())

    def _films(self, split: str) -> pd.DataFrame:
        """Films of a split; those of training and tuning for a validation."""
        return self.cohort if split in VALIDATED else self.cohort[self.cohort["split"] == split]

    def value(self, split: str, model: str, key: TableKey | None = None, reference: str = "") -> pd.Series | None:
        """Row of metrics of a whole split, None where there is none: metric, estimate, lower, upper, n, n_events, note.

        Without a `key`, that of the ranking.
        """
        key = key or self.ranking[0]
        rows = key.of(self.metrics, split)
        rows = rows[(rows["model"] == model) & (rows["reference"] == reference) & (rows["subgroup"] == "all")]
        return rows.iloc[0] if len(rows) else None
