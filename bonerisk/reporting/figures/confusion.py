"""Confusion matrices of one split: one a threshold, or one of three classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import share
from bonerisk.reporting.wording.rows import rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME_IN, LINE_IN = 0.75, 0.14  # of width, for the names of rows; of height, for a line
ACROSS, FURTHER_IN = 3, 2.3  # matrices of classes beside each other; width of each after the first


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
            _shaded(axis, films, names if axis is axes[0] else [], below)
            axis.set_title(wrap(words.threshold(row.threshold), 2 * cell, 8.5), fontweight="normal")
        figure.suptitle(title, x=0.01, ha="left", fontsize=8.5, fontweight="bold")
        axes[0].set_ylabel("Reference standard")
    return figure


def confusion_of_classes(counts: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Three by three films, each shaded by its share of the films of that class; a matrix a model.

    Parameters
    ----------
    counts : mapping
        Model → rows of one split: observed, called, n.
    title : str
    """
    columns = min(len(counts), ACROSS)
    width = style.COLUMN_IN + (columns - 1) * FURTHER_IN
    names = [wrap(words.BONE_CLASSES[name], NAME_IN, 8) for name in BONE_CLASSES]
    rows = -(-len(counts) // columns)
    with style.panels(width, 3.2 * rows, rows=rows, columns=columns) as (figure, axes):
        for place, (axis, (model, of)) in enumerate(zip(axes, counts.items(), strict=False)):
            films = of.pivot(index="observed", columns="called", values="n").loc[[*BONE_CLASSES], [*BONE_CLASSES]]
            _shaded(axis, films.to_numpy(float), [] if place % columns else names, names)
            if len(counts) > 1:
                axis.set_title(wrap(model, FURTHER_IN, 8.5), fontweight="normal")
            if not place % columns:
                axis.set_ylabel("Class by DXA")
        for blank in axes[len(counts) :]:
            blank.set_axis_off()
        figure.suptitle(title, x=0.01, ha="left", fontsize=8.5, fontweight="bold")
    return figure


def _shaded(axis: Axes, films: np.ndarray, names: Sequence[str], below: Sequence[str]) -> None:
    """Cells (k, k) of films, a row an outcome and a column a call, with their shares of the row."""
    of_outcome, k = films.sum(axis=1, keepdims=True), len(films)
    parts = films / np.maximum(of_outcome, 1)
    edges = np.arange(k + 1) - 0.5
    axis.pcolormesh(edges, edges, parts, cmap="Blues", vmin=0, vmax=1.1, edgecolors="white", linewidth=2)
    for (y, x), part in np.ndenumerate(parts):
        text = share(int(films[y, x]), int(of_outcome[y, 0])).replace(" ", "\n")
        axis.text(x, y, text, ha="center", va="center", color="white" if part > 0.55 else "black")
    axis.set(xlim=(-0.5, k - 0.5), ylim=(k - 0.5, -0.5), aspect="equal", xlabel="Called")
    axis.set_xticks(range(k), below)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
