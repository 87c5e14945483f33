"""An evaluation as its run folder has it, and which number of it is meant."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import Any

import pandas as pd

from bonerisk.reporting.wording import terms, words
from bonerisk.reporting.wording.terms import Terms
from bonerisk.runs.find import StoredRun


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
    def said(self) -> str:
        """The same in a sentence: ``the AUC at 5 years``, ``Harrell's C-index``."""
        return self.name if "'" in self.name else f"the {self.name}"

    def of(self, metrics: pd.DataFrame, split: object) -> pd.DataFrame:
        """Its rows of a split."""
        chosen = (metrics["split"] == split) & (metrics["metric"] == self.metric)
        at = metrics["horizon_years"].isna() if isnan(self.horizon) else metrics["horizon_years"] == self.horizon
        return metrics[chosen & at & (metrics["threshold"] == self.threshold)]


@dataclass(frozen=True)
class EvaluationRun:
    """An evaluate run, and the trainings behind it.

    Parameters
    ----------
    run : StoredRun
    trainings : list of StoredRun
        Those that can still be read, in the order of its models.
    number : int
        Among the evaluations of the page, from 1.
    several : bool
        Whether the page has others.
    """

    run: StoredRun
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
    def training(self) -> StoredRun | None:
        """That of the model which the evaluation is about."""
        return self.learnt.get(self.model)

    @cached_property
    def trained(self) -> list[str]:
        """Names of the trained models; several of one run's name have what tells them apart in brackets."""
        names = {self.run.name, *(training.name for training in self.trainings)}
        return [
            model
            for model in map(str, self.metrics["model"].unique())
            if model in names or (" + " not in model and model.endswith(")") and _named(model) in names)
        ]

    @property
    def model(self) -> str:
        """The one that the evaluation is about; the others are compared with it."""
        return self.trained[0] if self.trained else self.run.name

    @property
    def learnt(self) -> dict[str, StoredRun]:
        """The training of each trained model, as far as that is known."""
        if len(self.trainings) >= len(self.trained):
            return dict(zip(self.trained, self.trainings, strict=False))
        by_name = {training.name: training for training in self.trainings}
        return {model: by_name[model] for model in self.trained if model in by_name}

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The metrics in long form; empty text is "", never NaN."""
        return _texts(self.run, "metrics.csv", ["reference", "threshold", "method", "note"])

    @property
    def outcome(self) -> str:
        """The cohort's column of the outcome: label, or event where films are followed to it."""
        return "event" if self.horizons else "label"

    @cached_property
    def horizons(self) -> list[float]:
        """Horizons in years at which probabilities were judged; none for a yes-or-no outcome."""
        return sorted(self.metrics["horizon_years"].dropna().unique())

    @cached_property
    def ranking(self) -> list[TableKey]:
        """What tells how well a model ranks: what was asked for first, as AUC or C-index; the AUC at each horizon."""
        first = self.ours.iloc[0]
        at_horizons = self.ours[self.ours["metric"] == "auc_t"]["horizon_years"].unique()
        keys = [
            TableKey(first["metric"], first["horizon_years"]),
            *(TableKey("auc_t", at) for at in sorted(at_horizons)),
        ]
        return list(dict.fromkeys(keys))

    @cached_property
    def terms(self) -> Terms:
        """What rows and outcome are called."""
        return terms.of(self.cohort)

    @property
    def saw_films(self) -> bool:
        """Whether the model learnt from films, not from columns of a table."""
        return self.sees_films(self.model)

    def sees_films(self, model: str) -> bool:
        """Whether a trained model learnt from films."""
        training = self.learnt.get(model)
        trained = training is None or bool(training.config.get("preprocessing"))
        return trained and self.terms.row == "film"

    @property
    def features(self) -> list[str]:
        """What a model of columns learnt from; empty where that is not known."""
        folder = self.training.folder if self.training else None
        paths = [folder / name for name in ("coefficients.csv", "importance.csv")] if folder else []
        return next((list(pd.read_csv(path)["feature"]) for path in paths if path.is_file()), [])

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Subgroups against the rest."""
        return _texts(self.run, "gaps.csv", ["threshold", "method", "note"])

    @cached_property
    def ours(self) -> pd.DataFrame:
        """Metrics of the model alone."""
        return self.metrics[self.metrics["model"] == self.model]

    @cached_property
    def confusion(self) -> pd.DataFrame:
        """Confusion matrices of the model."""
        table = _texts(self.run, "confusion.csv", ["threshold"])
        return table[table["model"] == self.model]

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """Name and value of the model's thresholds, those left out that could not be fitted."""
        found = json.loads((self.run.folder / "thresholds.json").read_text(encoding="utf-8"))["thresholds"]
        return {
            item["threshold"]: item["value"]
            for item in found
            if item["model"] == self.model and item["value"] is not None
        }

    @property
    def dataset(self) -> str:
        """The dataset evaluated."""
        return str(self.metrics["dataset"].iloc[0])

    @property
    def splits(self) -> list[str]:
        """Splits evaluated, in order."""
        return list(self.metrics["split"].unique())

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """Films evaluated."""
        return pd.read_parquet(self.run.folder / "cohort.parquet")

    def patients(self, split: str) -> int:
        """Patients of a split."""
        return len(self.cohort.loc[self.cohort["split"] == split, ["site", "patient_id"]].drop_duplicates())

    def competing(self, split: str, horizon: float) -> int:
        """Films of a split that had a competing event first, until a horizon."""
        films = self.cohort[self.cohort["split"] == split]
        if "competing_event" not in films:
            return 0
        first = (films["competing_event"] == 1) & (films["event"] != 1)
        return int((first & (films["time_years"] <= horizon)).sum())

    def value(self, split: str, model: str, key: TableKey | None = None, reference: str = "") -> pd.Series | None:
        """Row of metrics of a whole split, None where there is none: metric, estimate, lower, upper, n, n_events, note.

        Without a `key`, that of the ranking.
        """
        key = key or self.ranking[0]
        rows = key.of(self.metrics, split)
        rows = rows[(rows["model"] == model) & (rows["reference"] == reference) & (rows["subgroup"] == "all")]
        return rows.iloc[0] if len(rows) else None

    def models(self, kind: words.Kind) -> list[str]:
        """Names of the models of a kind that are about this outcome."""
        of_kind = [name for name in self.metrics["model"].unique() if words.kind(name, self.trained) == kind]
        return [name for name in of_kind if words.concerns(name, self.outcome)]


def _named(model: str) -> str:
    """``aicxr`` of ``aicxr (fusion)``; no name where what was added says that it is another model's."""
    name, _, added = model.partition(" (")
    return "" if added in ("recalibrated)", "tuning)") else name


def _texts(run: StoredRun, name: str, columns: list[str]) -> pd.DataFrame:
    table: Any = pd.read_csv(run.folder / name, dtype=dict.fromkeys(columns, str))
    return table.assign(**{column: table[column].fillna("") for column in columns})
