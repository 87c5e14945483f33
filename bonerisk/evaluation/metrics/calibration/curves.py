"""Calibration curves at a horizon, for figures: smooth with a bootstrap band, and by groups of films."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Draws, distributions, map_draws
from bonerisk.evaluation.metrics.calibration.model import of_follow_up
from bonerisk.evaluation.metrics.curves import GROUP_SIZE, GROUPS
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.followed import DrawnFollowUp, Followed

Array = np.ndarray

ENDS = (0.01, 0.99)  # quantiles of the predicted probability between which the curve is drawn (Austin et al. 2020)
POINTS = 101


def smooth(sample: Followed, horizon: float, draws: Draws, level: float = 0.95) -> pd.DataFrame:
    """Incidence by the horizon as a smooth function of the predicted probability: the curve that `ici` measures from.

    Returns
    -------
    DataFrame
        predicted (evenly spaced from the 1st to the 99th percentile), observed, lower, upper (pointwise). Empty if
        there is no curve.
    """
    model = of_follow_up(sample, horizon, True)
    if model is None or not sample.drawn().followed_to(horizon)[0]:
        return _table([])
    low, high = np.quantile(sample.predicted[horizon], ENDS)
    grid = np.linspace(low, high, POINTS)

    def heights(drawn: DrawnFollowUp) -> Array:
        return model.observed(model.fit(drawn), grid)[drawn.followed_to(horizon)]

    observed, drawn = heights(sample.drawn())[0], np.concatenate(map_draws(heights, sample, draws))
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if np.isnan(observed).any() or not len(drawn):
        return _table([])
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return _table(np.column_stack([grid, observed, lower, upper]))


def groups(sample: Followed, horizon: float, draws: Draws, level: float = 0.95) -> pd.DataFrame:
    """Incidence by the horizon (Kaplan–Meier, Aalen–Johansen) in groups between quantiles of the predicted probability.

    Returns
    -------
    DataFrame
        predicted (mean), observed, lower, upper, n. Films of equal probability stay together; a group that is not
        followed up to the horizon has no observed incidence.
    """
    predicted = sample.predicted[horizon]
    number = int(np.clip(len(sample) // GROUP_SIZE, 1, GROUPS))
    inner = np.unique(np.quantile(predicted, np.linspace(0, 1, number + 1)[1:-1])) if len(sample) else np.empty(0)
    group = np.searchsorted(inner, predicted, side="right")
    rows: list[tuple[float, ...]] = []
    for one in np.unique(group):
        part = sample.where(group == one)
        found = distributions(part, {"": lambda drawn: _incidence(drawn, horizon)}, draws)[""]
        bounds = interval(found, level)
        rows.append((part.predicted[horizon].mean(), found.estimate, bounds.lower, bounds.upper, len(part)))
    return _table(rows, "n").astype({"n": int})


def _incidence(drawn: DrawnFollowUp, horizon: float) -> Values:
    had = drawn.inverse(horizon) @ drawn.sample.had_event(horizon)
    return Values(divide(had, drawn.weights.sum(axis=1)), "nobody is followed up to the horizon")


def _table(rows: Array | list[tuple[float, ...]], *more: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["predicted", "observed", "lower", "upper", *more], dtype=float)
