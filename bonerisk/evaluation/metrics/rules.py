"""Rules that choose a threshold on tuning films: Youden's index, Fβ, a sensitivity or specificity, net benefit.

A rule scores every candidate by what it would call positive, and the best is taken. Candidates lie midway between
neighbouring distinct risks, as in ``pROC::coords`` (scikit-learn's curves put them on the risks themselves). If several
are equally good, the lowest is taken, which is the most sensitive: a screening test should miss few cases (pROC returns
all of them). A threshold that is no better than calling every film positive, or none, is not fitted.

A score is a function of true and false positives (draws, candidates), the threshold falling from above all risks (where
none is positive) to below them (all are). So a rule works on any `Drawn`: in a bootstrap draw, and, with weights for
censoring, at a horizon (``followed.drawn().at(5.0)``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bonerisk.errors import ConfigError
from bonerisk.evaluation.metrics.metric import divide
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.samples.sample import Array, Drawn

CLOSE = 1e-10  # scores as near as this are equal: far above rounding, far below what one film of 36,000 changes


@dataclass(frozen=True)
class Rule:
    """A named way to choose a threshold.

    Parameters
    ----------
    label : str
        As in the configuration; the threshold bears it, too.
    score : callable
        True and false positives (draws, candidates) → the score of each candidate; higher is better.
    """

    label: str
    score: Callable[[Array, Array], Array]

    def fit(self, drawn: Drawn) -> Threshold:
        """Choose on the films themselves (the first of the draws)."""
        tp, fp = drawn.cumulated
        if not (tp[0, -1] > 0 and fp[0, -1] > 0):
            return Threshold(self.label, None, "not fitted: tuning needs films with and without the outcome")
        value = float(self.values(drawn)[0])
        if np.isnan(value):
            note = "not fitted: on tuning, no threshold does better than calling every film positive, or none"
            return Threshold(self.label, None, note)
        return Threshold(self.label, value)

    def values(self, drawn: Drawn) -> Array:
        """Choose in every draw, as if its films alone were there: thresholds (draws,), NaN if not fitted."""
        tp, fp = drawn.cumulated
        chosen = np.full(len(tp), np.nan)
        if tp.shape[1] < 3:
            return chosen  # one risk, or no film: nothing lies between
        score = self.score(tp, fp)
        between = score[:, 1:-1]
        best = between.max(axis=1)
        fitted = np.flatnonzero((tp[:, -1] > 0) & (fp[:, -1] > 0) & (best > score[:, [0, -1]].max(axis=1) + CLOSE))
        lowest = between.shape[1] - np.argmax((between >= best[:, None] - CLOSE)[fitted, ::-1], axis=1)
        # Risks that a draw doesn't hold are no neighbours: go up to the film with which as many became positive.
        positive = tp[fitted] + fp[fitted]
        enough = positive >= positive[np.arange(len(fitted)), lowest][:, None]
        risk = drawn.sample.risk[drawn.sample.last_of_ties]
        above, below = risk[np.argmax(enough, axis=1) - 1], risk[lowest]
        midway = (above + below) / 2
        chosen[fitted] = np.where(midway > below, midway, above)
        return chosen


def rule(text: str) -> Rule:
    """Rule from its name in a configuration.

    Parameters
    ----------
    text : str
        "youden"; "f1" or any other Fβ, such as "f2" or "f0.5"; "sensitivity=0.9" and "specificity=0.9", to hold at
        least; "sensitivity_near=0.7"; "net_benefit=0.1", the number being the threshold probability.

    Raises
    ------
    ConfigError
        No such rule, or a number out of range.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> round(rule("youden").fit(sample.drawn()).value, 3)
    0.3
    """
    if text == "youden":
        return Rule(text, youden)
    numbered = re.fullmatch(r"(f|sensitivity=|sensitivity_near=|specificity=|net_benefit=)(\d*\.?\d+)", text)
    if numbered:
        name, number = numbered[1].rstrip("="), float(numbered[2])
        if number > 0 and (name == "f" or number < 1):
            return Rule(text, partial(NUMBERED[name], number))
    forms = "youden, f1 (or f2, f0.5), sensitivity=0.9, sensitivity_near=0.7, specificity=0.9, net_benefit=0.1 "
    forms += "(a number between 0 and 1)"
    raise ConfigError(f"no threshold {text!r}", "evaluation", f"choose {forms}, or give a risk as a number")


def given_or_rule(text: str) -> Threshold | Rule:
    """A risk written as a number, or the rule by which one is found.

    Raises
    ------
    ConfigError
        Neither.
    """
    try:
        return Threshold(text, float(text))
    except ValueError:
        return rule(text)


def youden(tp: Array, fp: Array) -> Array:
    """Sensitivity + specificity − 1, as ``pROC::coords(x="best", best.method="youden")``.

    References
    ----------
    Youden 1950, Cancer 3:32.
    """
    return divide(tp, tp[:, -1:]) - divide(fp, fp[:, -1:])


def f_beta(beta: float, tp: Array, fp: Array) -> Array:
    """(1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP): sensitivity counts β times as much as PPV.

    References
    ----------
    van Rijsbergen 1979, Information Retrieval, ch. 7.
    """
    return divide((1 + beta**2) * tp, tp + fp + beta**2 * tp[:, -1:])


def sensitivity(target: float, tp: Array, fp: Array) -> Array:
    """Fewest positive films with at least this sensitivity: the highest threshold (``pROC::coords`` interpolates)."""
    reached = divide(tp, tp[:, -1:]) >= target - CLOSE
    return np.where(reached, -_share_positive(tp, fp), -np.inf)


def sensitivity_near(target: float, tp: Array, fp: Array) -> Array:
    """Fewest positive films with the sensitivity nearest this, which may be lower: with few cases it comes in steps."""
    away = np.abs(divide(tp, tp[:, -1:]) - target)
    return np.where(away <= away[:, 1:-1].min(axis=1, keepdims=True) + CLOSE, -_share_positive(tp, fp), -np.inf)


def specificity(target: float, tp: Array, fp: Array) -> Array:
    """Most positive films with at least this specificity: the lowest threshold (``pROC::coords`` interpolates)."""
    reached = 1 - divide(fp, fp[:, -1:]) >= target - CLOSE
    return np.where(reached, _share_positive(tp, fp), -np.inf)


def net_benefit(probability: float, tp: Array, fp: Array) -> Array:
    """TP/n − FP/n · p/(1 − p): one case found is worth (1 − p)/p false positives.

    For a calibrated model the best threshold is p itself; another one says that its risks are off, or no probabilities.

    References
    ----------
    Vickers & Elkin 2006, Med Decis Making 26:565.
    """
    return divide(tp - fp * probability / (1 - probability), tp[:, -1:] + fp[:, -1:])


def _share_positive(tp: Array, fp: Array) -> Array:
    positive = tp + fp
    return divide(positive, positive[:, -1:])


NUMBERED = {
    "f": f_beta,
    "sensitivity": sensitivity,
    "sensitivity_near": sensitivity_near,
    "specificity": specificity,
    "net_benefit": net_benefit,
}
