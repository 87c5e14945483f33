"""What a threshold does: counts, and the proportions of them; `bonerisk.evaluation.metrics.rules` choose one.

A film is positive where its risk is at or above the threshold, so films of equal risk always fall on the same side.
Accuracy, sensitivity, specificity and the predictive values are binomial proportions (Wilson's interval, where every
patient has one film); F1 is none, since its cases count twice, and always gets the bootstrap. A metric here is a
function of `Counts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bonerisk.errors import ConfigError
from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Metric, Values, divide, unfitted
from bonerisk.evaluation.samples.sample import Array, Counts

CountMetric = Callable[[Counts], Values]


@dataclass(frozen=True)
class Threshold:
    """A labelled threshold; `value` is None if it could not be fitted, and `note` says why."""

    label: str
    value: float | None
    note: str = ""


def at(threshold: Threshold, metric: CountMetric) -> Metric:
    """Metric of a drawn sample from one of counts: NaN throughout if the threshold could not be fitted.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> at(Threshold("0.5", 0.5), sensitivity)(sample.drawn()).value.round(3)
    array([0.667])
    """
    value = threshold.value
    return unfitted(threshold.note) if value is None else lambda drawn: metric(drawn.counts(value))


@described(
    About(
        "Sensitivity",
        "threshold",
        lower=0,
        upper=1,
        higher_is_better=True,
        paired=False,
        meaning="Sensitivity: the share of films with the outcome that are at or above the threshold.",
    )
)
def sensitivity(counts: Counts) -> Values:
    """Proportion of films with the outcome that are positive."""
    return _proportion(counts.tp, counts.fn, "no film has the outcome")


@described(
    About(
        "Specificity",
        "threshold",
        lower=0,
        upper=1,
        higher_is_better=True,
        paired=False,
        meaning="Specificity: the share of films without the outcome that are below the threshold.",
    )
)
def specificity(counts: Counts) -> Values:
    """Proportion of films without the outcome that are negative."""
    return _proportion(counts.tn, counts.fp, "every film has the outcome")


@described(
    About(
        "PPV",
        "threshold",
        lower=0,
        upper=1,
        higher_is_better=True,
        paired=False,
        of_prevalence=True,
        meaning="PPV: the share of films at or above the threshold that have the outcome.",
    )
)
def ppv(counts: Counts) -> Values:
    """Proportion of positive films that have the outcome: holds for the prevalence of these films only."""
    return _proportion(counts.tp, counts.fp, "no film is positive")


@described(
    About("PPV at prevalence {}", "threshold", lower=0, upper=1, higher_is_better=True, paired=False),
    "ppv_at_prevalence_{}",
)
def ppv_at_prevalence(prevalence: float) -> CountMetric:
    """PPV where the outcome is as frequent as `prevalence`, from sensitivity and specificity by Bayes' theorem.

    For films whose prevalence is not that of the patients to be screened, such as cases and sampled controls.
    Sensitivity and specificity must be the same in both, which they seldom are where one has milder cases.

    Raises
    ------
    ConfigError
        `prevalence` is not between 0 and 1.

    References
    ----------
    Altman & Bland 1994, BMJ 309:102.
    """
    odds = _odds(prevalence)

    def metric(counts: Counts) -> Values:
        true, false = odds * _rate(counts.tp, counts.fn), _rate(counts.fp, counts.tn)
        return Values(divide(true, true + false), "no film is positive, or the outcomes are all equal")

    return metric


@described(
    About(
        "NPV",
        "threshold",
        lower=0,
        upper=1,
        higher_is_better=True,
        paired=False,
        of_prevalence=True,
        meaning="NPV: the share of films below the threshold that do not have the outcome.",
    )
)
def npv(counts: Counts) -> Values:
    """Proportion of negative films without the outcome: holds for the prevalence of these films only."""
    return _proportion(counts.tn, counts.fn, "no film is negative")


@described(
    About("NPV at prevalence {}", "threshold", lower=0, upper=1, higher_is_better=True, paired=False),
    "npv_at_prevalence_{}",
)
def npv_at_prevalence(prevalence: float) -> CountMetric:
    """NPV where the outcome is as frequent as `prevalence`; see `ppv_at_prevalence`."""
    odds = _odds(prevalence)

    def metric(counts: Counts) -> Values:
        true, false = _rate(counts.tn, counts.fp), odds * _rate(counts.fn, counts.tp)
        return Values(divide(true, true + false), "no film is negative, or the outcomes are all equal")

    return metric


@described(
    About(
        "Accuracy",
        "threshold",
        lower=0,
        upper=1,
        higher_is_better=True,
        paired=False,
        of_prevalence=True,
        meaning="Accuracy: the share of films on the right side of the threshold.",
    )
)
def accuracy(counts: Counts) -> Values:
    """Proportion of films on the right side."""
    return _proportion(counts.tp + counts.tn, counts.fp + counts.fn, "no films")


@described(
    About(
        "F1 score",
        "threshold",
        lower=0,
        upper=1,
        higher_is_better=True,
        paired=False,
        of_prevalence=True,
        meaning="F1 score: the harmonic mean of sensitivity and PPV.",
    )
)
def f1(counts: Counts) -> Values:
    """Harmonic mean of sensitivity and PPV, 2·TP / (2·TP + FP + FN)."""
    twice = 2 * counts.tp
    return Values(divide(twice, twice + counts.fp + counts.fn), "no film is positive or has the outcome")


def at_prevalence(prevalence: float | None) -> dict[str, CountMetric]:
    """PPV and NPV at a prevalence by the names they have in the metrics table; none without one."""
    if prevalence is None:
        return {}
    kinds = {"ppv": ppv_at_prevalence, "npv": npv_at_prevalence}
    return {f"{name}_at_prevalence_{prevalence:g}": of(prevalence) for name, of in kinds.items()}


def _odds(prevalence: float) -> float:
    if not 0 < prevalence < 1:
        raise ConfigError(f"prevalence {prevalence}", "evaluation", "take one between 0 and 1, such as 0.05")
    return prevalence / (1 - prevalence)


def _rate(part: Array, rest: Array) -> Array:
    return divide(part, part + rest)


@described(
    About(
        "κ",
        "threshold",
        lower=-1,
        upper=1,
        higher_is_better=True,
        of_prevalence=True,
        meaning="Cohen's κ: agreement of what the threshold calls and the outcome, beyond chance; 1 is perfect.",
    )
)
def kappa(counts: Counts) -> Values:
    """Cohen's κ of two calls of yes or no, as ``irr::kappa2``.

    References
    ----------
    Cohen 1960, Educ Psychol Meas 20:37.
    """
    tp, fp, fn, tn = counts.tp, counts.fp, counts.fn, counts.tn
    by_chance = (tp + fp) * (fp + tn) + (fn + tn) * (tp + fn)
    return Values(divide(2 * (tp * tn - fp * fn), by_chance), "both call all films alike")


def _proportion(successes: Array, failures: Array, undefined: str) -> Values:
    trials = successes + failures
    return Values(divide(successes, trials), undefined, trials)
