"""Calibration: what was observed where a risk was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting import words
from bonerisk.reporting.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def calibration(groups: pd.DataFrame, risk: pd.Series, title: str) -> Figure:
    """Observed proportion over mean predicted risk, in groups of risk, and under it how the risks are spread.

    Parameters
    ----------
    groups : DataFrame
        Of one split and model: predicted, observed, lower, upper, n.
    risk : Series (n,)
        The predicted probabilities themselves.
    title : str
    """
    with style.panels(style.COLUMN_IN, 4.4) as (figure, [axes]):
        axes.plot([0, 1], [0, 1], color="0.75", linewidth=0.8, zorder=1)
        limits = [groups["observed"] - groups["lower"], groups["upper"] - groups["observed"]]
        axes.errorbar(
            groups["predicted"], groups["observed"], yerr=np.clip(limits, 0, None),
            fmt="o", color=style.BLUE, mec="white", ms=6, elinewidth=1, capsize=0,
        )  # fmt: skip
        axes.set(
            xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", ylabel=f"Observed proportion with {words.OUTCOME}"
        )
        axes.set_title(title)
        axes.tick_params(labelbottom=False)
        below = axes.inset_axes((0, -0.2, 1, 0.16), sharex=axes)
        below.hist(risk, bins=25, range=(0, 1), color=style.BLUE, alpha=0.5)
        below.spines["left"].set_visible(False)
        below.set(yticks=[], xlabel="Predicted risk")
        below.set_ylabel("films", rotation=0, ha="right", va="center")
    return figure
