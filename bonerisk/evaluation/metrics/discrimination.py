"""How well risk ranks: AUC and average precision, over many bootstrap draws at once.

Films of equal risk are one step of the curve. So ties count exactly one half in the AUC, and the order of the rows of
a table changes nothing.
"""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.sample import Drawn

ONE_CLASS = "the AUC needs films with and without the outcome"


@described(
    About(
        "AUC",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        meaning="AUC: how often a film with the outcome gets a higher risk than one without; 0.5 is chance.",
    )
)
def auc(drawn: Drawn) -> Values:
    """Area under the ROC curve: P(risk of a case > risk of a control) + ½ P(equal).

    The trapezoidal area Σ (FPₖ − FPₖ₋₁)(TPₖ + TPₖ₋₁) / (2·P·N) over distinct risks, which is the Mann–Whitney
    statistic with ties at one half; equal to ``pROC::auc(direction="<")`` and ``sklearn.metrics.roc_auc_score``.
    Nothing is flipped: a risk that ranks backwards has an AUC under 0.5 (pROC's default direction would turn it round).

    References
    ----------
    Hanley & McNeil 1982, Radiology 143:29.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> auc(sample.drawn()).value.round(3)
    array([0.889])
    """
    tp, fp = drawn.cumulated
    area = np.einsum("ij,ij->i", np.diff(fp, axis=1), tp[:, 1:] + tp[:, :-1]) / 2
    return Values(divide(area, tp[:, -1] * fp[:, -1]), ONE_CLASS)


@described(
    About(
        "Average precision",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        of_prevalence=True,
        meaning="Average precision: the mean, over the films with the outcome, of the share of films at or above their "
        "risk that have it; the share of films with the outcome is chance.",
    )
)
def average_precision(drawn: Drawn) -> Values:
    """Mean precision over the cases: Σ (Rₖ − Rₖ₋₁) Pₖ over distinct risks.

    As ``sklearn.metrics.average_precision_score``. The trapezoid under the precision–recall curve, which some packages
    give as "PR AUC", is too high. A risk that says nothing reaches the prevalence, so values from sets of other
    prevalence don't compare.

    References
    ----------
    Davis & Goadrich 2006, ICML (why not the trapezoid).

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> average_precision(sample.drawn()).value.round(3)
    array([0.917])
    """
    tp, fp = drawn.cumulated
    positive = tp[:, 1:] + fp[:, 1:]
    # A draw may hold none of the films of highest risk: there 0 of 0 is found, and no case is gained.
    precision = np.divide(tp[:, 1:], positive, out=np.zeros_like(positive), where=positive > 0)
    gained = np.einsum("ij,ij->i", np.diff(tp, axis=1), precision)
    return Values(divide(gained, tp[:, -1]), "average precision needs films with the outcome")
