"""Columns with several coefficients, levels or a spline: a test of all at once, and the effect of the spline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from bonerisk.cohort.design import Design
from bonerisk.cohort.spline import Spline

Array = np.ndarray

COLUMNS = ["term", "chi2", "df", "p", "nonlinear_chi2", "nonlinear_df", "nonlinear_p"]
EFFECT = ["knots", "low", "high", "ratio", "lower", "upper"]


def terms(design: Design, coefficients: Array, covariance: Array | None, level: float = 0.95) -> pd.DataFrame:
    """A row for each column that has several coefficients.

    Parameters
    ----------
    design : Design
    coefficients : array (p,)
        Log ratios, in the order of the design's terms.
    covariance : array (p, p), optional
        None: no tests and no intervals.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        `term`; Wald's `chi2`, `df` and `p` of all its coefficients, as ``anova(rms::cph)``. Of a spline also those of
        its bends (``nonlinear_…``), its `knots`, and the `ratio` of `high` against `low`, the quartiles of the column,
        with its interval, as ``summary(rms::cph)``.

    Examples
    --------
    >>> design = Design(("smoker",), {"smoker": ("never", "former", "now")})
    >>> found = terms(design, np.array([1.0, 2.0]), np.eye(2))
    >>> found[["term", "chi2", "df", "p"]].round(3).to_dict("records")
    [{'term': 'smoker', 'chi2': 5.0, 'df': 2, 'p': 0.082}]
    """
    owners = [column for column, _ in design.terms]
    several = [column for column in design.columns if owners.count(column) > 1]
    rows = []
    for column in several:
        place = [j for j, owner in enumerate(owners) if owner == column]
        own = coefficients[place]
        spread = None if covariance is None else covariance[np.ix_(place, place)]
        row = {"term": column, **_wald(own, spread, "")}
        if column in design.splines:
            bends = None if spread is None else spread[1:, 1:]
            row |= _wald(own[1:], bends, "nonlinear_") | _effect(design.splines[column], own, spread, level)
        rows.append(row)
    return pd.DataFrame(rows, columns=[*COLUMNS, *EFFECT])


def _wald(coefficients: Array, covariance: Array | None, prefix: str) -> dict[str, float]:
    """Test of coefficients; NaN if their covariance is singular, as a robust one of few patients is."""
    df, found = len(coefficients), np.nan
    if covariance is not None:
        error = np.sqrt(np.diag(covariance))
        correlation, z = covariance / np.outer(error, error), coefficients / error
        if np.linalg.matrix_rank(correlation) == df:
            found = float(z @ np.linalg.solve(correlation, z))
    return {f"{prefix}chi2": found, f"{prefix}df": df, f"{prefix}p": float(chdtrc(df, found))}


def _effect(spline: Spline, coefficients: Array, covariance: Array | None, level: float) -> dict[str, object]:
    low, high = spline.columns(np.array([spline.low, spline.high]))
    change = high - low
    log = change @ coefficients
    reach = np.nan if covariance is None else ndtri((1 + level) / 2) * np.sqrt(change @ covariance @ change)
    ratios = dict(zip(("ratio", "lower", "upper"), np.exp([log, log - reach, log + reach]).tolist(), strict=True))
    return {"knots": " ".join(f"{knot:g}" for knot in spline.knots), "low": spline.low, "high": spline.high, **ratios}
