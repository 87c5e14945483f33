"""Forest plot: one metric in each subgroup, with its interval, n and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import width_in, wrap
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME_IN = 1.45  # of width, for a row's name; where one is wider the figure is, too
MOST_IN = 4.0


def subgroups(rows: pd.DataFrame, label: str, title: str, vocabulary: Vocabulary) -> Figure:
    """Forest plot; the whole is a diamond and a line through all rows.

    Parameters
    ----------
    rows : DataFrame
        One split, model and metric, a row a subgroup in drawing order: metric, subgroup, estimate, lower, upper, n and
        n_events.
    label : str
        The metric's name.
    title : str
        Whose metric it is.
    vocabulary : Vocabulary
    """
    rows = rows.reset_index(drop=True)
    y = _heights(rows["subgroup"])
    names = [_name(*row) for row in rows[["subgroup", "n", "n_events"]].itertuples(index=False)]
    names = [wrap(name, MOST_IN, 8) for name in names]
    heading = wrap(f"{vocabulary.rows} / {vocabulary.outcome}", MOST_IN, 7.5, bold=True)
    widest = max(width_in(line, 8) for name in names for line in name.split("\n"))
    widest = max(widest, *(width_in(line, 7.5, bold=True) for line in heading.split("\n")))
    width = style.COLUMN_IN + 0.4 + max(0, widest - NAME_IN)
    with style.panels(width, 1.1 + 0.2 * (y.max() + 1)) as (figure, [axes]):
        whole = rows["subgroup"] == "all"
        if whole.any():
            axes.axvline(rows.loc[whole, "estimate"].iloc[0], color=style.BLUE, linewidth=0.7, alpha=0.5, zorder=1)
        for at, row in zip(y, rows_of(rows), strict=True):
            axes.plot([row.lower, row.upper], [at, at], color=style.BLUE, linewidth=1.2)
            marker: style.Look = {"marker": "D", "ms": 6} if row.subgroup == "all" else {"marker": "s", "ms": 4.5}
            axes.plot([row.estimate], [at], color=style.BLUE, **marker)
            text = value(row)
            weight = "bold" if row.subgroup == "all" else "normal"
            text = "too few" if text == MISSING else text
            axes.text(1.03, at, text, transform=axes.get_yaxis_transform(), va="center", fontsize=7.5, weight=weight)
        axes.set_yticks(y, names)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set(xlim=_limits(rows), ylim=(y.max() + 0.7, -0.7), xlabel=label)
        look: style.Look = {"transform": axes.transAxes, "va": "bottom", "fontsize": 7.5, "weight": "bold"}
        axes.text(1.03, 1, "Estimate (95% CI)", **look)
        axes.text(-0.02, 1, heading, ha="right", **look)
        figure.suptitle(title, x=0.01, ha="left", fontsize=8.5, fontweight="bold")
    return figure


def _name(subgroup: str, n: int, n_events: int) -> str:
    return f"{words.subgroup(subgroup)}: {count(n)} / {count(n_events)}"


def _heights(names: pd.Series) -> np.ndarray:
    """Rows from the top, with half a row of space between kinds of subgroup."""
    kinds = names.str.partition("=")[0]
    return np.arange(len(names)) + 0.5 * (kinds != kinds.shift()).cumsum().to_numpy() - 0.5


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    lowest = rows[["estimate", "lower"]].min().min()
    return (np.floor(10 * min(lowest, 0.5)) / 10 if pd.notna(lowest) else 0.0), 1.005
