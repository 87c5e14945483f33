"""The patients that models were fitted to, and fits of the same models to some of them.

Vocabulary
----------
development
    The rows of the training split and, where there is one, of the tuning split. A patient keeps the split.
refit
    Everything that learns, learnt again from some rows: levels, imputed values, scaling, selection, penalty,
    coefficients, calibration and the thresholds. Nothing of the first fit is reused.
apparent
    Performance on the very rows that a model was fitted to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Protocol

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.outcomes.outcome import Films, Outcome
from bonerisk.evaluation.samples.risk_table import RiskTable
from bonerisk.survival.outcome import without_near_ties

Array = np.ndarray

APPARENT = "apparent"  # in the column `split` of the tables


@dataclass(frozen=True)
class Predicted:
    """What one fit predicts of all n rows of a development.

    Parameters
    ----------
    risk : array (n,)
        Higher is worse; NaN for a row that lacks a value, or has a level that the fit has not seen.
    survival : mapping
        Horizon in years → probability (n,) of no event by then.
    """

    risk: Array
    survival: Mapping[float, Array] = field(default_factory=dict)


class Refit(Protocol):
    """A model's whole way from rows to predictions."""

    def __call__(self, rows: Array) -> Predicted:
        """Learn from some rows, and predict all n.

        Parameters
        ----------
        rows : array of int
            Positions in the development; one may come several times.

        Raises
        ------
        ConfigError, DataError
            Nothing can be learnt from these rows.
        """
        ...


@dataclass(frozen=True)
class Development(Generic[Films]):
    """Rows that models were fitted to.

    Parameters
    ----------
    kind : Outcome
        How the outcome is evaluated.
    films : DataFrame, n rows
        `dataset`, `split` (train or tune), `site`, `patient_id`, `image_id`, the outcome, and other columns.
    refits : dict
        Model → what fits it again.
    """

    kind: Outcome[Films, Any]
    films: pd.DataFrame
    refits: Mapping[str, Refit]

    @cached_property
    def patient(self) -> Array:
        """Number of each row's patient, (n,), from 0."""
        return np.asarray(pd.factorize(patients(self.films), sort=True)[0])

    @cached_property
    def chooses(self) -> Array:
        """Mask (n,) of the rows on which thresholds are chosen: tuning, or without it all."""
        tuned = (self.films["split"] == "tune").to_numpy()
        return tuned if tuned.any() else np.ones(len(self.films), dtype=bool)

    @cached_property
    def has_event(self) -> Array:
        """Mask (n,) of the rows with the outcome."""
        return (self.films[self.kind.outcome[0]] == 1).to_numpy()

    def table(self, predicted: Mapping[str, Predicted], split: str = APPARENT) -> RiskTable:
        """The rows, as a split of that name, with what each model predicts of them."""
        films = self.films.drop(columns="image_path", errors="ignore").assign(split=split).reset_index(drop=True)
        if "time_years" in films:
            films["time_years"] = without_near_ties(films["time_years"].to_numpy(float))[0]
        table = RiskTable(films, pd.DataFrame(index=films.index))
        for model, of in predicted.items():
            table = table.add(model, of.risk, {horizon: 1 - values for horizon, values in of.survival.items()})
        return table

    def sample(self, table: RiskTable, predicted: Predicted, rows: Array | slice = slice(None)) -> Films:
        """Some rows (a mask, or positions) of `table`, which a fit can predict."""
        chosen = np.arange(len(self.films))[rows]
        chosen = chosen[~np.isnan(predicted.risk[chosen])]
        probabilities = {horizon: 1 - values[chosen] for horizon, values in predicted.survival.items()}
        return self.kind.sample(table.films.iloc[chosen], predicted.risk[chosen], self.patient[chosen], probabilities)

    def choose(self, table: RiskTable, predicted: Predicted, rows: Array) -> Sequence[Threshold]:
        """Thresholds of a fit, chosen on the rows (positions) that it learnt from."""
        return self.kind.choose(self.sample(table, predicted, rows[self.chooses[rows]]))


@dataclass
class Attempts:
    """Refits of one model, counting what they can't do.

    Parameters
    ----------
    refit : Refit
    known : array (n,) of bool
        Rows that the first fit can predict.
    failed : Counter
        Why refits failed → how many.
    partial : int
        Refits that could not predict all of `known`.
    """

    refit: Refit
    known: Array
    failed: Counter[str] = field(default_factory=Counter)
    partial: int = 0

    def __call__(self, rows: Array) -> Predicted | None:
        """A refit, or None where nothing can be learnt from these rows."""
        try:
            predicted = self.refit(rows)
        except (ConfigError, DataError) as error:  # a ConfigError: a level that is named, but not drawn
            self.failed[error.what] += 1
            return None
        self.partial += bool(np.isnan(predicted.risk[self.known]).any())
        return predicted

    def notes(self, total: int, units: str) -> str:
        """What the tables must say of the refits; empty where all went well.

        Raises
        ------
        DataError
            All of `total` draws or repeats (`units`) had a refit that failed.
        """
        said = []
        if self.failed:
            reason, lost = self.failed.most_common(1)[0][0], self.failed.total()
            if lost == total:
                mend = "take fewer columns, or a penalty (head=cox_ridge, head=logistic_ridge)"
                raise DataError(f"a refit failed in each of {total} {units}: {reason}", "evaluation.validation", mend)
            said.append(f"{lost} of {total} {units} left out: a refit failed, mostly since {reason}")
        if self.partial:
            said.append(f"in {self.partial} refits, rows with a level that they had not seen left out")
        return "; ".join(said)
