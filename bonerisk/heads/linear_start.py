"""A ridge model that boosted trees start from: they only add what it lacks.

Trees need many rows to draw a straight line, which a ridge model has at once. The rate, depth and number of trees are
those of the lowest loss on tuning, which is partly luck. Trees of this size are therefore cross-validated on the
training split, which did not choose them; if they do not raise the likelihood there, the linear model stays alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bonerisk.heads.fitted_logistic import LogisticRidge, rarer
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import cox, ridge
from bonerisk.survival.ridge import deal
from bonerisk.survival.risk_sets import codes

Array = np.ndarray

FOLDS = 5  # of patients, for the penalty and for the trees
SMALL = 0.01  # penalty of a slope near 1


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
    log_likelihood : callable
        Margin (n,), outcomes and fold (n,) → log-likelihood of the outcomes.
    event : callable
        Outcomes → whether a row has the event, or the rarer label, (n,) of bool.
    """

    fit: Callable[[Array, RowOutcomes, list[str], int], Line]
    log_likelihood: Callable[[Array, RowOutcomes, Array], float]
    event: Callable[[RowOutcomes], Array]

    def folds(self, outcomes: RowOutcomes, seed: int) -> Array:
        """Fold (n,) of each row, dealt by patient."""
        return deal(codes(outcomes.patient, len(outcomes), "patient"), self.event(outcomes), FOLDS, seed)


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


def _of_labels(margin: Array, outcomes: RowOutcomes, fold: Array) -> float:
    return float((outcomes.labelled * margin - np.logaddexp(0, margin)).sum())


def _of_times(margin: Array, outcomes: RowOutcomes, fold: Array) -> float:
    """That of a Cox model of the margin: as for probabilities, its rank counts and not its spread.

    Trees spread the risks of a few early events too far. Folds are strata, since a margin has any constant. The small
    penalty is for margins that rank all events first, whose slope is infinite.
    """
    followed = outcomes.followed
    return cox.fit(margin[:, None], followed.time, followed.event, strata=fold, penalty=SMALL).log_likelihood


LOG_ODDS = LinearStart(_log_odds, _of_labels, lambda outcomes: rarer(outcomes.labelled))
LOG_HAZARD = LinearStart(_log_hazard, _of_times, lambda outcomes: outcomes.followed.event)
