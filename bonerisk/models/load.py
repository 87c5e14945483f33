"""Load a training run's model: a network, or a head fitted to features."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from bonerisk.cohort.recorded import of_target
from bonerisk.cohort.table import Cohort
from bonerisk.config.build import outdated
from bonerisk.errors import ConfigError, DataError
from bonerisk.features.features import Features
from bonerisk.models.embeddings import Embedded, embed_cohort
from bonerisk.models.films import DecodedCohort, decode_cohort
from bonerisk.models.fitted import Fitted, keep_complete, load_fitted
from bonerisk.models.frozen import frozen_of
from bonerisk.models.network import Network, load_network
from bonerisk.models.points import usable
from bonerisk.models.refit import Refit
from bonerisk.models.rows import ReadyRows
from bonerisk.models.trained import DATA, TrainedModel
from bonerisk.runs.find import StoredRun, find
from bonerisk.runs.folder import Run
from bonerisk.runs.unrecorded import Unrecorded

FilmsOf = TypeVar("FilmsOf", DecodedCohort, Embedded)

OUTPUTS = Path("outputs")
PARTS = ("preprocessing", "encoder", "features", "head")  # of a run's configuration, that a model is built from
EQUAL = 1e-4  # of the risks' standard deviation: far above rounding, far below the effect of one changed value


def load_model(run: str | Path | StoredRun, name: str | None = None) -> TrainedModel:
    """The model of a finished training.

    Parameters
    ----------
    run : str, Path or StoredRun
        A folder of `bonerisk train`, the beginning of its timestamp, or ``latest``, looked for in ``outputs/``.
    name : str, optional
        The model's name in predictions; by default that of its training.

    Raises
    ------
    ConfigError
        There is no such run, it is no finished training, or one of an older version whose settings are no more.

    Examples
    --------
    A Cox model of simulated patients, trained as ``bonerisk train model=cox dataset=survival_table …`` does it:

    >>> from tempfile import TemporaryDirectory
    >>> from bonerisk.config.order import order_of
    >>> from bonerisk.datasets.survival_table import SurvivalTable
    >>> from bonerisk.jobs.train import train
    >>> rng = np.random.default_rng(0)
    >>> age = rng.uniform(50, 90, 400).round()
    >>> years = rng.exponential(np.exp(6 - age / 15))
    >>> table = pd.DataFrame({"patient_id": np.arange(400).astype(str), "age_years": age})
    >>> table = table.assign(event=(years < 5).astype(int), time_years=years.clip(0.1, 5))
    >>> folder = TemporaryDirectory()
    >>> file, data = f"{folder.name}/patients.csv", Path(folder.name, "data")
    >>> table.to_csv(file, index=False)
    >>> options = ["model=cox", "dataset=survival_table", f"dataset.table={file}", "dataset.features=[age_years]"]
    >>> options += [f"paths.outputs={folder.name}/outputs", f"paths.data={data}"]
    >>> model = load_model(train(order_of("train", options)))
    >>> model.name, model.target_name, model.films, model.columns
    ('cox', 'fracture', False, ('age_years',))
    >>> model.trained_on["split"].value_counts().to_dict()
    {'train': 280, 'tune': 40}

    It predicts any cohort that has its columns, and chooses thresholds on the tuning split:

    >>> cohort = SurvivalTable(file, split="external").load(data)
    >>> predictions = model.predict(cohort).sort_values("age_years")
    >>> predictions["risk"].is_monotonic_increasing, predictions["survival_5y"].is_monotonic_decreasing
    (True, True)
    >>> threshold = model.threshold("youden", horizon_years=3)
    >>> oldest, youngest = predictions["risk"].iloc[[-1, 0]] >= threshold.value
    >>> bool(oldest), bool(youngest)
    (True, False)
    """
    stored = run if isinstance(run, StoredRun) else find(str(run), OUTPUTS, ["train"])
    nodes = {key: node for key in PARTS if (node := stored.config.get(key))}
    if old := [name for key, node in nodes.items() for name in outdated(node, key)]:
        what = f"the run has settings that there are no more: {', '.join(old)}"
        raise ConfigError(what, str(stored.folder), _again(stored))
    kind = NetworkModel if stored.config["training"] else FeatureModel
    return kind(stored, name or stored.name)


class NetworkModel(TrainedModel):
    """An encoder and a head that were trained together."""

    films = True

    @cached_property
    def network(self) -> Network:
        """Encoder and head."""
        return load_network(self.run)

    @property
    def features(self) -> Features:
        """The film's embedding, and columns beside it."""
        return self.network.features

    @property
    def columns(self) -> Sequence[str]:
        """Columns that its head gets beside the film."""
        return self.features.columns.used

    def predict_and_embed(self, rows: ReadyRows) -> tuple[pd.DataFrame, np.ndarray | None]:
        """What `predict` and `embed` give, in one pass."""
        films = _films(rows, DecodedCohort)
        return self.network.predict_and_embed(rows.cohort.table, films, rows.cohort.name, self.name)

    def predictable(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """Rows with a readable film and all columns, filtered in this order."""
        run = run or Unrecorded()
        films = decode_cohort(cohort, self.run.config["preprocessing"], run, data)
        return ReadyRows(keep_complete(films.cohort, self.features, run, self.name), films)

    def ready(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """Rows with a readable film, an outcome and all columns, filtered in this order."""
        run = run or Unrecorded()
        films = decode_cohort(cohort, self.run.config["preprocessing"], run, data)
        known = of_target(films.cohort, self.target_name, run)
        if points := self.target.points:
            known = usable(known, films, points)
        return ReadyRows(keep_complete(known, self.features, run, self.name), films)

    def refit(self, cohort: Cohort, rows: ReadyRows) -> Refit:
        """Refuse: a network is not trained again."""
        what = f"{self.name} was trained together with its encoder, which is not trained again for each sample"
        raise ConfigError(what, "evaluation.validation", "leave it out, and evaluate on a test split")

    def _predicted(self, rows: ReadyRows) -> pd.DataFrame:
        return self.network.predict(rows.cohort.table, _films(rows, DecodedCohort), rows.cohort.name, self.name)

    def _embedded(self, rows: ReadyRows) -> np.ndarray:
        return self.network.embed(rows.cohort.table, _films(rows, DecodedCohort))


class FeatureModel(TrainedModel):
    """A head that was fitted to features: columns of a cohort, or embeddings of films by a frozen encoder."""

    @cached_property
    def fitted(self) -> Fitted:
        """Features and head."""
        return load_fitted(self.run)

    @property
    def network(self) -> Network:
        """None: only a network whose encoder was trained with its head is explained."""
        what = (
            f"{self.name} is a head fitted to {'embeddings' if self.films else 'columns'}, no network that sees films"
        )
        raise ConfigError(what, "evaluation.explain", "leave it out; it explains model=ospenscreen and the like")

    @property
    def features(self) -> Features:
        """What the head was fitted to."""
        return self.fitted.features

    @property
    def films(self) -> bool:
        """Whether an embedding is among its features."""
        return self.features.films

    @property
    def columns(self) -> Sequence[str]:
        """Columns that its features are made of."""
        return self.features.columns.used

    def predictable(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """Rows with all columns and a readable film."""
        run = run or Unrecorded()
        known = keep_complete(cohort, self.features, run, self.name)
        if not self.films:
            return ReadyRows(known)
        films = embed_cohort(known, frozen_of(self.run), run, data)
        return ReadyRows(films.cohort, films)

    def ready(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """Predictable rows with an outcome."""
        return self.predictable(of_target(cohort, self.target_name, run or Unrecorded()), data, run)

    def refit(self, cohort: Cohort, rows: ReadyRows) -> Refit:
        """What fits features and head again; all rows together must give the model's own risks."""
        there = rows.among(cohort.table)
        self._refuse_changed(there.cohort.table)
        known, embeddings = cohort.table["image_id"].isin(there.cohort.table["image_id"]).to_numpy(), None
        if self.films:
            found = _films(there, Embedded).of(there.cohort.table)
            embeddings = np.zeros((len(known), found.shape[1]), found.dtype)
            embeddings[known] = found
        named = (*self.columns, *self.features.columns.without)  # that the training's dataset named
        refit = Refit(self.run.config, cohort.table, named, known, embeddings)
        again, own = refit(np.arange(len(known))).risk[known], self.predict(there)["risk"].to_numpy()
        if not np.abs(again - own).max() <= EQUAL * own.std():
            what = (
                "fitted again to the same rows, the model gives other risks: values, or bonerisk itself, have changed"
            )
            raise DataError(what, str(self.run.folder), _again(self.run))
        return refit

    def _refuse_changed(self, table: pd.DataFrame) -> None:
        """Refuse rows that are not those of the training."""
        key = ["image_id", "split"]
        trained = pd.read_parquet(self.run.path("cohort.parquet"), columns=key)
        both = trained.merge(table[key], "outer", on=key, indicator="from")["from"]
        new, gone = int((both == "right_only").sum()), int((both == "left_only").sum())
        if new or gone:
            what = f"not the patients of the training: {new} rows of train and tune are new, and {gone} are gone"
            mend = f"name no other dataset; if it has changed, {_again(self.run)}"
            raise DataError(what, str(self.run.folder), mend)

    def _predicted(self, rows: ReadyRows) -> pd.DataFrame:
        films = _films(rows, Embedded) if self.films else None
        return self.fitted.predict(rows.cohort.table, films, rows.cohort.name, self.name)

    def _embedded(self, rows: ReadyRows) -> np.ndarray:
        return _films(rows, Embedded).of(rows.cohort.table)


def _again(run: StoredRun) -> str:
    return f"train again: {shlex.join(['bonerisk', *run.record['command_line'][1:]])}"


def _films(rows: ReadyRows, kind: type[FilmsOf]) -> FilmsOf:
    if not isinstance(rows.films, kind):
        raise TypeError("these rows were made ready for another model")
    return rows.films
