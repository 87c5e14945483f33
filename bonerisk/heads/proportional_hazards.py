"""Cox regression on columns of a table: the clinical baselines of time to fracture that a film has to beat.

Unpenalised, Efron ties, as R's ``coxph``. A competing event ends the follow-up, so this models the cause-specific
hazard. The competing event has its own Cox model, and the probabilities of the event allow for it. Coefficients are in
the columns' own units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from bonerisk.cohort.design import Design
from bonerisk.errors import DataError
from bonerisk.heads.hazards import Hazards
from bonerisk.heads.row_outcomes import SPECIAL
from bonerisk.survival import cause_specific, cox
from bonerisk.survival.cause_specific import Hazard

WHERE = "Cox model"


@dataclass(frozen=True)
class ProportionalHazards:
    """A fitted model.

    Parameters
    ----------
    design : Design
        The columns and their levels.
    model : CoxFit
        Model of the event.
    competing : tuple of Hazard, or None
        Hazard of the competing event in each of the model's strata, if there was any.
    notes : tuple of str
        What a reader of the probabilities should know.
    n_fitted, n_missing : int
        Rows fitted on, and rows left out because a column has no value (complete cases).
    """

    design: Design
    model: cox.CoxFit
    competing: tuple[Hazard, ...] | None
    notes: tuple[str, ...]
    n_fitted: int
    n_missing: int

    def risk(self, table: pd.DataFrame) -> np.ndarray:
        """Linear predictor (n,) of each row, higher is worse; NaN if a column has no value or an unknown level.

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
        """Probability (n,) of the event by each horizon (years) within the follow-up that was fitted.

        Patients with a competing event first never have the event. NaN as in `risk`, and in a stratum that was not
        fitted, or not followed so long.

        Raises
        ------
        DataError
            A column is absent.
        """
        found: dict[float, np.ndarray] = {}
        complete = self.design.complete(table)
        for place, label in enumerate(self.model.strata):
            member = complete if label is None else complete & (table["stratum"] == label).to_numpy()
            competing = None if self.competing is None else self.competing[place]
            hazards = Hazards(Hazard.of(self.model, place), competing)
            for horizon, survival in hazards.survival(self.design.matrix(table[member]), horizons).items():
                found.setdefault(horizon, np.full(len(table), np.nan))[member] = 1 - survival
        return found


def fit(table: pd.DataFrame, columns: Sequence[str]) -> ProportionalHazards:
    """Fit on the rows that have a value in every column.

    Parameters
    ----------
    table : DataFrame
        With `time_years` and `event`; `competing_event`, `entry_years`, `stratum` and `case_weight` are used if they
        are there.
    columns : sequence of str
        Numbers, or text whose values are levels.

    Raises
    ------
    DataError
        A column is absent or constant, no row has an event, or the likelihood has no maximum.

    Examples
    --------
    >>> films = pd.DataFrame({"n_fractures": [2, 0, 1, 2, 1, 0], "time_years": [1.0, 2, 3, 4, 5, 6]})
    >>> model = fit(films.assign(event=[1, 1, 1, 0, 1, 0]), ["n_fractures"])
    >>> model.risk(films).round(2)
    array([0.71, 0.  , 0.35, 0.71, 0.35, 0.  ])
    >>> model.predicted(films[:2], [2])[2].round(2)  # an event by year 2
    array([0.41, 0.23])
    """
    design = Design.of(table, columns, WHERE)
    rows = table[design.complete(table)]
    if not (rows["event"] == 1).any():
        what = f"{len(rows)} rows with a value in {', '.join(columns)} have no event"
        raise DataError(what, WHERE, "take columns that more rows have, or bring rows with an event")
    if not design.terms:
        what = f"{', '.join(columns)} constant in the rows that are fitted"
        raise DataError(what, WHERE, "take columns that differ between patients")
    x, time, event = design.matrix(rows), rows["time_years"].to_numpy(), rows["event"].to_numpy()
    entry, strata, weights = (rows[column].to_numpy() if column in rows else None for column in SPECIAL)
    fitted = partial(cox.fit, names=design.names, entry=entry, strata=strata, weights=weights)
    model = fitted(x, time, event)
    competes = rows["competing_event"] if "competing_event" in rows else np.zeros(len(rows))
    competing, notes = cause_specific.competing_hazard(
        *(fitted, x, time, event, competes), entry=entry, strata=strata, weights=weights
    )
    return ProportionalHazards(design, model, competing, notes, len(rows), len(table) - len(rows))
