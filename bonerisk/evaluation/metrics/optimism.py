"""How much better a threshold is on the tuning films it was chosen on than on others: Harrell's optimism.

In each bootstrap draw of the tuning patients the rule chooses a threshold again. The optimism is the mean, over the
draws, of what that threshold reaches in the draw, less what it reaches on the tuning films themselves.

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
        Draws of their patients.

    Returns
    -------
    DataFrame
        metric, estimate (on the films on which the threshold was chosen), optimism, corrected (estimate − optimism) and
        note, which says why numbers are missing, or how many draws are.

    Examples
    --------
    >>> from bonerisk.evaluation.metrics.rules import rule
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> optimism(rule("youden"), sample, Draws.of(6, n_draws=50))[["metric", "estimate", "corrected"]].round(2)
            metric  estimate  corrected
    0  sensitivity      1.00       0.85
    1  specificity      0.67       0.57
    2       youden      0.67       0.43
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
