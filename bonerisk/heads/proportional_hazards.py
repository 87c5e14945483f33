"""Cox regression on columns of a table: the clinical baselines of time to fracture that a film has to beat.

Unpenalised, Efron ties, as R's ``coxph``; a competing event ends the follow-up, so that the model is of the
cause-specific hazard. Coefficients are in the columns' own units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bonerisk.cohort.design import Design
from bonerisk.errors import DataError
from bonerisk.survival import cox

WHERE = "Cox model"


@dataclass(frozen=True)
class ProportionalHazards:
    """A fitted model.

    Parameters
    ----------
    design : Design
        The columns and their levels.
    model : Cox
    n_fitted, n_missing : int
        Rows fitted on, and rows left out because a column has no value (complete cases).
    """

    design: Design
    model: cox.Cox
    n_fitted: int
    n_missing: int

    def risk(self, table: pd.DataFrame) -> np.ndarray:
        """Linear predictor (n,) of each row, higher is worse; NaN where a column has no value or an unknown level.

        Raises
        ------
        DataError
            A column is absent.
        """
        complete = self.design.complete(table)
        risk = np.full(len(table), np.nan)
        risk[complete] = self.model.risk(self.design.matrix(table[complete]))
        return risk

    def predicted(self, table: pd.DataFrame, horizons: Sequence[float]) -> dict[float, np.ndarray]:
        """Probability (n,) of the event by each horizon in years, for those within the follow-up it was fitted on."""
        complete = self.design.complete(table)
        within = [horizon for horizon in horizons if horizon <= self.model.baselines[0].follow_up]
        found = {horizon: np.full(len(table), np.nan) for horizon in within}
        survival = self.model.survival(self.design.matrix(table[complete]), within)
        for horizon, column in zip(within, survival.T, strict=True):
            found[horizon][complete] = 1 - column
        return found


def fit(table: pd.DataFrame, columns: Sequence[str]) -> ProportionalHazards:
    """Fit on the rows that have a value in every column.

    Parameters
    ----------
    table : DataFrame
        With `time_years` and `event`.
    columns : sequence of str
        Numbers, or text taken as levels.

    Raises
    ------
    DataError
        A column is absent or tells nothing, no row has an event, or the likelihood has no maximum.
    """
    design = Design.of(table, columns, WHERE)
    rows = table[design.complete(table)]
    if not (rows["event"] == 1).any():
        raise DataError(f"{len(rows)} rows with a value in {', '.join(columns)} hold no event", WHERE)
    if not design.terms:
        raise DataError(f"{', '.join(columns)} constant where fitted", WHERE)
    model = cox.fit(design.matrix(rows), rows["time_years"], rows["event"], names=design.names)
    return ProportionalHazards(design, model, len(rows), len(table) - len(rows))
