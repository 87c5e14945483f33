"""The Cox proportional-hazards model, for a few covariates or for whole embeddings of hundreds of thousands of films.

Embeddings are read in chunks: `fit(Parquet("embeddings.parquet", "embedding"), time, event, penalty=100.0)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival.baseline import Baseline, baselines
from bonerisk.survival.newton import MEND, Information, climb, listed
from bonerisk.survival.outcome import Outcome
from bonerisk.survival.partial_likelihood import PartialLikelihood, linear_predictor, prepare
from bonerisk.survival.risk_sets import Point, codes
from bonerisk.survival.robust import meat
from bonerisk.survival.rotation import rotated
from bonerisk.survival.rows import Rows, rows_of

Array = np.ndarray


@dataclass(frozen=True)
class HazardRatios:
    """Hazard ratios with Wald intervals and tests, one per column.

    Parameters
    ----------
    names : tuple of str
    estimate, lower, upper : array (p,)
        Hazard ratio per unit of the column, and its interval.
    p_value : array (p,)
        Two-sided, for no effect.
    level : float
    """

    names: tuple[str, ...]
    estimate: Array
    lower: Array
    upper: Array
    p_value: Array
    level: float


@dataclass(frozen=True)
class CoxFit:
    """A fitted model.

    Parameters
    ----------
    names : tuple of str
        Columns.
    coefficients : array (p,)
        Log hazard ratio per unit of the column.
    covariance : array (p, p)
        Covariance of the coefficients: robust by cluster if clusters were given, else `model_covariance`.
    model_covariance : array (p, p)
        Inverse of the (penalised) information.
    reference : array (p,)
        Covariates for which the baselines hold: the columns' means.
    baselines : tuple of Baseline
        One per stratum.
    strata : tuple
        Labels of the strata in the same order; (None,) without strata.
    log_likelihood_null, log_likelihood : float
        Log partial likelihood at 0 and at the coefficients, without the penalty.
    ties : str
    penalty : float or array (p,)
    n, n_events : int
        Rows with a weight over 0, and those with an event.
    iterations : int
    notes : tuple of str
        What a reader of the coefficients should know.
    """

    names: tuple[str, ...]
    coefficients: Array
    covariance: Array
    model_covariance: Array
    reference: Array
    baselines: tuple[Baseline, ...]
    strata: tuple
    log_likelihood_null: float
    log_likelihood: float
    ties: str
    penalty: float | Array
    n: int
    n_events: int
    iterations: int
    notes: tuple[str, ...]

    @property
    def standard_errors(self) -> Array:
        """Standard errors (p,) of the coefficients, from `covariance`."""
        return np.sqrt(np.diag(self.covariance))

    def hazard_ratios(self, level: float = 0.95) -> HazardRatios:
        """Hazard ratios with Wald intervals exp(beta ± z·SE), as ``summary(coxph(...), conf.int=level)``.

        A ratio beyond float64 (one unit of a column with a tiny spread) is 0 or inf. A constant column, which only a
        penalty allows, has a ratio of 1 and p = 1.
        """
        error, z = self.standard_errors, ndtri((1 + level) / 2)
        wald = np.divide(self.coefficients, error, out=np.zeros_like(error), where=error > 0)
        with np.errstate(over="ignore"):
            estimate, lower, upper = (np.exp(self.coefficients + sign * z * error) for sign in (0, -1, 1))
        return HazardRatios(self.names, estimate, lower, upper, 2 * ndtr(-np.abs(wald)), level)

    def risk(self, x: ArrayLike | Rows) -> Array:
        """Linear predictor x·beta (n,), the log hazard up to a constant; higher is worse.

        As ``predict(fit, type="lp", reference="zero")``.

        Raises
        ------
        DataError
            `x` has another number of columns, or a value is missing or infinite.
        """
        return self._predict(x, np.zeros(len(self.names)))

    def survival(self, x: ArrayLike | Rows, times: ArrayLike, strata: ArrayLike | None = None) -> Array:
        """P(no event by each time), (n, times), as ``summary(survfit(fit, newdata), times)$surv``.

        exp(−H₀(t) · exp((x − reference)·beta)), H₀ being the baseline (see `bonerisk.survival.baseline`).

        Parameters
        ----------
        x : array (n, p) or Rows
        times : array (times,)
            In the unit of the fitted times.
        strata : array (n,), optional
            Stratum of each row, if the model has strata.

        Raises
        ------
        DataError
            A time is after the end of follow-up, a stratum was not fitted, or `risk` raises.
        """
        # exp() of more overflows float64; survival is 0 long before that.
        ratio = np.exp(np.minimum(self._predict(x, self.reference), 700))
        if (strata is None) != (self.strata == (None,)):
            has = "no strata" if self.strata == (None,) else f"the strata {self.strata}"
            raise DataError(f"the model has {has}", "survival", "give strata if, and only if, the model has them")
        stratum = np.full(len(ratio), None) if strata is None else np.asarray(strata)
        if len(stratum) != len(ratio):
            raise DataError(f"{len(stratum)} strata for {len(ratio)} rows", "survival", "give each row its stratum")
        survival = np.empty((len(ratio), np.size(times)))
        for label in dict.fromkeys(stratum.tolist()):
            if label not in self.strata:
                raise DataError(f"stratum {label!r} was not fitted", "survival", f"take one of {self.strata}")
            member = stratum == label
            hazard = self.baselines[self.strata.index(label)].at(times)
            survival[member] = np.exp(-np.outer(ratio[member], hazard))
        return survival

    def _predict(self, x: ArrayLike | Rows, reference: Array) -> Array:
        rows = rows_of(x)
        if rows.shape[1] != len(self.names):
            mend = f"give {', '.join(self.names[:10])}{', …' if len(self.names) > 10 else ''}"
            raise DataError(f"{rows.shape[1]} columns, but the model has {len(self.names)}", "Cox model", mend)
        with np.errstate(invalid="ignore"):
            predictor = linear_predictor(rows, self.coefficients, reference)
        bad = np.flatnonzero(~np.isfinite(predictor))
        if len(bad):
            where = f"row {bad[0]}, counted from 0; {len(bad)} such rows"
            raise DataError("a covariate is missing or infinite", where, "leave the row out, or impute the value")
        return predictor


def fit(
    x: ArrayLike | Rows,
    time: ArrayLike,
    event: ArrayLike,
    *,
    ties: str = "efron",
    penalty: float | ArrayLike = 0.0,
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> CoxFit:
    """Maximise the log partial likelihood, minus λ/2 · Σ beta² if there is a penalty.

    Parameters
    ----------
    x : array (n, p) or Rows
        Covariates. They are not copied, and float32 stays float32; `rows.Parquet` reads a file in chunks.
    time, event : array (n,)
        Follow-up over 0 in any unit, and whether the event ended it (0 or 1).
    ties : {"efron", "breslow"}
    penalty : float or array (p,)
        λ, for the columns as given (not standardised), in units of the log-likelihood (not divided by n): as
        ``coxph(~ ridge(x, theta=λ, scale=FALSE))``. An array gives each column its own; 0 leaves it unpenalised.
    weights : array (n,), optional
        Case weights, 0 or more.
    strata : array (n,), optional
        Stratum of each row; each stratum has its own baseline.
    entry : array (n,), optional
        Left truncation: a row is at risk after `entry`, up to and including `time`.
    cluster : array (n,), optional
        Patient of each row: `covariance` is then Lin and Wei's, robust to several rows per patient, as
        ``coxph(cluster=)``.
    names : sequence of str, optional
        Names of the columns.

    Raises
    ------
    DataError
        Lengths differ, a value is missing, there is no event, or the likelihood has no single maximum: a column is
        constant, determined by others, or separates those with an event, so that its coefficient goes to infinity.
        Columns and rows are named.
    ConfigError
        `ties` is unknown, or the penalty is negative.

    Notes
    -----
    Lifelines and glmnet standardise columns first and divide the likelihood by n: their penalties have another scale.

    References
    ----------
    Efron 1977, JASA 72:557 (ties). Verweij & van Houwelingen 1994, Stat Med 13:2427 (penalty).

    Examples
    --------
    Leukaemia with and without maintained chemotherapy; ``coxph(Surv(time, status) ~ x, aml)`` gives 0.9155 and 0.5119.

    >>> time = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> model = fit([[0]] * 11 + [[1]] * 12, time, event, names=["not maintained"])
    >>> model.coefficients.round(4), model.standard_errors.round(4)
    (array([0.9155]), array([0.5119]))
    >>> model.survival([[0], [1]], [12, 24]).round(2)  # no relapse by week 12 and 24
    array([[0.84, 0.71],
           [0.65, 0.42]])
    """
    likelihood, observed = prepare(x, time, event, ties, weights, strata, entry, names)
    n, p = likelihood.rows.shape
    lam = np.broadcast_to(np.asarray(penalty, dtype=float), (p,)) if np.size(penalty) in (1, p) else np.full(1, np.nan)
    if not (np.isfinite(lam) & (lam >= 0)).all():
        raise ConfigError("the penalty must be 0 or more: one number, or one for each column", "penalty", "0 is none")
    patient = None if cluster is None else codes(cluster, n, "cluster")
    if patient is not None and patient.max() == 0:
        raise DataError("all rows are in one cluster", "cluster", "leave it out, or name each row's patient")
    return maximised(likelihood, observed, lam, ties, patient, strata)


def maximised(
    likelihood: PartialLikelihood,
    observed: Outcome,
    penalty: Array,
    ties: str,
    patient: Array | None = None,
    strata: ArrayLike | None = None,
    more: Callable[[Point], Array] | None = None,
) -> CoxFit:
    """Climb to the maximum of a likelihood, and take from it what a model needs.

    Parameters
    ----------
    likelihood : PartialLikelihood
    observed : Outcome
    penalty : array (p,)
        Of the columns as given.
    ties : str
    patient : array (n,) of int, optional
        Clusters of the robust variance, from 0.
    strata : array (n,), optional
    more : callable, optional
        What is added to the score residuals (n, p) of standardised columns, at the maximum.

    Raises
    ------
    DataError
        As `fit`.
    """
    rows, spread, sets, (n, p) = likelihood.rows, likelihood.moments, likelihood.sets, likelihood.rows.shape
    fixed = [rows.names[j] for j in np.flatnonzero(spread.constant & (penalty == 0))]
    if fixed:
        raise DataError(f"{listed(fixed)} is constant", "Cox model", MEND)
    # penalty · coefficient² = penalty / scale² · beta², beta being that of the standardised column.
    standardised_penalty = penalty / spread.scale**2
    if likelihood.wide and penalty.all() and more is None:
        worked, rotation = rotated(likelihood, standardised_penalty)
        basis, on_diagonal, penalties = rotation.basis, 1 / standardised_penalty, np.ones(n)
    else:
        worked, basis, on_diagonal, penalties = likelihood, None, np.zeros(p), standardised_penalty
    top = climb(worked, penalties)
    exact = Information(*worked.information(top.point), np.float64)
    factor = exact.factor(penalties)
    if factor is None:
        raise DataError("the information is singular at the maximum", "Cox model", MEND)
    bread = factor.solve(np.eye(len(penalties)))
    # Outside the space of the rows nothing is learnt: there the covariance is the inverse of the penalty.
    learnt = bread if basis is None else bread - np.eye(n)
    model_covariance = covariance = _unscaled(learnt, basis, spread.scale, on_diagonal)
    if patient is not None:
        sandwich = bread @ meat(worked, top.point, patient, None if more is None else more(top.point)) @ bread
        covariance = _unscaled(sandwich, basis, spread.scale, np.zeros(p))
    stratum = np.zeros(n, dtype=int) if strata is None else codes(strata, n, "strata")
    few = len(sets.event_row) < p and not penalty.all()
    return CoxFit(
        names=rows.names,
        coefficients=(top.beta if basis is None else basis @ top.beta) / spread.scale,
        covariance=covariance,
        model_covariance=model_covariance,
        reference=spread.mean,
        baselines=baselines(sets, top.point, observed.time, stratum),
        strata=(None,) if strata is None else tuple(np.unique(np.asarray(strata)).tolist()),
        log_likelihood_null=likelihood.null.log_likelihood,
        log_likelihood=top.point.log_likelihood,
        ties=ties,
        penalty=float(penalty[0]) if np.ptp(penalty) == 0 else penalty,
        n=int(np.count_nonzero(sets.weights)),
        n_events=len(sets.event_row),
        iterations=top.steps,
        notes=(f"{len(sets.event_row)} events for {p} columns: set a penalty",) if few else (),
    )


def _unscaled(matrix: Array, basis: Array | None, scale: Array, on_diagonal: Array) -> Array:
    """The covariance (p, p) per unit of the columns from that of standardised or rotated ones, and a diagonal."""
    found = matrix.copy() if basis is None else basis @ matrix @ basis.T
    found[np.diag_indices_from(found)] += on_diagonal
    found /= scale
    found /= scale[:, None]
    return found
