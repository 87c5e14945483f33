"""A trained model of any kind: it predicts a cohort's rows and embeds their films."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.cohort.overlap import refuse_seen_by, seen_by
from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import Target, find
from bonerisk.errors import ConfigError
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.samples.risk_table import SURVIVAL
from bonerisk.evaluation.validation import development
from bonerisk.features.features import Features
from bonerisk.models.familiarity import Familiarity
from bonerisk.models.network import Network
from bonerisk.models.predictions import TUNING_FILE
from bonerisk.models.refit import Refit
from bonerisk.models.rows import ReadyRows
from bonerisk.models.thresholds import fit_threshold
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run

DATA = Path("data")  # folder of a project's made films, decoded images and embeddings
SEEN = ["site", "patient_id", "image_id", "split"]


class TrainedModel(ABC):
    """The model of a finished training; weights load when first needed.

    Parameters
    ----------
    run : StoredRun
        The training.
    name : str
        Its name in predictions.
    """

    def __init__(self, run: StoredRun, name: str) -> None:
        self.run, self.name = run, name

    @property
    @abstractmethod
    def films(self) -> bool:
        """Whether it sees films."""

    @property
    @abstractmethod
    def columns(self) -> Sequence[str]:
        """Columns of the cohort that it reads."""

    @property
    @abstractmethod
    def network(self) -> Network:
        """Its encoder and head, which were trained together.

        Raises
        ------
        ConfigError
            It is a head that was fitted to features.
        """

    @property
    @abstractmethod
    def features(self) -> Features:
        """What it reads of films and columns.

        Raises
        ------
        ConfigError
            It is of two models, each of which has features of its own.
        """

    @property
    def target_name(self) -> str:
        """Name of what it predicts."""
        name: str = self.run.config["head"]["target"]
        return name

    @property
    def target_words(self) -> str | None:
        """What it predicts is called so, if it is a column of the user's own and has words."""
        words: str | None = self.run.config["head"].get("target_words")
        return words

    @property
    def target(self) -> Target:
        """What it predicts."""
        return find(self.target_name, self.target_words)

    @cached_property
    def training(self) -> pd.DataFrame:
        """Rows of the cohort that it was fitted to, with their outcomes."""
        cohort = pd.read_parquet(self.run.path("cohort.parquet"))
        return cohort[cohort["split"] == "train"]

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """Its predictions of the tuning split."""
        return pd.read_parquet(self.run.path(TUNING_FILE)).assign(model=self.name)

    @cached_property
    def familiarity(self) -> Familiarity:
        """What its training films were like.

        Raises
        ------
        RunError
            The training has not recorded it.
        """
        return Familiarity.read(self.run)

    @cached_property
    def trained_on(self) -> pd.DataFrame:
        """All films that it, or a training that it started from, was trained or tuned on.

        Returns
        -------
        DataFrame
            `run` (name of the training's folder), `site`, `patient_id`, `image_id`, `split`.
        """
        parts = [cohort[SEEN].assign(run=name) for name, cohort in seen_by([self.run.folder])]
        return pd.concat(parts, ignore_index=True)[["run", *SEEN]]

    def refuse_seen(self, table: pd.DataFrame) -> None:
        """Refuse a table with a patient used to train or tune the model.

        Raises
        ------
        DataError
            Names the first such patient, and the training.
        """
        refuse_seen_by(table, [self.run.folder])

    def threshold(self, rule: str, horizon_years: float | None = None) -> Threshold:
        """The threshold on the risk that a rule chooses on the tuning split; positive is a risk at or above it.

        Parameters
        ----------
        rule : str
            "youden"; "f1" or another Fβ; "sensitivity=0.9"; "specificity=0.9"; "net_benefit=0.1".
        horizon_years : float, optional
            By when an event counts, for a target with times; by default the last horizon that the model predicts and
            the tuning split is followed up to.

        Returns
        -------
        Threshold
            Its `value` is None, with a `note`, if the rule can choose none.

        Raises
        ------
        ConfigError
            There is no such rule, or the horizon is beyond the follow-up.
        """
        return fit_threshold(self.tuning, self.target, rule, horizon_years)

    @abstractmethod
    def predictable(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """The rows that have all the model needs, with or without an outcome.

        Parameters
        ----------
        cohort : Cohort
        data : Path
            The project's data folder, which keeps decoded films and embeddings.
        run : Run, optional
            Records what is read, and caveats.

        Raises
        ------
        ConfigError, DataError, RunError
            The cohort lacks films or columns, a film is in two splits, or the disk is full.
        """

    @abstractmethod
    def ready(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> ReadyRows:
        """Predictable rows with an outcome, with the target's columns; see `predictable`."""

    @abstractmethod
    def refit(self, cohort: Cohort, rows: ReadyRows) -> Refit:
        """What fits the model again to some of the rows that it was fitted to.

        Parameters
        ----------
        cohort : Cohort
            All rows of its training and tuning split with an outcome, complete or not.
        rows : ReadyRows
            What `ready` gives of them.

        Raises
        ------
        ConfigError
            It was trained with its encoder.
        DataError
            The rows, or what is learnt from them, are not those of the training.
        """

    def as_fitted(self, cohort: Cohort, rows: ReadyRows) -> development.Refit:
        """The model as it is, in the place of a refit; `cohort` and `rows` as for `refit`.

        Rows that the training did not see are not predicted.

        Raises
        ------
        ConfigError
            It predicts classes, which have no probability of their own here.
        """
        if self.target.kind == "ordinal":
            mend = "leave evaluation.validation out"
            raise ConfigError(f"{self.name} predicts classes", "evaluation.validation=apparent", mend)
        own = pd.read_parquet(self.run.path("cohort.parquet"))["image_id"]
        table = self.predict(rows.among(cohort.table[cohort.table["image_id"].isin(own)]))
        found = table.set_index("image_id").reindex(cohort.table["image_id"])
        survival = {
            float(name[1]): found[name[0]].to_numpy() for name in map(SURVIVAL.fullmatch, map(str, found)) if name
        }
        predicted = development.Predicted(found["risk"].to_numpy(), survival)
        return lambda rows: predicted

    @abstractmethod
    def _predicted(self, rows: ReadyRows) -> pd.DataFrame:
        """The predictions table of predictable rows."""

    @abstractmethod
    def _embedded(self, rows: ReadyRows) -> np.ndarray:
        """Features (n, width) of the films of predictable rows."""

    def predict(self, rows: Cohort | ReadyRows) -> pd.DataFrame:
        """Predict a cohort, or rows from `predictable` or `ready`.

        Returns
        -------
        DataFrame, one row per film
            `dataset`, `split`, `model`, `image_id`, `patient_id`, `risk` (higher is worse), ``survival_<h>y``
            (probability of no event by h years) if the target has times, and the other columns of the cohort. Rows that
            lack what the model needs are left out.

        Raises
        ------
        ConfigError, DataError, RunError
            As `predictable`.
        """
        return self._predicted(rows if isinstance(rows, ReadyRows) else self.predictable(rows))

    def predict_and_embed(self, rows: ReadyRows) -> tuple[pd.DataFrame, np.ndarray | None]:
        """What `predict` and `embed` give of rows from `predictable` or `ready`; no features of a model without films.

        Raises
        ------
        ConfigError, DataError, RunError
            As `predictable`.
        """
        return self._predicted(rows), self._embedded(rows) if self.films else None

    def embed(self, rows: Cohort | ReadyRows) -> np.ndarray:
        """Features (n, width) float32 of the films of a cohort, or of rows from `predictable` or `ready`.

        Raises
        ------
        ConfigError
            The model sees no films.
        DataError, RunError
            As `predictable`.
        """
        if not self.films:
            raise ConfigError(f"{self.name} sees no films", str(self.run.folder), "name a model that does")
        return self._embedded(rows if isinstance(rows, ReadyRows) else self.predictable(rows))
