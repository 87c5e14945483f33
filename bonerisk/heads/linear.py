"""Linear regression on columns of a table: the clinical baselines that an estimated T-score has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bonerisk.cohort.design import Design, Term
from bonerisk.cohort.table import few
from bonerisk.errors import DataError


@dataclass(frozen=True)
class Linear:
    """A fitted model.

    Parameters
    ----------
    design : Design
        The columns and their levels.
    intercept : float
    coefficients : dict
        Term → change of the outcome per unit of the column, or against the reference level; without constant terms.
    n_fitted, n_missing : int
        Rows fitted on, and rows left out because a column has no value (complete cases).
    """

    design: Design
    intercept: float
    coefficients: dict[Term, float]
    n_fitted: int
    n_missing: int

    def risk(self, table: pd.DataFrame) -> np.ndarray:
        """The estimate (n,) with its sign turned, higher is worse; NaN if a column has no value, or a new level.

        Raises
        ------
        DataError
            A column is absent.
        """
        slopes = np.array(list(self.coefficients.values()), dtype=float)
        risk = -(self.intercept + self.design.matrix(table) @ slopes)
        return np.where(self.design.complete(table), risk, np.nan)


def fit(table: pd.DataFrame, columns: Sequence[str], outcome: str) -> Linear:
    """Fit by least squares, as R's ``lm``, on the rows that have a value in every column.

    Parameters
    ----------
    table : DataFrame
        One row per film.
    columns : sequence of str
        Numbers, or text whose values are levels.
    outcome : str
        Column of the amount, of which a lower value is worse.

    Raises
    ------
    DataError
        A column is absent, there are no more rows than coefficients, or columns determine one another.

    Examples
    --------
    >>> films = pd.DataFrame({"age_years": [50, 60, 70, 80, None], "t_score": [-0.2, -1.1, -1.4, -2.3, -1.0]})
    >>> model = fit(films, ["age_years"], "t_score")
    >>> model.risk(films).round(2)
    array([0.26, 0.92, 1.58, 2.24,  nan])
    """
    design = Design.of(table, columns, "linear model")
    rows = table[design.complete(table)]
    x, y = design.matrix(rows), rows[outcome].to_numpy(dtype=float)
    if len(y) <= x.shape[1] + 1:
        what = f"{len(y)} rows with a value in {', '.join(columns)} are too few for {x.shape[1] + 1} coefficients"
        raise DataError(what, "linear model", "take columns that more films have, or bring more films")
    mean, scale = x.mean(axis=0), x.std(axis=0)
    beta, _, rank, _ = np.linalg.lstsq(np.column_stack([np.ones(len(y)), (x - mean) / scale]), y)
    if rank < x.shape[1] + 1:
        what = f"of the columns {few(list(columns))}, some determine others"
        raise DataError(what, "linear model", "leave out columns that others determine")
    slopes = beta[1:] / scale
    coefficients = dict(zip(design.terms, slopes.tolist(), strict=True))
    return Linear(design, float(beta[0] - slopes @ mean), coefficients, len(rows), len(table) - len(rows))
