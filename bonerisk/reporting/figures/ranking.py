"""How well the models of one evaluation rank, beside each other: AI-CXR's Extended Data Figure 1 (B)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = 30  # characters of a name on one line
ROW_IN = 0.34


def ranking(rows: pd.DataFrame, label: str, trained: Sequence[str]) -> Figure:
    """A dot with its interval a model and split; trained models are filled, what they have to beat is not.

    Parameters
    ----------
    rows : DataFrame
        Rows of one metric: split, model, estimate, lower, upper.
    label : str
        The metric.
    trained : sequence of str
        Names of the trained models.
    """
    splits, names = list(rows["split"].unique()), list(rows["model"].unique())
    with style.panels(style.COLUMN_IN, 0.7 + ROW_IN * len(names)) as (figure, [axes]):
        for number, (split, color) in enumerate(zip(splits, (style.BLUE, style.ORANGE, style.GREEN), strict=False)):
            of_split = rows[rows["split"] == split]
            offset = (number - (len(splits) - 1) / 2) * 0.26
            for row in rows_of(of_split):
                place = names.index(row.model) + offset
                face = color if row.model in trained else "white"
                axes.plot([row.lower, row.upper], [place, place], color=color, lw=1.1, zorder=2)
                axes.plot(row.estimate, place, "o", color=color, mfc=face, ms=4.5, zorder=3)
            axes.plot([], [], "o-", color=color, ms=4.5, lw=1.1, label=words.split(split))
        axes.axvline(0.5, color=style.GREY, lw=0.7, ls=":", zorder=0)
        axes.set_yticks(np.arange(len(names)), [_wrapped(words.model(name)) for name in names])
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel=label)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=len(splits))
    return figure


def in_words(rows: pd.DataFrame) -> str:
    """The numbers of the figure in words, for readers who can't see it."""
    parts = rows.groupby("split", sort=False)
    texts = {split: [f"{words.model(row.model)} {value(row)}" for row in rows_of(part)] for split, part in parts}
    return ". ".join(f"{words.split(str(split))}: {'; '.join(found)}" for split, found in texts.items())


def _wrapped(name: str) -> str:
    from textwrap import fill

    return fill(name, LINE)
