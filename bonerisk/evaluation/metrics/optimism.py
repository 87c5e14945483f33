"""How much of what a threshold reaches on tuning films is owed to its having been chosen on them: Harrell's optimism.

In each bootstrap draw of the tuning patients the rule chooses anew. What its threshold reaches in the draw, less what
it reaches on the tuning films themselves, is on average what it promises too much.

References
----------
Efron & Gong 1983, Am Stat 37:36; Harrell, Lee & Mark 1996, Stat Med 15:361.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.resampling import Draws, map_draws
from bonerisk.evaluation.metrics.metric import divide
from bonerisk.evaluation.metrics.rules import Rule
from bonerisk.evaluation.samples.judged import Drawable
from bonerisk.evaluation.samples.sample import Array, Drawn

METRICS = ["sensitivity", "specificity", "youden"]


def optimism(rule: Rule, sample: Drawable[Drawn], draws: Draws) -> pd.DataFrame:
    """Sensitivity, specificity and Youden's index of the threshold that `rule` chooses, apparent and corrected.

    Parameters
    ----------
    rule : Rule
    sample : Sample or AtHorizon
        Tuning films.
    draws : Draws
        Of their patients.

    Returns
    -------
    DataFrame
        metric, estimate (on the films on which the threshold was chosen), optimism, corrected (estimate − optimism) and
        note, which says why numbers are missing, or how many draws are.
    """
    films = sample.drawn()
    fitted = rule.fit(films)
    if fitted.value is None:
        return _table(np.full(3, np.nan), np.full(3, np.nan), fitted.note)

    def excess(drawn: Drawn) -> Array:
        chosen = rule.values(drawn)
        return _reached(drawn, chosen) - _reached(films, chosen)

    found = np.concatenate(map_draws(excess, sample, draws), axis=1)
    usable = found[:, ~np.isnan(found).any(axis=0)]
    lost = found.shape[1] - usable.shape[1]
    note = f"{lost} of {len(draws)} draws left out: the rule finds no threshold in them" if lost else ""
    mean = usable.mean(axis=1) if usable.size else np.full(3, np.nan)
    return _table(_reached(films, np.array([fitted.value]))[:, 0], mean, note)


def _reached(drawn: Drawn, thresholds: Array) -> Array:
    """`METRICS` (3, thresholds), each threshold in its own draw, or all in the only one; NaN at a NaN threshold."""
    tp, fp = drawn.cumulated
    column, row = drawn.sample.column(thresholds), np.arange(len(tp))
    sensitivity, false_positive = (divide(side[row, column], side[row, -1]) for side in (tp, fp))
    found = np.stack([sensitivity, 1 - false_positive, sensitivity - false_positive])
    return np.where(np.isnan(thresholds), np.nan, found)


def _table(estimate: Array, optimism: Array, note: str) -> pd.DataFrame:
    columns = {"estimate": estimate, "optimism": optimism, "corrected": estimate - optimism, "note": note}
    return pd.DataFrame({"metric": METRICS, **columns})
