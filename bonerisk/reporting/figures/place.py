"""Where one prediction lies among those of the tuning split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bonerisk.reporting.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 20


def place(tuning: np.ndarray, film: float, threshold: float | None, label: str, share: bool, row: str) -> Figure:
    """A histogram of the tuning films, with the film's value and the threshold as lines.

    Parameters
    ----------
    tuning : array (n,)
        Values of the tuning films.
    film : float
        That of the film.
    threshold : float, optional
    label : str
        What the values are, for the axis.
    share : bool
        Whether they are shares, written as percentages.
    row : str
        What a row is: film or patient.
    """
    with style.panels(style.COLUMN_IN, style.COLUMN_IN) as (figure, [axes]):
        axes.hist(tuning, BINS, color=style.SKY, alpha=0.6, label=f"{len(tuning)} tuning {row}s")
        if threshold is not None:
            axes.axvline(threshold, color=style.GREY, ls="--", lw=1.2, label="threshold")
        axes.axvline(film, color=style.VERMILION, lw=2.2, label=f"this {row}")
        axes.set(xlabel=label, ylabel=f"Tuning {row}s")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=3, handlelength=1.2, columnspacing=1)
        if share:
            style.in_percent(axes.xaxis)
    return figure
