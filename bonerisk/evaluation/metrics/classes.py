"""How well classes in order are ranked and predicted; each class against the rest is judged by binary metrics.

References
----------
Epstein 1969, J Appl Meteorol 8:985 (ranked probability score); Brier 1950, Mon Weather Rev 78:1; Van Calster et al.
2012, Stat Med 31:2610 (AUC of the cuts of ordered classes).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bonerisk.evaluation.metrics import discrimination, error, thresholds
from bonerisk.evaluation.metrics.calibration import binary
from bonerisk.evaluation.metrics.catalogue import About, declaration, described
from bonerisk.evaluation.metrics.metric import Values
from bonerisk.evaluation.samples.classed import DrawnClasses, K

ONE_CLASS = "the AUC needs films of two classes"
NOBODY = "no films"

# Binary metrics of one class against the rest: "auc_osteoporosis".
ABOUT = {
    f"{of.__name__}_{{}}": replace(
        declaration(of), name=f"{declaration(of).name}, {{}}", kind="class", paired=False, meaning=""
    )
    for of in (
        discrimination.auc,
        discrimination.average_precision,
        error.brier,
        binary.o_e,
        binary.calibration_slope,
        thresholds.accuracy,
        thresholds.sensitivity,
        thresholds.specificity,
        thresholds.ppv,
        thresholds.npv,
        thresholds.f1,
    )
}


@described(
    About(
        "Ordinal AUC",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        meaning="Ordinal AUC: the mean of two AUCs by the expected class, that of low bone mass or worse and that of "
        "osteoporosis; 0.5 is chance.",
    )
)
def ordinal_auc(drawn: DrawnClasses) -> Values:
    """Mean AUC of the cumulative cuts: each class or a worse one against better ones, by the risk.

    A cut without films on both sides of it in the sample is left out, and the note says so. In a draw where a cut of
    the sample has films on one side only, the value is NaN.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.classed import Classed
    >>> films = Classed.of([0, 0, 1, 1, 2], None, risk=[0.1, 0.8, 0.5, 0.9, 1.2])
    >>> ordinal_auc(films.drawn()).value.round(3)  # of 5/6 and 1
    array([0.917])
    """
    label = drawn.sample.label
    cuts = [cut for cut in range(1, K) if 0 < (label >= cut).sum() < len(label)]
    if not cuts:
        return Values(np.full(len(drawn.weights), np.nan), ONE_CLASS)
    areas = [discrimination.auc(drawn.from_class(cut)).value for cut in cuts]
    note = "" if len(cuts) == K - 1 else f"of {len(cuts)} of {K - 1} cuts: at the others all films are on one side"
    return Values(np.mean(areas, axis=0), ONE_CLASS, note=note)


@described(
    About(
        "Ranked probability score",
        "error",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=False,
        of_prevalence=True,
        meaning="Ranked probability score: the mean Brier score of the cumulative cuts, so that a probability two "
        "classes away costs more than one of the next class; 0 is perfect.",
    )
)
def ranked_probability(drawn: DrawnClasses) -> Values:
    """Mean of Σₖ (Fₖ − Oₖ)² / (K − 1), F and O cumulated over the K classes, as R's ``verification::rps``.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.classed import Classed
    >>> films = Classed.of([0, 2], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])  # (0.25 + 0.04) / 2 and (0.25 + 0.64) / 2
    >>> ranked_probability(films.drawn()).value.round(3)
    array([0.295])
    """
    predicted, observed = drawn.cumulated
    return Values(drawn.mean(((predicted - observed) ** 2).mean(axis=1)), NOBODY)


@described(
    About(
        "Brier score, all classes",
        "error",
        decimals=3,
        lower=0,
        upper=2,
        higher_is_better=False,
        of_prevalence=True,
        meaning="Brier score of all classes: the squared distances of the probabilities from the class, summed over "
        "the classes; 0 is perfect, 2 the worst.",
    )
)
def brier_of_classes(drawn: DrawnClasses) -> Values:
    """Mean of Σₖ (pₖ − yₖ)² over the classes, from 0 to 2: Brier's own, which for two classes is twice the usual.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.classed import Classed
    >>> films = Classed.of([0, 2], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])  # 0.25 + 0.09 + 0.04 and 0.25 + 0.09 + 0.64
    >>> brier_of_classes(films.drawn()).value.round(3)
    array([0.68])
    """
    predicted, observed = drawn.parted
    return Values(drawn.mean(((predicted - observed) ** 2).sum(axis=1)), NOBODY)
