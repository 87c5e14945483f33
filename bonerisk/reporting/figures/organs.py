"""A number of each organ with its interval, in groups beside each other: attention, and what hiding the organ costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.wording.rows import rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW_IN = 0.3
COLORS = (style.VERMILION, style.BLUE)


def dots(tables: Mapping[str, pd.DataFrame], groups: Sequence[str], none: float, label: str) -> Figure:
    """A dot with its interval for each organ and group, a panel for each table.

    Parameters
    ----------
    tables : mapping
        Title of a panel → rows: organ (as a reader sees it), group, estimate, lower, upper.
    groups : sequence of str
        At most two.
    none : float
        Value that means nothing, where a line stands.
    label : str
        What the numbers are.
    """
    names = list(dict.fromkeys(name for table in tables.values() for name in table["organ"]))
    width = style.COLUMN_IN * (1 if len(tables) == 1 else 0.55 + 0.65 * len(tables))
    with style.panels(width, 0.85 + ROW_IN * len(names), columns=len(tables)) as (figure, panels):
        for axes, (title, table) in zip(panels, tables.items(), strict=True):
            for number, (group, color) in enumerate(zip(groups, COLORS, strict=False)):
                offset = (number - (len(groups) - 1) / 2) * 0.3
                for row in rows_of(table[table["group"] == group]):
                    place = names.index(row.organ) + offset
                    axes.plot([row.lower, row.upper], [place, place], color=color, lw=1.1)
                    axes.plot(row.estimate, place, "o", color=color, ms=4)
                axes.plot([], [], "o-", color=color, ms=4, lw=1.1, label=group)
            axes.axvline(none, color=style.GREY, lw=0.7, ls=":", zorder=0)
            axes.set_yticks(np.arange(len(names)), names if axes is panels[0] else [""] * len(names))
            axes.set_ylim(len(names) - 0.45, -0.55)
            axes.tick_params(axis="y", length=0)
            axes.set(xlabel=label)
            if axes is not panels[0]:
                axes.sharex(panels[0])
            if len(tables) > 1:
                axes.set_title(title, fontsize=8)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(groups))
    return figure
