"""The predictions table in wide form: one row per film, one risk column per model, to compare on the same films."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.errors import DataError
from bonerisk.evaluation.samples.located import PREDICTED
from bonerisk.survival.outcome import without_near_ties

FILM = ["dataset", "split", "image_id"]
NEEDED = (*FILM, "model", "patient_id", "site", "risk")
SURVIVAL = re.compile(r"survival_(\d+(?:\.\d+)?)y")
CLASSES = [f"p_{name}" for name in BONE_CLASSES]  # probability of each class
CALLED = "class_called"  # its number, of a model that calls a class without probabilities


@dataclass(frozen=True)
class RiskTable:
    """Films and what models predict of them.

    Parameters
    ----------
    films : DataFrame
        One row per film: the predictions table without the predictions.
    risks : DataFrame
        Risks of these rows, one column per model; NaN if a model gave none.
    predicted : dict
        Horizon in years → the same of the probability of the event by then (1 − ``survival_<h>y``).
    classes : dict
        Column ``p_<class>`` → the same of the probability of that class; ``class_called`` → of the class called;
        ``found_<point>_x_px`` → of a point found.
    """

    films: pd.DataFrame
    risks: pd.DataFrame
    predicted: Mapping[float, pd.DataFrame] = field(default_factory=dict)
    classes: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return [str(model) for model in self.risks]

    @classmethod
    def of(cls, predictions: pd.DataFrame) -> RiskTable:
        """Spread a predictions table (long: one row per film and model), checking it.

        Times that differ by rounding become one (`bonerisk.survival.outcome`), so that all tables count the same.

        Raises
        ------
        DataError
            A column is absent, a film is there twice for one model, or a survival probability is none.
        """
        _check(predictions)
        keyed = predictions.set_index(FILM)
        horizons = {name: float(found[1]) for name in map(str, keyed) if (found := SURVIVAL.fullmatch(name))}
        classes = [name for name in map(str, keyed) if name in (*CLASSES, CALLED) or PREDICTED.fullmatch(name)]
        films = keyed.drop(columns=["model", "risk", *horizons, *classes])
        films = films.drop(columns="estimate", errors="ignore")  # its −risk
        films = films[~films.index.duplicated()]
        if "time_years" in films:
            films = films.assign(time_years=without_near_ties(films["time_years"].to_numpy(float))[0])

        def spread(column: str) -> pd.DataFrame:
            of = {model: rows[column].reindex(films.index) for model, rows in keyed.groupby("model", sort=False)}
            return pd.DataFrame(of).reset_index(drop=True)

        predicted = {horizon: 1 - spread(name) for name, horizon in horizons.items()}
        of_classes = {name: spread(name) for name in classes}
        return cls(films.reset_index(), spread("risk"), dict(sorted(predicted.items())), of_classes)

    def add(
        self,
        model: str,
        risk: np.ndarray,
        predicted: Mapping[float, np.ndarray] | None = None,
        classes: Mapping[str, np.ndarray] | None = None,
    ) -> RiskTable:
        """Return it with a further model: its risk (n,), and its probabilities (n,) by horizon and of classes."""
        blank = pd.DataFrame(index=self.risks.index)
        horizons = sorted({*self.predicted, *(predicted or {})})
        of = {h: self.predicted.get(h, blank).assign(**{model: (predicted or {}).get(h, np.nan)}) for h in horizons}
        names = dict.fromkeys([*self.classes, *(classes or {})])
        p = {name: self.classes.get(name, blank).assign(**{model: (classes or {}).get(name, np.nan)}) for name in names}
        return RiskTable(self.films, self.risks.assign(**{model: risk}), of, p)

    def where(self, keep: pd.Series) -> RiskTable:
        """Return the films of a mask."""

        def kept(table: pd.DataFrame) -> pd.DataFrame:
            return table[keep].reset_index(drop=True)

        predicted = {horizon: kept(table) for horizon, table in self.predicted.items()}
        classes = {name: kept(table) for name, table in self.classes.items()}
        return RiskTable(kept(self.films), kept(self.risks), predicted, classes)

    def seen_by(self, model: str) -> pd.DataFrame:
        """The films, with what that model gives of classes and of points found, if it gives any."""
        of = {name: table[model] for name, table in self.classes.items() if model in table}
        given = {name: p for name, p in of.items() if p.notna().any()}
        return self.films.assign(**given) if given else self.films

    def probabilities(self, model: str) -> dict[float, pd.Series]:
        """Probabilities (n,) of the event by horizon, for those that the model gives."""
        there = {horizon: table.get(model) for horizon, table in self.predicted.items()}
        return {horizon: values for horizon, values in there.items() if values is not None and values.notna().any()}

    def long(self) -> pd.DataFrame:
        """Return the predictions table, a model after the other; films without risk are left out."""
        parts = []
        for model in self.models:
            own = {f"survival_{horizon:g}y": 1 - of for horizon, of in self.probabilities(model).items()}
            part = self.seen_by(model).assign(model=model, risk=self.risks[model], **own).dropna(subset="risk")
            parts += [part] if len(part) else []
        survival = [f"survival_{horizon:g}y" for horizon in self.predicted]
        front = [*FILM[:2], "model", "image_id", "patient_id", "site", "risk", *survival, *self.classes]
        table = pd.concat(parts, ignore_index=True)
        return table.reindex(columns=[*front, *(name for name in self.films if name not in front)])


def _check(predictions: pd.DataFrame) -> None:
    absent = [name for name in NEEDED if name not in predictions]
    if absent:
        raise DataError(f"no column {', '.join(absent)}", "predictions table")
    refuse(predictions, {"a second row of the same film and model": predictions.duplicated([*FILM, "model"])})
    for name in predictions:
        if SURVIVAL.fullmatch(str(name)):
            known = predictions[name].isna() | predictions[name].between(0, 1)
            refuse(predictions, {f"{name} that is no probability": ~known})


def refuse(predictions: pd.DataFrame, wrong: Mapping[str, pd.Series]) -> None:
    """Stop at the first kind of `wrong` rows (what they have → mask) that there is.

    Raises
    ------
    DataError
        Names the first such film.
    """
    for what, rows in wrong.items():
        if rows.any():
            raise DataError(f"{int(rows.sum())} rows with {what}", f"image {predictions.loc[rows, 'image_id'].iloc[0]}")
