"""Logistic regression on columns of a table: the clinical baselines that a film has to beat.

Unpenalised maximum likelihood, as R's ``glm(family = binomial)``: a penalty would make the baseline weaker than it is.
Columns are standardised inside, so that their units don't trouble Newton's method; coefficients are given in the
columns' own units. A text column becomes indicators against its first level (a categorical column keeps its order).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from bonerisk.errors import DataError

Term = tuple[str, str | None]  # column, level: (sex, M) is 1 for M; (age_years, None) is the number itself


@dataclass(frozen=True)
class Logistic:
    """A fitted model.

    Parameters
    ----------
    columns : tuple of str
    levels : dict
        Text column → its levels in the training rows; the first is the reference.
    intercept : float
    coefficients : dict
        Term → log odds ratio, a unit of the column or against the reference level. Constant terms are not in it.
    n_fitted, n_missing : int
        Rows fitted on, and rows left out because a column has no value (complete cases).
    """

    columns: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    intercept: float
    coefficients: dict[Term, float]
    n_fitted: int
    n_missing: int

    @property
    def constant(self) -> tuple[str, ...]:
        """Columns that had one value only, and so tell nothing."""
        used = {column for column, _ in self.coefficients}
        return tuple(column for column in self.columns if column not in used)

    def risk(self, table: pd.DataFrame) -> np.ndarray:
        """Probability (n,) of each row; NaN where a column has no value, or a level that was not fitted.

        Raises
        ------
        DataError
            A column is absent.
        """
        _demand(table, self.columns)
        design = _design(table, list(self.coefficients))
        risk = expit(self.intercept + design @ np.array(list(self.coefficients.values()), dtype=float))
        return np.where(_complete(table, self.columns, self.levels), risk, np.nan)


def fit(table: pd.DataFrame, columns: Sequence[str], label: str = "label") -> Logistic:
    """Fit on the rows that have a value in every column.

    Parameters
    ----------
    table : DataFrame
        A row a film.
    columns : sequence of str
        Numbers, or text taken as levels.
    label : str
        Column with 1 = outcome, 0 = none.

    Raises
    ------
    DataError
        A column is absent, the rows have one outcome only, or the likelihood has no maximum (columns that separate
        the outcomes, or are functions of one another).
    """
    _demand(table, columns)
    rows = table[_complete(table, columns, {})]
    y = rows[label].to_numpy(dtype=float)
    if len(np.unique(y)) < 2:
        raise DataError(
            f"{len(y)} rows with a value in {', '.join(columns)} don't hold both outcomes", "logistic model"
        )
    levels = {column: _levels(rows[column]) for column in columns if not pd.api.types.is_numeric_dtype(rows[column])}
    terms = [(column, level) for column in columns for level in levels.get(column, ("", None))[1:]]
    design = _design(rows, terms)
    varying = design.std(axis=0) > 0
    terms, design = [term for term, varies in zip(terms, varying, strict=True) if varies], design[:, varying]
    intercept, slopes = _maximise(design, y, columns)
    coefficients = dict(zip(terms, slopes.tolist(), strict=True))
    return Logistic(tuple(columns), levels, intercept, coefficients, len(rows), len(table) - len(rows))


def _demand(table: pd.DataFrame, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in table]
    if absent:
        raise DataError(f"no column {', '.join(absent)}", where="logistic model", mend="leave it out of the columns")


def _maximise(design: np.ndarray, y: np.ndarray, columns: Sequence[str]) -> tuple[float, np.ndarray]:
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
            f"the likelihood of {' + '.join(columns)} has no maximum ({error})",
            where="logistic model",
            mend="leave out columns that separate the outcomes or that others determine",
        ) from error
    slopes = beta[1:] / scale
    return float(beta[0] - slopes @ mean), slopes


def _design(table: pd.DataFrame, terms: Sequence[Term]) -> np.ndarray:
    """Design matrix (n, terms), without intercept."""
    parts = [table[column] if level is None else table[column].astype(str) == level for column, level in terms]
    return np.column_stack([part.to_numpy(dtype=float) for part in parts]) if parts else np.empty((len(table), 0))


def _complete(table: pd.DataFrame, columns: Sequence[str], levels: dict[str, tuple[str, ...]]) -> np.ndarray:
    complete = table[list(columns)].notna().all(axis=1).to_numpy()
    for column, known in levels.items():
        complete &= table[column].astype(str).isin(known).to_numpy()
    return complete


def _levels(column: pd.Series) -> tuple[str, ...]:
    present = set(column.astype(str))
    order = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(present)
    return tuple(str(level) for level in order if str(level) in present)
