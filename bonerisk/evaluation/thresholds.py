"""What a threshold does: counts, the proportions of them, and the threshold that Youden's index finds on tuning.

A film is positive where its risk is at or above the threshold, so films of equal risk always fall on the same side.
Accuracy, sensitivity, specificity and the predictive values are binomial proportions (Wilson's interval, where every
patient has one film); F1 is none, since its cases count twice, and always gets the bootstrap. A metric here is a
function of `Counts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bonerisk.evaluation.metric import Metric, Values, divide, unfitted
from bonerisk.evaluation.sample import Array, Counts, Sample

CountMetric = Callable[[Counts], Values]


@dataclass(frozen=True)
class Threshold:
    """A labelled threshold; `value` is None where it could not be fitted, and `note` says why."""

    label: str
    value: float | None
    note: str = ""


def at(threshold: Threshold, metric: CountMetric) -> Metric:
    """Metric of a drawn sample from one of counts: NaN throughout where the threshold could not be fitted."""
    value = threshold.value
    return unfitted(threshold.note) if value is None else lambda drawn: metric(drawn.counts(value))


def accuracy(counts: Counts) -> Values:
    """Proportion of films on the right side."""
    return _proportion(counts.tp + counts.tn, counts.fp + counts.fn, "no films")


def sensitivity(counts: Counts) -> Values:
    """Proportion of films with the outcome that are positive."""
    return _proportion(counts.tp, counts.fn, "no film has the outcome")


def specificity(counts: Counts) -> Values:
    """Proportion of films without the outcome that are negative."""
    return _proportion(counts.tn, counts.fp, "every film has the outcome")


def ppv(counts: Counts) -> Values:
    """Proportion of positive films that have the outcome: holds for the prevalence of these films only."""
    return _proportion(counts.tp, counts.fp, "no film is positive")


def npv(counts: Counts) -> Values:
    """Proportion of negative films without the outcome: holds for the prevalence of these films only."""
    return _proportion(counts.tn, counts.fn, "no film is negative")


def f1(counts: Counts) -> Values:
    """Harmonic mean of sensitivity and PPV, 2·TP / (2·TP + FP + FN)."""
    twice = 2 * counts.tp
    return Values(divide(twice, twice + counts.fp + counts.fn), "no film is positive or has the outcome")


def youden(sample: Sample) -> Threshold:
    """Threshold of the highest sensitivity + specificity − 1.

    Candidates lie midway between neighbouring distinct risks, as in ``pROC::coords(x="best", best.method="youden")``
    (scikit-learn's curves put them on the risks themselves). Of equally good ones the lowest is taken, the more
    sensitive: a screen would rather recall; pROC returns all of them. One no better than chance is not fitted.

    References
    ----------
    Youden 1950, Cancer 3:32.
    """
    if not 0 < sample.n_events < len(sample):
        return Threshold("youden", None, "not fitted: tuning needs films with and without the outcome")
    tp, fp = (row[0] for row in sample.drawn().cumulated)
    index = (tp / tp[-1] - fp / fp[-1])[1:-1]  # the ends call all films positive or none
    if not len(index) or index.max() <= 0:
        return Threshold("youden", None, "not fitted: no threshold beats chance on tuning")
    best = np.flatnonzero(np.isclose(index, index.max(), rtol=0, atol=1e-12))[-1]
    above, below = sample.risk[sample.last_of_ties[best : best + 2]]
    midway = (above + below) / 2
    return Threshold("youden", float(midway if midway > below else above))


def _proportion(successes: Array, failures: Array, undefined: str) -> Values:
    trials = successes + failures
    return Values(divide(successes, trials), undefined, trials)
