"""Calibration: what was observed where a risk was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def calibration(
    groups: pd.DataFrame,
    risk: pd.Series,
    title: str,
    labels: tuple[str, str, str],
    smooth: pd.DataFrame | None = None,
) -> Figure:
    """Observed over predicted, in groups of risk and as a smooth curve, and under it how the risks are spread.

    Parameters
    ----------
    groups : DataFrame
        Rows of one split and model: predicted, observed, lower, upper, n.
    risk : Series (n,)
        The predicted probabilities themselves.
    title : str
    labels : tuple of str
        What is predicted, what is observed, and what the histogram counts.
    smooth : DataFrame, optional
        predicted, observed, lower, upper. With it, the axes end with the data, since most of a horizon's risks are
        low, and are in percent; without, they are those of all probabilities.
    """
    top = 1.0 if smooth is None else end(groups, risk, smooth)
    predicted, observed, counted = labels
    with style.panels(style.COLUMN_IN, 4.1) as (figure, [axes]):
        axes.plot([0, top], [0, top], color="0.75", linewidth=0.8, zorder=1)
        if smooth is not None and len(smooth):
            axes.plot(smooth["predicted"], smooth["observed"], color=style.BLUE, linewidth=1.3)
            limits = smooth["lower"], smooth["upper"]
            axes.fill_between(smooth["predicted"], *limits, color=style.BLUE, alpha=0.15, lw=0)
        away = [groups["observed"] - groups["lower"], groups["upper"] - groups["observed"]]
        axes.errorbar(
            groups["predicted"], groups["observed"], yerr=np.clip(away, 0, None),
            fmt="o", color=style.BLUE, mec="white", ms=6, elinewidth=1, capsize=0,
        )  # fmt: skip
        margin = 0.01 * top
        axes.set(xlim=(-margin, top + margin), ylim=(-margin, top + margin), aspect="equal", ylabel=observed)
        axes.set_title(title)
        below = axes.inset_axes((0, -0.2, 1, 0.16), sharex=axes)
        below.hist(risk, bins=25, range=(0, top), color=style.BLUE, alpha=0.5)
        below.spines["left"].set_visible(False)
        below.set(yticks=[], xlabel=predicted)
        below.set_ylabel(counted, rotation=0, ha="right", va="center")
        if smooth is not None:
            style.in_percent(axes.xaxis, axes.yaxis)
        axes.tick_params(labelbottom=False)
    return figure


def end(groups: pd.DataFrame, risk: pd.Series, smooth: pd.DataFrame) -> float:
    """Where the axes end: beyond 99% of the risks, the groups and the curve, but not all of its band."""
    ends = [risk.quantile(0.99), groups["predicted"].max(), groups["upper"].max(), smooth["observed"].max()]
    return float(min(1.0, 1.05 * np.nanmax(ends)))
