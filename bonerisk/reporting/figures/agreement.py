"""Estimated T-scores beside those read: film by film, and their differences (Bland–Altman)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.wording.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LIMITS = (-1.0, -2.5)  # WHO's
LINES = {"upper_limit": "+1.96 SD", "mean_error": "Mean", "lower_limit": "−1.96 SD"}


def estimates(films: pd.DataFrame, title: str) -> Figure:
    """T-scores read over those estimated, with the line of identity and that of least squares.

    Parameters
    ----------
    films : DataFrame
        Rows of one split and model: estimate, observed.
    title : str
    """
    x, y = films["estimate"].to_numpy(), films["observed"].to_numpy()
    ends = np.array([min(x.min(), y.min()) - 0.2, max(x.max(), y.max()) + 0.2])
    with style.panels(style.COLUMN_IN, 3.6) as (figure, [axes]):
        axes.plot(ends, ends, color="0.75", linewidth=0.8, zorder=1)
        for limit in LIMITS:
            axes.axhline(limit, color="0.75", linewidth=0.6, linestyle=":", zorder=1)
            axes.axvline(limit, color="0.75", linewidth=0.6, linestyle=":", zorder=1)
        _points(axes, x, y)
        if np.ptp(x) > 0:
            slope, start = np.polyfit(x, y, 1)
            reach = np.array([x.min(), x.max()])
            axes.plot(reach, start + slope * reach, color=style.VERMILION)
        axes.set(xlim=ends, ylim=ends, aspect="equal", xlabel="Estimated T-score", ylabel="T-score by DXA")
        axes.set_title(title)
    return figure


def bland_altman(films: pd.DataFrame, metrics: pd.DataFrame, title: str) -> Figure:
    """Estimate less reading over the mean of both, with the limits of agreement and their intervals.

    Parameters
    ----------
    films : DataFrame
        Rows of one split and model: estimate, observed.
    metrics : DataFrame
        The model's metrics, by name: those of `LINES` are drawn, with estimate, lower, upper.
    title : str
    """
    mean, error = films[["estimate", "observed"]].mean(axis=1), films["estimate"] - films["observed"]
    with style.panels(style.COLUMN_IN, 3.0) as (figure, [axes]):
        axes.axhline(0, color="0.75", linewidth=0.8, zorder=1)
        _points(axes, mean.to_numpy(), error.to_numpy())
        for name in metrics.index.intersection(list(LINES)):
            row = metrics.loc[name]
            look = "-" if name == "mean_error" else "--"
            axes.axhline(row["estimate"], color=style.VERMILION, linewidth=1.1, linestyle=look)
            axes.axhspan(row["lower"], row["upper"], color=style.VERMILION, alpha=0.12, linewidth=0)
            text = f"{LINES[name]}\n{number(row['estimate'], 2)}"
            axes.text(1.01, row["estimate"], text, transform=axes.get_yaxis_transform(), va="center", fontsize=7)
        axes.set(xlabel="Mean of estimated T-score and T-score by DXA", ylabel="Estimate − T-score")
        axes.set_title(title)
    return figure


def _points(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Films as points, the fainter the more there are."""
    axes.scatter(x, y, s=9, color=style.BLUE, alpha=float(np.clip(60 / max(len(x), 1), 0.15, 0.6)), linewidths=0)
