"""Confusion matrices of one split, one a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import share
from bonerisk.reporting.wording.rows import rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME_IN, LINE_IN = 0.75, 0.14  # of width, for the names of rows; of height, for a line


def confusion(rows: pd.DataFrame, title: str, outcome: str, other: str = "none") -> Figure:
    """Two by two films, each shaded by its share of the films with that outcome.

    Parameters
    ----------
    rows : DataFrame
        Rows of one split and model, a row a threshold: threshold, tp, fp, fn, tn.
    title : str
    outcome, other : str
        What films with the outcome are called, and what the others are.
    """
    cell = (style.COLUMN_IN - NAME_IN) / (2 * len(rows))  # inches of width
    names = [wrap(outcome, NAME_IN, 8), wrap(other, NAME_IN, 8)]
    below = [wrap(outcome, cell - 0.04, 8), wrap(other, cell - 0.04, 8)]
    longer = max(below[0].count("\n"), names[0].count("\n")) - 1  # than two lines, for which there is room
    with style.panels(style.COLUMN_IN, 2.25 + LINE_IN * max(longer, 0), columns=len(rows)) as (figure, axes):
        for axis, row in zip(axes, rows_of(rows), strict=True):
            films = np.array([[row.tp, row.fn], [row.fp, row.tn]])  # a row an outcome, a column a call
            of_outcome = films.sum(axis=1, keepdims=True)
            parts = films / np.maximum(of_outcome, 1)
            edges = [-0.5, 0.5, 1.5]
            axis.pcolormesh(edges, edges, parts, cmap="Blues", vmin=0, vmax=1.1, edgecolors="white", linewidth=2)
            for (y, x), part in np.ndenumerate(parts):
                text = share(int(films[y, x]), int(of_outcome[y, 0])).replace(" ", "\n")
                axis.text(x, y, text, ha="center", va="center", color="white" if part > 0.55 else "black")
            title_above = wrap(words.threshold(row.threshold), 2 * cell, 8.5)
            axis.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), aspect="equal", title=title_above)
            axis.title.set_fontweight("normal")
            axis.set_xticks([0, 1], below)
            axis.set_yticks(*([0, 1], names) if axis is axes[0] else ([], []))
            axis.set_xlabel("Called")
            axis.tick_params(length=0)
            axis.spines[:].set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", fontsize=8.5, fontweight="bold")
        axes[0].set_ylabel("Reference standard")
    return figure
