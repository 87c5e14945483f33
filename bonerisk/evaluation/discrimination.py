"""How well risk ranks: AUC and average precision, over many bootstrap draws at once.

Films of equal risk are one step of the curve. That makes ties exact: they count one half in the AUC, and the order in
which a table happens to hold them changes nothing.
"""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.sample import Array, Sample, Values, divide

ONE_CLASS = "the AUC needs films with and without the outcome"


def cumulate(sample: Sample, weights: Array) -> tuple[Array, Array]:
    """True and false positives (draws, distinct risks + 1), the threshold falling from above all risks."""
    return _summed(sample, weights * sample.label), _summed(sample, weights * (1 - sample.label))


def _summed(sample: Sample, weights: Array) -> Array:
    """Running sums (draws, distinct risks + 1) over films of falling risk, from 0."""
    sums = np.zeros((len(weights), len(sample) + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    steps = sample.last_of_ties + 1
    return sums if len(steps) == len(sample) else sums[:, np.insert(steps, 0, 0)]


def auc(sample: Sample, weights: Array) -> Values:
    """Area under the ROC curve: P(risk of a case > risk of a control) + ½ P(equal).

    The trapezoidal area Σ (FPₖ − FPₖ₋₁)(TPₖ + TPₖ₋₁) / (2·P·N) over distinct risks, which is the Mann–Whitney
    statistic with ties at one half; equal to ``pROC::auc(direction="<")`` and ``sklearn.metrics.roc_auc_score``.
    Nothing is flipped: a risk that ranks backwards has an AUC under 0.5 (pROC's default direction would turn it round).

    References
    ----------
    Hanley & McNeil 1982, Radiology 143:29.
    """
    tp, fp = cumulate(sample, weights)
    area = np.einsum("ij,ij->i", np.diff(fp, axis=1), tp[:, 1:] + tp[:, :-1]) / 2
    return Values(divide(area, tp[:, -1] * fp[:, -1]), ONE_CLASS)


def average_precision(sample: Sample, weights: Array) -> Values:
    """Mean precision over the cases: Σ (Rₖ − Rₖ₋₁) Pₖ over distinct risks.

    As ``sklearn.metrics.average_precision_score``. The trapezoid under the precision–recall curve, which some packages
    give as "PR AUC", is too high. A risk that says nothing reaches the prevalence, so values from sets of other
    prevalence don't compare.

    References
    ----------
    Davis & Goadrich 2006, ICML (why not the trapezoid).
    """
    tp, fp = cumulate(sample, weights)
    positive = tp[:, 1:] + fp[:, 1:]
    # A draw may hold none of the films of highest risk: there 0 of 0 is found, and no case is gained.
    precision = np.divide(tp[:, 1:], positive, out=np.zeros_like(positive), where=positive > 0)
    gained = np.einsum("ij,ij->i", np.diff(tp, axis=1), precision)
    return Values(divide(gained, tp[:, -1]), "average precision needs films with the outcome")
