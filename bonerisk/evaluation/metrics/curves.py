"""Curves for figures: ROC and precision–recall with pointwise bootstrap bands, and calibration by groups of risk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Draws, distributions, map_draws
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.followed import AtHorizon
from bonerisk.evaluation.samples.sample import Array, Drawn, Sample

GRID = np.linspace(0, 1, 101)
GROUPS, GROUP_SIZE = 10, 20  # at most so many calibration groups, each of at least so many films


def roc(sample: Sample | AtHorizon, draws: Draws, level: float = 0.95) -> pd.DataFrame:
    """Sensitivity at each false positive rate, between the curve's corners by straight lines.

    Returns
    -------
    DataFrame
        false_positive_rate, sensitivity, lower, upper; first the corner (0, 0). Empty if there is one outcome only.
    """
    if not _both(sample):
        return pd.DataFrame(columns=["false_positive_rate", "sensitivity", "lower", "upper"], dtype=float)

    def heights(tp: Array, fp: Array) -> Array:
        return np.interp(GRID, fp / fp[-1], tp / tp[-1])

    corner = pd.DataFrame({"false_positive_rate": [0.0], "sensitivity": 0.0, "lower": 0.0, "upper": 0.0})
    band = _band(sample, draws, heights, level)
    points = pd.DataFrame({"false_positive_rate": GRID, **band}).rename(columns={"y": "sensitivity"})
    return pd.concat([corner, points], ignore_index=True)


def precision_recall(sample: Sample | AtHorizon, draws: Draws, level: float = 0.95) -> pd.DataFrame:
    """Precision at the highest threshold that reaches each recall: the steps whose area is the average precision.

    Returns
    -------
    DataFrame
        recall (over 0), precision, lower, upper. Empty if there is one outcome only.
    """
    if not _both(sample):
        return pd.DataFrame(columns=["recall", "precision", "lower", "upper"], dtype=float)
    recalls = GRID[1:]

    def heights(tp: Array, fp: Array) -> Array:
        reached = np.searchsorted(tp, recalls * tp[-1] - 1e-9)  # a recall of exactly 0.7 is 7 of 10, whatever its bits
        return tp[reached] / (tp[reached] + fp[reached])

    band = _band(sample, draws, heights, level)
    return pd.DataFrame({"recall": recalls, **band}).rename(columns={"y": "precision"})


def calibration(sample: Sample, draws: Draws, level: float = 0.95) -> pd.DataFrame:
    """Observed proportion of the outcome in groups between quantiles of risk; films of equal risk stay together.

    Returns
    -------
    DataFrame
        predicted (mean risk), observed, lower, upper, n.

    Examples
    --------
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> calibration(sample, Draws.of(6, n_draws=50))[["predicted", "observed", "n"]].round(3)
       predicted  observed  n
    0      0.517       0.5  6
    """
    groups = int(np.clip(len(sample) // GROUP_SIZE, 1, GROUPS))
    inner = np.unique(np.quantile(sample.risk, np.linspace(0, 1, groups + 1)[1:-1])) if len(sample) else np.empty(0)
    group = np.searchsorted(inner, sample.risk, side="right")
    rows = []
    for number in np.unique(group):
        part = sample.where(group == number)
        observed = distributions(part, {"observed": _observed}, draws)["observed"]
        bounds = interval(observed, level)
        rows.append((part.risk.mean(), observed.estimate, bounds.lower, bounds.upper, len(part)))
    return pd.DataFrame(rows, columns=["predicted", "observed", "lower", "upper", "n"], dtype=float).astype({"n": int})


def _both(sample: Sample | AtHorizon) -> bool:
    """Whether there are films with and without the outcome."""
    return all(len(row[0]) and row[0, -1] > 0 for row in sample.drawn().cumulated)


def _observed(drawn: Drawn) -> Values:
    films = drawn.weights.sum(axis=1)
    return Values(divide(drawn.weights @ drawn.sample.label, films), "no films", films)


def _band(
    sample: Sample | AtHorizon, draws: Draws, heights: Callable[[Array, Array], Array], level: float
) -> dict[str, Array]:
    """Curve (`y`) over all films, and bounds over the draws that hold both outcomes."""

    def of(drawn: Drawn) -> list[Array]:
        return [heights(*pair) for pair in zip(*drawn.cumulated, strict=True) if pair[0][-1] > 0 and pair[1][-1] > 0]

    drawn = [curve for chunk in map_draws(of, sample, draws) for curve in chunk]
    whole = [heights(*(row[0] for row in sample.drawn().cumulated))]
    lower, upper = np.quantile(drawn or whole, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return {"y": whole[0], "lower": lower, "upper": upper}
