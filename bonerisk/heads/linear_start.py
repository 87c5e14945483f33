"""A ridge model that boosted trees start from: they only add what it lacks.

Trees need many rows to draw a straight line, which a ridge model has at once. The rate, depth and number of trees are
those of the lowest loss on tuning, which is partly luck. Trees of this size are therefore cross-validated on the
training split, which did not choose them; if they do not lower the loss there, the linear model stays alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bonerisk.heads.fitted_logistic import LogisticRidge
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import ridge
from bonerisk.survival.ridge import deal
from bonerisk.survival.risk_sets import codes

Array = np.ndarray

FOLDS = 5  # of patients, for the penalty and for the trees


@dataclass(frozen=True)
class Line:
    """A linear predictor.

    Parameters
    ----------
    slopes : array (width,)
        Per unit of the features as given.
    reference : array (width,)
        Mean features of the training rows.
    at_reference : float
        Predictor there.
    """

    slopes: Array
    reference: Array
    at_reference: float = 0.0

    def __call__(self, x: Array) -> Array:
        """Linear predictor (n,) of features (n, width)."""
        return self.at_reference + self.contributions(x).sum(axis=1)

    def contributions(self, x: Array) -> Array:
        """What each feature adds to the predictor of the mean features, (n, width)."""
        return (x - self.reference) * self.slopes

    def tensors(self) -> dict[str, Array]:
        """Arrays to save."""
        return {
            "line_slopes": self.slopes,
            "line_reference": self.reference,
            "line_at_reference": np.array([self.at_reference]),
        }

    @classmethod
    def restored(cls, tensors: Mapping[str, Array]) -> Line | None:
        """Line from what `tensors` returned; None if there is none among them."""
        if "line_slopes" not in tensors:
            return None
        return cls(tensors["line_slopes"], tensors["line_reference"], float(tensors["line_at_reference"][0]))


@dataclass(frozen=True)
class LinearStart:
    """A kind of ridge model that trees can start from; its penalty is chosen by patient-grouped cross-validation.

    Parameters
    ----------
    fit : callable
        Features (n, width), outcomes, names and seed → line. Raises DataError if too few patients have the event.
    loss : callable
        Linear predictor (n,) and outcomes → mean loss, as XGBoost reports it.
    event : callable
        Outcomes → whether a row has the event, (n,) of bool.
    """

    fit: Callable[[Array, RowOutcomes, list[str], int], Line]
    loss: Callable[[Array, RowOutcomes], float]
    event: Callable[[RowOutcomes], Array]

    def folds(self, outcomes: RowOutcomes, seed: int) -> list[Array]:
        """Rows of each fold, as masks (n,), dealt by patient."""
        fold = deal(codes(outcomes.patient, len(outcomes), "patient"), self.event(outcomes), FOLDS, seed)
        return [fold == k for k in range(FOLDS)]


def _log_odds(x: Array, outcomes: RowOutcomes, names: list[str], seed: int) -> Line:
    model = LogisticRidge(names, folds=FOLDS)
    model.fit(x, outcomes, (x, outcomes), seed)
    reference, slopes = x.mean(axis=0, dtype=float), model.coefficients[1:]
    return Line(slopes, reference, float(model.coefficients[0] + reference @ slopes))


def _log_hazard(x: Array, outcomes: RowOutcomes, names: list[str], seed: int) -> Line:
    followed = outcomes.followed
    found = ridge.cross_validate(
        x, followed.time, followed.event, patient=outcomes.patient, folds=FOLDS, seed=seed, names=names
    )
    return Line(found.model.coefficients, found.model.reference)


def _logistic_loss(predictor: Array, outcomes: RowOutcomes) -> float:
    """Minus the log-likelihood, per row."""
    return float((np.logaddexp(0, predictor) - outcomes.labelled * predictor).mean())


def _cox_loss(predictor: Array, outcomes: RowOutcomes) -> float:
    """Minus the log partial likelihood with Breslow ties, per event."""
    time, event = outcomes.followed.time, outcomes.followed.event
    falling = np.argsort(-time, kind="stable")
    log_sum = np.logaddexp.accumulate(predictor[falling])  # over rows that are followed as long or longer
    last = np.searchsorted(-time[falling], -time[event], side="right") - 1
    return float((log_sum[last] - predictor[event]).mean())


LOG_ODDS = LinearStart(_log_odds, _logistic_loss, lambda outcomes: outcomes.labelled == 1)
LOG_HAZARD = LinearStart(_log_hazard, _cox_loss, lambda outcomes: outcomes.followed.event)
