"""Logistic regression on features: a binary outcome, without a penalty, or with one chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from bonerisk.cohort.targets.target import BinaryTarget
from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.logistic import maximise
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival.ridge import SPAN, deal
from bonerisk.survival.risk_sets import codes
from bonerisk.survival.rotation import Rotation
from bonerisk.survival.rows import moments, rows_of

Array = np.ndarray

WHERE = "logistic regression"


class LogisticHead:
    """Features (n, width) → probability of the outcome; higher is worse.

    Maximum likelihood, as R's ``glm(family = binomial)``. The tuning rows are not used.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : str
        Name of a binary target, or of a column of the user's own, yes or no.
    target_words : str, optional
        What such a column is called on the page: ``COVID-19``.

    Examples
    --------
    >>> outcomes = RowOutcomes(np.arange(6), label=np.array([0, 0, 1, 0, 1, 1]))
    >>> x = np.array([[55.0], [60.0], [65.0], [70.0], [75.0], [80.0]])
    >>> head = LogisticHead(["age_years"])
    >>> head.fit(x, outcomes, tuning=(x, outcomes), seed=0)
    >>> head.table()[["feature", "coefficient", "odds_ratio"]].round(3)
         feature  coefficient  odds_ratio
    0  intercept      -16.389       0.000
    1  age_years        0.243       1.275
    >>> head.risk(x[:2]).round(3)
    array([0.046, 0.139])
    """

    names: list[str]
    target: str
    horizons_years: Sequence[float] = ()
    history: pd.DataFrame
    notes: tuple[str, ...]
    uses = ()
    penalised = False
    needs_tuning = False

    def __init__(
        self, names: list[str], target: BinaryTarget = "any_fracture", target_words: str | None = None
    ) -> None:
        self.names, self.target, self.target_words = names, target, target_words
        self.coefficients = np.zeros(1 + len(names))  # the intercept first
        self.spread = np.full((1 + len(names), 1 + len(names)), np.nan)  # their covariance
        self.history = pd.DataFrame()
        self.notes = ()

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Fit to features (n, width); standard errors are robust to several films of a patient (Huber and White's).

        Raises
        ------
        DataError
            A feature is missing or infinite, the labels are all alike, or the likelihood has no maximum: a feature is
            constant, determined by others, or separates the outcomes.
        """
        labels, spread = outcomes.labelled, moments(rows_of(x, self.names))
        constant = [self.names[j] for j in np.flatnonzero(spread.constant)]
        if constant and not self.penalised:
            raise DataError(f"{', '.join(constant[:5])} is constant", WHERE, "leave it out of the features")
        z = (x - spread.mean) / spread.scale
        patient = codes(outcomes.patient, len(x), "patient")
        intercept, slopes, self.history = self._fitted(z, labels, patient, seed)
        if not self.penalised:
            self.spread = _covariance(z, labels, intercept + z @ slopes, patient, spread.mean, spread.scale)
        slopes = slopes / spread.scale
        self.coefficients = np.append(intercept - slopes @ spread.mean, slopes)

    def _fitted(self, z: Array, labels: Array, patient: Array, seed: int) -> tuple[float, Array, pd.DataFrame]:
        """Intercept and slopes (width,) of standardised features, and how they were found."""
        intercept, slopes = maximise(z, labels, self.names)
        null, fitted = labels.mean(), _log_likelihood(labels, intercept + z @ slopes)
        at_null = len(labels) * (null * np.log(null) + (1 - null) * np.log(1 - null))
        return intercept, slopes, pd.DataFrame({"log_likelihood_null": [at_null], "log_likelihood": [fitted]})

    def risk(self, x: Array) -> Array:
        """Probability (n,) of the outcome, for features (n, width)."""
        return expit(self.coefficients[0] + x @ self.coefficients[1:])

    def survival(self, x: Array, stratum: Array | None = None) -> dict[float, Array]:
        """Empty: the model knows no times."""
        return {}

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients and odds ratios per unit, the intercept first; a ratio beyond float64 is 0 or inf.

        Intervals are Wald's. With a penalty there are none: shrunken coefficients are biased on purpose.
        """
        errors = np.sqrt(np.diag(self.spread))
        reach = ndtri((1 + level) / 2) * errors
        found = {"feature": ["intercept", *self.names], "coefficient": self.coefficients, "standard_error": errors}
        with np.errstate(over="ignore"):
            found["odds_ratio"] = np.exp(self.coefficients)
            found |= {"lower": np.exp(self.coefficients - reach), "upper": np.exp(self.coefficients + reach)}
        return pd.DataFrame(found | {"p": 2 * ndtr(-np.abs(self.coefficients / errors))})

    @property
    def covariance(self) -> Array | None:
        """Covariance (width, width) of the features' coefficients; None if they are shrunken."""
        return None if self.penalised else self.spread[1:, 1:]

    def importance(self, x: Array) -> None:
        """None: the coefficients show it."""

    def contributions(self, x: Array) -> None:
        """None: a feature's contribution is its coefficient times its value."""

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays."""
        return {"coefficients": self.coefficients, "covariance": self.spread}

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        old = tensors.get("standard_errors")  # of runs before there was a covariance
        self.spread = tensors["covariance"] if old is None else np.diag(old**2)
        self.coefficients = tensors["coefficients"]


class LogisticRidge(LogisticHead):
    """`LogisticHead` with the ridge that predicts best in patient-grouped cross-validation on the training split.

    λ/2 · Σ b² is subtracted from the log-likelihood, b being the slopes of features standardised on that split.

    Parameters
    ----------
    names, target, target_words
        As `LogisticHead`.
    penalties : int
        How many are tried, from one at which slopes are nearly 0 down to 1/10,000 of it.
    folds : int
        Number of folds of patients.
    choice : {"best", "one_se"}
        The best penalty, or the largest within one standard error of it.
    """

    penalised = True

    def __init__(
        self,
        names: list[str],
        target: BinaryTarget = "any_fracture",
        target_words: str | None = None,
        penalties: int = 20,
        folds: int = 5,
        choice: Literal["best", "one_se"] = "best",
    ) -> None:
        if penalties < 1:
            raise ConfigError(f"penalties={penalties}: at least one is needed", "head.penalties")
        super().__init__(names, target, target_words)
        self.penalties, self.folds, self.choice = penalties, folds, choice

    def _fitted(self, z: Array, labels: Array, patient: Array, seed: int) -> tuple[float, Array, pd.DataFrame]:
        if not z.any():
            raise DataError("every feature is constant", WHERE, "bring one that varies")
        if z.shape[1] > len(z):  # the work of thousands of columns is done in the space of the rows
            rotation = Rotation.of(z, np.ones(z.shape[1]))
            intercept, turned, curve = self._cross_validated(rotation.columns, labels, patient, seed)
            return intercept, rotation.basis @ turned, curve
        return self._cross_validated(z, labels, patient, seed)

    def _cross_validated(self, z: Array, labels: Array, patient: Array, seed: int) -> tuple[float, Array, pd.DataFrame]:
        fold = deal(patient, rarer(labels), self.folds, seed)
        grid = labels.var() * (z**2).sum() * np.geomspace(1, SPAN, self.penalties)
        gained = np.empty((self.folds, len(grid)))
        for k in range(self.folds):
            out = fold == k
            for j, (intercept, slopes) in enumerate(_ridge(z[~out], labels[~out], grid)):
                gained[k, j] = _log_likelihood(labels[out], intercept + z[out] @ slopes)
        score, sizes = gained.sum(axis=0), np.bincount(fold)
        # Spread over folds, each weighted by its rows, as in the Cox ridge.
        spread = (gained / sizes[:, None] - score / len(labels)) ** 2
        error = np.sqrt(sizes @ spread / len(labels) / (self.folds - 1)) * len(labels)
        best = int(np.argmax(score))
        chosen = best if self.choice == "best" else int(np.argmax(score >= score[best] - error[best]))
        self.notes = ()
        if best in (0, len(grid) - 1) and len(grid) > 1:
            self.notes = (f"The best penalty is the {'smallest' if best else 'largest'} tried: try others beyond it",)
        curve = {"penalty": grid, "score": score, "standard_error": error}
        ((intercept, slopes),) = _ridge(z, labels, grid[[chosen]])
        return intercept, slopes, pd.DataFrame(curve)


def rarer(labels: Array) -> Array:
    """Rows (n,) of the rarer outcome, which are dealt to folds first; 1 if there are as many."""
    return labels == (labels.mean() <= 0.5)


def _ridge(z: Array, labels: Array, penalties: Array) -> Iterator[tuple[float, Array]]:
    """Yield intercept and slopes at each penalty, starting at those of the one before."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(solver="newton-cholesky", tol=1e-8, max_iter=200, warm_start=True)
    for penalty in penalties:
        model.set_params(C=1 / penalty).fit(z, labels)
        yield float(model.intercept_[0]), model.coef_[0].copy()


def _log_likelihood(labels: Array, predictor: Array) -> float:
    return float((labels * predictor - np.logaddexp(0, predictor)).sum())


def _covariance(z: Array, labels: Array, predictor: Array, patient: Array, mean: Array, scale: Array) -> Array:
    """Covariance (1 + width, 1 + width) of the intercept and the slopes, in the features' own units."""
    columns, risk = np.column_stack([np.ones(len(z)), z]), expit(predictor)
    covariance = np.linalg.inv((columns * (risk * (1 - risk))[:, None]).T @ columns)
    if patient.max() + 1 < len(z):
        scores = np.zeros((patient.max() + 1, columns.shape[1]))
        np.add.at(scores, patient, (labels - risk)[:, None] * columns)
        covariance = covariance @ scores.T @ scores @ covariance
    back = np.diag(np.append(1.0, 1 / scale))
    back[0, 1:] = -mean / scale
    return back @ covariance @ back.T
