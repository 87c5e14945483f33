"""Two models in a row as one of three classes: osteoporosis or not, then low bone mass or normal.

These are OsPorScreen and OsPenScreen: p(osteoporosis) = p₁, p(low bone mass) = (1 − p₁)·p₂, and
p(normal) = (1 − p₁)(1 − p₂). The second stage was trained without films of osteoporosis; where the first misses one, it
judges a film of a kind that it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import class_number
from bonerisk.cohort.recorded import of_target
from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import Target, find
from bonerisk.errors import ConfigError, DataError
from bonerisk.features.features import Features
from bonerisk.models.network import Network
from bonerisk.models.refit import Refit
from bonerisk.models.rows import ReadyRows
from bonerisk.models.trained import DATA, TrainedModel
from bonerisk.runs.folder import Run
from bonerisk.runs.unrecorded import Unrecorded

STAGES = ("osteoporosis", "low_bone_mass")  # what each predicts, in order
UNSEEN = "The second stage was trained without films of osteoporosis, and judges those that the first stage misses."


@dataclass(frozen=True)
class StagedRows(ReadyRows):
    """Rows that both stages can predict: those of the first, and `second`, the same made ready for the second."""

    second: ReadyRows | None = None


class TwoStages(TrainedModel):
    """A model of osteoporosis and one of low bone mass, as a model of the three classes.

    Parameters
    ----------
    first, second : TrainedModel
        Their targets are `STAGES`.
    name : str, optional
        Its name in predictions.

    Raises
    ------
    ConfigError
        The targets are others; the error says which, and in which order they belong.
    """

    def __init__(self, first: TrainedModel, second: TrainedModel, name: str | None = None) -> None:
        super().__init__(first.run, name or f"{first.name}, then {second.name}")
        self.first, self.second = first, second
        found = (first.target_name, second.target_name)
        if found != STAGES:
            what = f"the stages predict {found[0]} and {found[1]}, not {STAGES[0]} and then {STAGES[1]}"
            mend = "swap them" if found == STAGES[::-1] else "train both: head.target=osteoporosis, then low_bone_mass"
            raise ConfigError(what, "run", mend)

    @property
    def network(self) -> Network:
        """None: the stages are two networks, each of which is explained by itself."""
        what = f"{self.name} is of two models, each with maps of its own"
        raise ConfigError(what, "evaluation.explain", "explain one of them: run=RUN, without combine")

    @property
    def films(self) -> bool:
        """Whether one of the stages sees films."""
        return self.first.films or self.second.films

    @property
    def features(self) -> Features:
        """None: each stage has its own."""
        raise ConfigError(f"{self.name} is of two models, each with features of its own", "run", "take one of them")

    @property
    def columns(self) -> Sequence[str]:
        """Columns that either stage reads."""
        return tuple(dict.fromkeys([*self.first.columns, *self.second.columns]))

    @property
    def target_name(self) -> str:
        """The three classes."""
        return "bone_class"

    @property
    def target_words(self) -> None:
        """The target has words of its own."""

    @property
    def target(self) -> Target:
        """The three classes."""
        return find(self.target_name)

    @cached_property
    def training(self) -> pd.DataFrame:
        """Rows that the first stage was fitted to, of all classes, with the class as `label`."""
        cohort = self.first.training
        return cohort.assign(label=class_number(cohort["bone_class"]))

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """No rows: the second stage has no predictions of tuning films with osteoporosis, so nothing is fitted here."""
        return self.first.tuning.iloc[:0].assign(model=self.name)

    @cached_property
    def trained_on(self) -> pd.DataFrame:
        """Films that either stage was trained or tuned on."""
        return pd.concat([self.first.trained_on, self.second.trained_on], ignore_index=True)

    def refuse_seen(self, table: pd.DataFrame) -> None:
        """Refuse a table with a patient whom either stage has seen: then their test patients are others, too."""
        self.first.refuse_seen(table)
        try:
            self.second.refuse_seen(table)
        except DataError as error:
            mend = "train both stages on one cohort with the same split: dataset=run dataset.run=RUN of prepare"
            raise DataError(f"the stages have other test patients: {error.what}", error.where, mend) from error

    def predictable(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> StagedRows:
        """Rows that have all that both stages need."""
        run = run or Unrecorded()
        rows = self.first.predictable(cohort, data, run)
        second = self.second.predictable(rows.cohort, data, run)
        both = replace(rows.cohort, table=second.cohort.table, flow=second.cohort.flow)
        run.note(UNSEEN)
        return StagedRows(both, rows.films, second)

    def ready(self, cohort: Cohort, data: Path = DATA, run: Run | None = None) -> StagedRows:
        """Predictable rows of known class."""
        return self.predictable(of_target(cohort, self.target_name, run or Unrecorded()), data, run)

    def refit(self, cohort: Cohort, rows: ReadyRows) -> Refit:
        """Refuse: two trainings can't be fitted again as one."""
        raise ConfigError(f"{self.name} is of two trainings", "evaluation.validation", "leave it out")

    def _predicted(self, rows: ReadyRows) -> pd.DataFrame:
        if not isinstance(rows, StagedRows) or rows.second is None:
            raise TypeError("these rows were made ready for another model")
        found = self.first.predict(ReadyRows(rows.cohort, rows.films))
        second = self.second.predict(rows.second.among(rows.cohort.table)).set_index("image_id")["risk"]
        return found.assign(model=self.name, **in_classes(found["risk"], found["image_id"].map(second)))

    def _embedded(self, rows: ReadyRows) -> np.ndarray:
        raise ConfigError(f"{self.name} is of two models, each with features of its own", "run", "embed by one of them")


def in_classes(osteoporosis: pd.Series, low_bone_mass: pd.Series) -> dict[str, pd.Series]:
    """Columns of predictions of the three classes, from the probabilities (n,) of the two stages.

    Parameters
    ----------
    osteoporosis : Series
        Of the first stage.
    low_bone_mass : Series
        Of the second, given that there is no osteoporosis.

    Returns
    -------
    dict of Series
        `risk`, the expected class number from 0 to 2, and `p_normal`, `p_low_bone_mass`, `p_osteoporosis`.

    Examples
    --------
    >>> found = in_classes(pd.Series([0.5, 0.0]), pd.Series([0.5, 1.0]))
    >>> {name: values.tolist() for name, values in found.items()}
    {'risk': [1.25, 1.0], 'p_normal': [0.25, 0.0], 'p_low_bone_mass': [0.25, 1.0], 'p_osteoporosis': [0.5, 0.0]}
    """
    low = (1 - osteoporosis) * low_bone_mass
    normal = (1 - osteoporosis) * (1 - low_bone_mass)
    risk = low + 2 * osteoporosis
    return {"risk": risk, "p_normal": normal, "p_low_bone_mass": low, "p_osteoporosis": osteoporosis}
