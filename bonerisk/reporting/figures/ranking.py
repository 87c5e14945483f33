"""How well the models of one evaluation rank, beside each other: AI-CXR's Extended Data Figure 1 (B)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME_IN = 1.5  # of width, for a model's name
ROW_IN, LINE_IN = 0.34, 0.14  # a row of two lines, and each line more


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
    shown = [wrap(words.model(name), NAME_IN, 8) for name in names]
    row = ROW_IN + LINE_IN * max(max(name.count("\n") for name in shown) - 1, 0)
    with style.panels(style.COLUMN_IN, 0.7 + row * len(names)) as (figure, [axes]):
        for number, (split, color) in enumerate(zip(splits, (style.BLUE, style.ORANGE, style.GREEN), strict=False)):
            of_split = rows[rows["split"] == split]
            offset = (number - (len(splits) - 1) / 2) * 0.26
            for one in rows_of(of_split):
                place = names.index(one.model) + offset
                face = color if one.model in trained else "white"
                axes.plot([one.lower, one.upper], [place, place], color=color, lw=1.1, zorder=2)
                axes.plot(one.estimate, place, "o", color=color, mfc=face, ms=4.5, zorder=3)
            axes.plot([], [], "o-", color=color, ms=4.5, lw=1.1, label=words.split(split))
        axes.axvline(0.5, color=style.GREY, lw=0.7, ls=":", zorder=0)
        axes.set_yticks(np.arange(len(names)), shown)
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
