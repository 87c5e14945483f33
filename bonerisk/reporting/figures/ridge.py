"""How the penalty of a ridge regression was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ridge(path: pd.DataFrame, chosen: float) -> Figure:
    """Cross-validated log-likelihood over the penalties tried, and the one that was taken.

    Parameters
    ----------
    path : DataFrame
        A row a penalty: penalty, score (higher is better), standard_error.
    chosen : float
        The penalty taken.
    """
    with style.panels(style.COLUMN_IN, 2.7) as (figure, [axes]):
        limits = path["score"] - path["standard_error"], path["score"] + path["standard_error"]
        axes.fill_between(path["penalty"], *limits, color=style.BLUE, alpha=0.15, lw=0)
        axes.plot(path["penalty"], path["score"], color=style.BLUE, marker=".")
        taken = path[path["penalty"] == chosen]
        axes.plot(taken["penalty"], taken["score"], "o", color=style.BLUE, mfc="white", ms=7, mew=1.3)
        axes.set(xscale="log", xlabel="Penalty", ylabel="Cross-validated partial\nlog-likelihood")
    return figure
