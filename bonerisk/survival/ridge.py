"""Ridge-penalised Cox models over a path of penalties, and the penalty that predicts best.

λ/2 · Σ beta² is subtracted from the log-likelihood, beta being coefficients of columns standardised on all rows.
Penalties are tried from the largest down, each fit starting at the one before; a fold is left out by giving its rows
the weight 0. If there are more columns than rows, all this happens in the space of the rows (`rotation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import cox
from bonerisk.survival.newton import CONVERGED, Summit, climb
from bonerisk.survival.partial_likelihood import PartialLikelihood, prepare
from bonerisk.survival.risk_sets import codes, risk_sets
from bonerisk.survival.rotation import rotated
from bonerisk.survival.rows import Rows

Array = np.ndarray

SPAN = 1e-4  # of the default penalties, smallest over largest
NEAR = 1e-10  # decrement at which a fold's fit ends: the criterion's error is then about its square root


@dataclass(frozen=True)
class Path:
    """Coefficients by penalty.

    Parameters
    ----------
    names : tuple of str
    penalties : array (m,)
        Falling, for standardised columns.
    coefficients : array (m, p)
        Per unit of the columns as given.
    log_likelihood : array (m,)
        Log partial likelihood, without the penalty.
    """

    names: tuple[str, ...]
    penalties: Array
    coefficients: Array
    log_likelihood: Array


@dataclass(frozen=True)
class CrossValidated:
    """How well each penalty predicts patients who were left out.

    Parameters
    ----------
    penalties : array (m,)
        Falling, for standardised columns.
    score : array (m,)
        Cross-validated partial log-likelihood; higher is better.
    standard_error : array (m,)
        Standard error of the score, from its spread over folds, each weighted by its events.
    best, one_se : float
        The penalty of the highest score, and the largest whose score is within one standard error of that.
    fold : array (n,) of int
        Fold in which each row was left out.
    model : CoxFit
        Fitted to all rows with the chosen penalty; coefficients are per unit of the columns as given.
    notes : tuple of str
    """

    penalties: Array
    score: Array
    standard_error: Array
    best: float
    one_se: float
    fold: Array
    model: cox.CoxFit
    notes: tuple[str, ...]


def path(
    x: ArrayLike | Rows,
    time: ArrayLike,
    event: ArrayLike,
    penalties: int | ArrayLike = 20,
    *,
    ties: str = "efron",
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> Path:
    """Fit at each penalty, without covariances.

    Parameters
    ----------
    penalties : int or array (m,)
        How many, or which (over 0). A number of them goes from the trace of the information at 0, where the model has
        less than one effective degree of freedom, down to 1/10,000 of that, in equal ratios.
    x, time, event, ties, weights, strata, entry, names
        As in `cox.fit`.

    Raises
    ------
    DataError, ConfigError
        As `cox.fit`; a penalty is not over 0.

    Examples
    --------
    >>> time, event = [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 0]
    >>> path([[3], [1], [2], [1], [0], [0]], time, event, [1.0, 100.0]).coefficients.round(2)  # largest penalty first
    array([[0.03],
           [0.92]])
    """
    likelihood, _ = prepare(x, time, event, ties, weights, strata, entry, names)
    grid, names, scale, basis = _grid(likelihood, penalties), likelihood.rows.names, likelihood.moments.scale, None
    if likelihood.wide:
        likelihood, rotation = rotated(likelihood, np.ones(len(names)))
        basis = rotation.basis
    tops = list(_descend(likelihood, grid, CONVERGED))
    coefficients = np.array([(top.beta if basis is None else basis @ top.beta) / scale for top in tops])
    return Path(names, grid, coefficients, np.array([top.point.log_likelihood for top in tops]))


def cross_validate(
    x: ArrayLike | Rows,
    time: ArrayLike,
    event: ArrayLike,
    *,
    patient: ArrayLike | None = None,
    penalties: int | ArrayLike = 20,
    folds: int = 5,
    seed: int = 0,
    choice: str = "best",
    ties: str = "efron",
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> CrossValidated:
    """Choose the penalty by the cross-validated partial log-likelihood, and fit with it.

    Σ over folds l(beta₋ₖ) − l₋ₖ(beta₋ₖ): beta₋ₖ is fitted without fold k, l is the partial log-likelihood of all rows,
    l₋ₖ that of the rows without the fold. As ``cv.glmnet(family = "cox", grouped = TRUE)``, whose deviance is −2 × it.

    Parameters
    ----------
    patient : array (n,), optional
        Patient of each row; by default each row is one. All rows of a patient are in one fold, and in one cluster of
        the final fit.
    penalties
        As in `path`.
    folds : int
        Number of folds. Patients with an event are dealt evenly among them, then the others.
    seed : int
        Seed of the dealing, which doesn't depend on the order of the rows.
    choice : {"best", "one_se"}
        Penalty of the final fit.
    x, time, event, ties, weights, strata, entry, names
        As in `cox.fit`.

    Raises
    ------
    DataError, ConfigError
        As `cox.fit`; a penalty is not over 0, or fewer patients with an event than folds.

    References
    ----------
    Verweij & van Houwelingen 1993, Stat Med 12:2305.

    Examples
    --------
    Three useless columns beside a useful one: shrinkage pays.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> time = rng.exponential(np.exp(-x[:, 0]))
    >>> found = cross_validate(x, time, np.ones(60), penalties=[1, 10, 100, 1000])
    >>> found.penalties, found.best
    (array([1000.,  100.,   10.,    1.]), 10.0)
    """
    if choice not in ("best", "one_se"):
        raise ConfigError(f"choice={choice!r} is neither best nor one_se", "ridge")
    likelihood, observed = prepare(x, time, event, ties, weights, strata, entry, names)
    sets, n = likelihood.sets, len(observed)
    grid = _grid(likelihood, penalties)
    owner = np.arange(n) if patient is None else codes(patient, n, "patient")
    has_event = np.zeros(n, dtype=bool)
    has_event[sets.event_row] = True
    fold = deal(owner, has_event, folds, seed)
    gained, events = np.empty((folds, len(grid))), np.empty(folds)
    worked = rotated(likelihood, np.ones(likelihood.rows.shape[1]))[0] if likelihood.wide else likelihood
    for k in range(folds):
        kept = replace(worked, sets=risk_sets(observed, np.where(fold == k, 0, sets.weights), strata, ties))
        events[k] = sets.mass - kept.sets.mass
        for j, top in enumerate(_descend(kept, grid, NEAR)):
            whole = sets.at(top.eta)
            gained[k, j] = whole.log_likelihood - top.point.log_likelihood if whole else -np.inf
    score = gained.sum(axis=0)
    # The spread of the gain per event, as in glmnet, times the events.
    spread = (gained / events[:, None] - score / events.sum()) ** 2
    error = np.sqrt(events @ spread / events.sum() / (folds - 1)) * events.sum()
    best = int(np.argmax(score))
    one_se = int(np.argmax(score >= score[best] - error[best]))
    chosen = grid[best if choice == "best" else one_se]
    model = cox.fit(
        likelihood.rows,
        time,
        event,
        ties=ties,
        penalty=chosen * likelihood.moments.scale**2,
        weights=weights,
        strata=strata,
        entry=entry,
        cluster=patient,
    )
    edge = "the best penalty is the {} tried: try others beyond it"
    notes = [edge.format(word) for word, j in (("largest", 0), ("smallest", len(grid) - 1)) if best == j]
    return CrossValidated(grid, score, error, float(grid[best]), float(grid[one_se]), fold, model, tuple(notes))


def _grid(likelihood: PartialLikelihood, penalties: int | ArrayLike) -> Array:
    """Falling penalties (m,)."""
    if isinstance(penalties, int | np.integer):
        if penalties < 1:
            raise ConfigError(f"penalties={penalties}: at least one is needed", "ridge")
        # Σ e / (e + λ) over eigenvalues e of the information, the degrees of freedom, is under Σ e / λ.
        largest = likelihood.trace(likelihood.null)
        return largest * np.geomspace(1, SPAN, int(penalties))
    grid = np.unique(np.asarray(penalties, dtype=float))[::-1]
    if grid.ndim != 1 or not len(grid) or not (np.isfinite(grid) & (grid > 0)).all():
        raise ConfigError("penalties must be numbers over 0", "ridge", "an unpenalised fit is cox.fit(x, time, event)")
    return grid


def _descend(likelihood: PartialLikelihood, grid: Array, converged: float) -> Iterator[Summit]:
    """Yield the maximum at each penalty."""
    top = None
    for penalty in grid:
        top = climb(likelihood, np.full(likelihood.rows.shape[1], penalty), top, converged)
        yield top


def deal(owner: Array, has_event: Array, folds: int, seed: int) -> Array:
    """Deal rows to folds by patient: patients in random order, those with an event first, are dealt like cards.

    Parameters
    ----------
    owner : array (n,) of int
        Patients, numbered from 0.
    has_event : array (n,) of bool
    folds, seed : int

    Returns
    -------
    array (n,) of int
        The fold of each row.

    Raises
    ------
    DataError
        Fewer than 2 folds, or more folds than patients with an event.
    """
    n_patients = owner.max() + 1
    ill = np.zeros(n_patients, dtype=bool)
    ill[owner[has_event]] = True
    if not 2 <= folds <= np.count_nonzero(ill):
        raise DataError(
            f"{folds} folds for {np.count_nonzero(ill)} patients with an event",
            "ridge",
            "take 2 folds up to as many as these patients; if there is one, set a penalty (head=cox head.penalty=10)",
        )
    shuffled = np.random.default_rng(seed).permutation(n_patients)
    order = shuffled[np.argsort(~ill[shuffled], kind="stable")]
    fold = np.empty(n_patients, dtype=int)
    fold[order] = np.arange(n_patients) % folds
    return fold[owner]
