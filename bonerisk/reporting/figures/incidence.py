"""Cumulative incidence of those called high and low risk, with how many are still followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.wording.numbers import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
HEAD_PT, LINE_PT = 42, 12  # the numbers at risk: their heading under the axis, and the lines under it
LOOKS = {"high": (style.VERMILION, "-"), "low": (style.BLUE, (0, (5, 1.5)))}


def incidence(
    points: pd.DataFrame,
    followed: Mapping[str, Array],
    names: Mapping[str, str],
    horizons: Sequence[float],
    title: str,
    ylabel: str,
) -> Figure:
    """Incidence over years with pointwise limits, and under it the numbers at risk.

    Parameters
    ----------
    points : DataFrame
        Rows of one split, model and threshold: group (high, low), time_years, incidence, lower, upper.
    followed : mapping
        Group → follow-up in years of each of its rows.
    names : mapping
        Group → its name in the legend.
    horizons : sequence of float
        Marked.
    title, ylabel : str
    """
    with style.panels(style.COLUMN_IN, 3.5) as (figure, [axes]):
        n_lines = sum(name.count("\n") + 1 for name in names.values())  # of the legend, above the curves
        for horizon in horizons:
            axes.axvline(horizon, color="0.75", linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        for group, (color, dashes) in LOOKS.items():
            rows = points[points["group"] == group]
            if rows.empty:
                continue
            time = np.concatenate([[0.0], rows["time_years"]])
            height, lower, upper = (np.concatenate([[0.0], rows[name]]) for name in ("incidence", "lower", "upper"))
            axes.step(time, height, where="post", color=color, linestyle=dashes, label=names[group])
            axes.fill_between(time, lower, upper, step="post", color=color, alpha=0.15, lw=0)
        axes.set(xlim=(0, points["time_years"].max()), ylim=(0, (1 + 0.11 * n_lines) * _highest(points)))
        axes.set(xlabel="Years", ylabel=ylabel, title=title)
        axes.set_yticks([mark for mark in axes.get_yticks() if 0 <= mark <= min(1, axes.get_ylim()[1])])
        style.in_percent(axes.yaxis)
        axes.legend(loc="upper left")
        _at_risk(axes, {group: followed[group] for group in LOOKS if (points["group"] == group).any()})
    return figure


def _highest(points: pd.DataFrame) -> float:
    """Top of the curves and their limits; a tenth where nobody had the event."""
    return float(points[["incidence", "upper"]].max().max()) or 0.1


def _at_risk(axes: Axes, followed: Mapping[str, Array]) -> None:
    """Write how many of each group are followed until each of the axis' marks."""
    from matplotlib.ticker import MaxNLocator

    end = axes.get_xlim()[1]
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=end >= 3))
    marks = [mark for mark in axes.get_xticks() if 0 <= mark <= end]
    names: style.Look = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right"}
    counts: style.Look = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points", "ha": "center"}
    axes.annotate("At risk", (0, 0), (-18, -HEAD_PT), **names, weight="bold")
    for number, (group, time) in enumerate(followed.items(), start=1):
        down = -HEAD_PT - LINE_PT * number
        axes.annotate(group.capitalize(), (0, 0), (-18, down), **names, color=LOOKS[group][0])
        for mark in marks:
            axes.annotate(count((time >= mark).sum()), (mark, 0), (0, down), **counts, fontsize=7.5)
