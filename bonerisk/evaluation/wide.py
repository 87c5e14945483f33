"""The predictions table turned wide: a row a film, a column of risk a model, so that models meet on the same films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bonerisk.errors import DataError

FILM = ["dataset", "split", "image_id"]
NEEDED = (*FILM, "model", "patient_id", "site", "risk", "label")


@dataclass(frozen=True)
class Wide:
    """Films and the risks that models gave them.

    Parameters
    ----------
    films : DataFrame
        A row a film: all of the predictions table but `model` and `risk`.
    risks : DataFrame
        The same rows, a column a model; NaN where a model gave none.
    """

    films: pd.DataFrame
    risks: pd.DataFrame

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return [str(model) for model in self.risks]

    @classmethod
    def of(cls, predictions: pd.DataFrame) -> Wide:
        """Spread a predictions table (long: a row a film and model), checking it.

        Raises
        ------
        DataError
            A column is absent, a film is there twice for one model, or a risk or label is missing or impossible.
        """
        _check(predictions)
        keyed = predictions.set_index(FILM)
        films = keyed.drop(columns=["model", "risk"])
        films = films[~films.index.duplicated()]
        models = list(predictions["model"].unique())
        risks = {model: keyed.loc[keyed["model"] == model, "risk"].reindex(films.index) for model in models}
        return cls(films.reset_index(), pd.DataFrame(risks).reset_index(drop=True))

    def add(self, risks: dict[str, np.ndarray]) -> Wide:
        """Return it with the risks of further models."""
        return Wide(self.films, self.risks.assign(**risks))

    def where(self, keep: pd.Series) -> Wide:
        """Return the films of a mask."""
        return Wide(self.films[keep].reset_index(drop=True), self.risks[keep].reset_index(drop=True))

    def long(self) -> pd.DataFrame:
        """Return the predictions table, a model after the other; films without risk are left out."""
        columns = [*FILM[:2], "model", *(name for name in self.films if name not in FILM[:2])]
        columns.insert(columns.index("site") + 1, "risk")
        parts = (self.films.assign(model=model, risk=self.risks[model])[columns] for model in self.models)
        return pd.concat(
            [part for part in (part.dropna(subset="risk") for part in parts) if len(part)], ignore_index=True
        )


def _check(predictions: pd.DataFrame) -> None:
    absent = [name for name in NEEDED if name not in predictions]
    if absent:
        raise DataError(f"no column {', '.join(absent)}", "predictions table")
    if predictions.empty:
        raise DataError("no predictions", "predictions table", "look which rows the cohort's flow drops")
    wrong = {
        "a second row of the same film and model": predictions.duplicated([*FILM, "model"]),
        "a risk that is no probability": ~predictions["risk"].between(0, 1),
        "a label other than 0 and 1": ~predictions["label"].isin([0, 1]),
    }
    for what, rows in wrong.items():
        if rows.any():
            raise DataError(f"{int(rows.sum())} rows with {what}", f"image {predictions.loc[rows, 'image_id'].iloc[0]}")
