"""Multinomial logistic regression on columns of a table: the clinical baselines of classes.

Unpenalised maximum likelihood, as R's ``nnet::multinom``; the first class that is there is the reference. Columns are
standardised inside, so that their units don't disturb Newton's method.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax

from bonerisk.cohort.design import Design
from bonerisk.cohort.table import few
from bonerisk.errors import DataError

Array = np.ndarray


@dataclass(frozen=True)
class Multinomial:
    """A fitted model.

    Parameters
    ----------
    design : Design
        The columns and their levels.
    intercepts : array (k,)
        Of each class, 0 for the reference; -inf for one that was not there, which gets the probability 0.
    slopes : array (p, k)
        Log odds against the reference, per unit of a term.
    n_fitted, n_missing : int
        Rows fitted on, and rows left out because a column has no value (complete cases).
    notes : tuple of str
        What must be said of it.
    """

    design: Design
    intercepts: Array
    slopes: Array
    n_fitted: int
    n_missing: int
    notes: tuple[str, ...] = ()

    def probabilities(self, table: pd.DataFrame) -> Array:
        """Probability (n, k) of each class; NaN if a column has no value, or a level that was not fitted.

        Raises
        ------
        DataError
            A column is absent.
        """
        p = softmax(self.intercepts + np.nan_to_num(self.design.matrix(table)) @ self.slopes, axis=1)
        return np.where(self.design.complete(table)[:, None], p, np.nan)

    def risk(self, table: pd.DataFrame) -> Array:
        """The expected class (n,), from 0; NaN as in `probabilities`."""
        return self.probabilities(table) @ np.arange(len(self.intercepts))


def fit(table: pd.DataFrame, columns: Sequence[str], outcome: str, n_classes: int) -> Multinomial:
    """Fit on the rows that have a value in every column.

    Parameters
    ----------
    table : DataFrame
        One row per film.
    columns : sequence of str
        Numbers, or text whose values are levels.
    outcome : str
        Column of the class, from 0.
    n_classes : int

    Raises
    ------
    DataError
        A column is absent, the rows have one class only, or the likelihood has no maximum.

    Examples
    --------
    >>> films = pd.DataFrame({"age_years": [50, 60, 70, 80, 55, 65, 75, None], "label": [0, 1, 2, 2, 1, 0, 1, 2]})
    >>> fit(films, ["age_years"], "label", 3).probabilities(films).round(2)[[0, -1]]
    array([[0.63, 0.37, 0.  ],
           [ nan,  nan,  nan]])
    """
    from statsmodels.discrete.discrete_model import MNLogit
    from statsmodels.tools.sm_exceptions import ModelWarning, PerfectSeparationError

    design = Design.of(table, columns, "multinomial model")
    rows = table[design.complete(table)]
    there, y = np.unique(rows[outcome].to_numpy(dtype=int), return_inverse=True)
    if len(there) < 2:
        what = f"{len(rows)} rows with a value in {few(list(columns))} don't hold two classes"
        raise DataError(what, "multinomial model", "take columns that more films have, or bring films of all classes")
    x = design.matrix(rows)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    standardised = np.column_stack([np.ones(len(y)), (x - mean) / scale])
    try:
        if np.linalg.matrix_rank(standardised) < standardised.shape[1]:
            raise np.linalg.LinAlgError("collinear")
        with warnings.catch_warnings():
            warnings.simplefilter("error", ModelWarning)
            warnings.simplefilter("error", RuntimeWarning)
            beta = np.asarray(MNLogit(y, standardised).fit(method="newton", maxiter=100, disp=False).params)
    except (ModelWarning, RuntimeWarning, PerfectSeparationError, np.linalg.LinAlgError) as error:
        what = f"the likelihood of {few(list(columns))} has no maximum ({error})"
        mend = "leave out columns that separate the classes or that others determine"
        raise DataError(what, "multinomial model", mend) from error
    intercepts, slopes = np.full(n_classes, -np.inf), np.zeros((x.shape[1], n_classes))
    intercepts[there[0]] = 0.0
    slopes[:, there[1:]] = beta[1:] / scale[:, None]
    intercepts[there[1:]] = beta[0] - mean @ slopes[:, there[1:]]
    absent = sorted(set(range(n_classes)) - set(there.tolist()))
    notes = tuple(f"no film of class {number} where fitted: its probability is 0" for number in absent)
    return Multinomial(design, intercepts, slopes, len(rows), len(table) - len(rows), notes)
