"""Logistic regression on columns of a table: the clinical baselines that a film has to beat.

Unpenalised maximum likelihood, as R's ``glm(family = binomial)``: a penalty would make the baseline weaker than it is.
Columns are standardised inside, so that their units don't disturb Newton's method; coefficients are in the columns' own
units.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from bonerisk.cohort.design import Design, Term
from bonerisk.cohort.table import few
from bonerisk.errors import DataError


@dataclass(frozen=True)
class Logistic:
    """A fitted model.

    Parameters
    ----------
    design : Design
        The columns and their levels.
    intercept : float
    coefficients : dict
        Term → log odds ratio, per unit of the column or against the reference level; without constant terms.
    n_fitted, n_missing : int
        Rows fitted on, and rows left out because a column has no value (complete cases).
    """

    design: Design
    intercept: float
    coefficients: dict[Term, float]
    n_fitted: int
    n_missing: int

    def risk(self, table: pd.DataFrame) -> np.ndarray:
        """Probability (n,) of each row; NaN if a column has no value, or a level that was not fitted.

        Raises
        ------
        DataError
            A column is absent.
        """
        slopes = np.array(list(self.coefficients.values()), dtype=float)
        risk = expit(self.intercept + self.design.matrix(table) @ slopes)
        return np.where(self.design.complete(table), risk, np.nan)


def fit(table: pd.DataFrame, columns: Sequence[str], label: str = "label") -> Logistic:
    """Fit on the rows that have a value in every column.

    Parameters
    ----------
    table : DataFrame
        One row per film.
    columns : sequence of str
        Numbers, or text whose values are levels.
    label : str
        Column with 1 = outcome, 0 = none.

    Raises
    ------
    DataError
        A column is absent, the rows have one outcome only, or the likelihood has no maximum (columns that separate
        the outcomes, or are functions of one another).

    Examples
    --------
    >>> films = pd.DataFrame({"age_years": [55, 60, 65, 70, 75, 80, None], "label": [0, 0, 1, 0, 1, 1, 1]})
    >>> model = fit(films, ["age_years"])
    >>> model.risk(films).round(3)
    array([0.046, 0.139, 0.353, 0.647, 0.861, 0.954,   nan])
    >>> model.n_fitted, model.n_missing
    (6, 1)
    """
    design = Design.of(table, columns, "logistic model")
    rows = table[design.complete(table)]
    y = rows[label].to_numpy(dtype=float)
    if len(np.unique(y)) < 2:
        named = ", ".join(columns)
        what = f"{len(y)} rows with a value in {named} don't hold both outcomes"
        what = what if len(y) else f"no row has a value in {named}" + (" together" if len(columns) > 1 else "")
        raise DataError(what, "logistic model", "take columns that more films have, or bring films of both outcomes")
    intercept, slopes = maximise(design.matrix(rows), y, columns)
    coefficients = dict(zip(design.terms, slopes.tolist(), strict=True))
    return Logistic(design, intercept, coefficients, len(rows), len(table) - len(rows))


def maximise(design: np.ndarray, y: np.ndarray, columns: Sequence[str]) -> tuple[float, np.ndarray]:
    """Intercept and slopes (p,) of the maximum likelihood, for columns (n, p) without an intercept.

    Raises
    ------
    DataError
        The likelihood has no maximum.
    """
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ModelWarning, PerfectSeparationError

    mean, scale = design.mean(axis=0), design.std(axis=0)
    standardised = np.column_stack([np.ones(len(y)), (design - mean) / scale])
    try:
        if np.linalg.matrix_rank(standardised) < standardised.shape[1]:
            raise np.linalg.LinAlgError("collinear")
        with warnings.catch_warnings():
            warnings.simplefilter("error", ModelWarning)
            warnings.simplefilter("error", RuntimeWarning)
            beta = Logit(y, standardised).fit(method="newton", maxiter=100, disp=False).params
    except (ModelWarning, RuntimeWarning, PerfectSeparationError, np.linalg.LinAlgError) as error:
        raise DataError(
            f"the likelihood of {few(list(columns))} has no maximum ({error})",
            where="logistic model",
            mend="leave out columns that separate the outcomes or that others determine, or take head=logistic_ridge",
        ) from error
    slopes = beta[1:] / scale
    return float(beta[0] - slopes @ mean), slopes
