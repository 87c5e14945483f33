"""AI-CXR's figure 6: calibration at the last horizon, a panel for each analysis (across) and split (down)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.calibration import end
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.papers.aicxr.analyses import Analysis, splits
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = (2.42, 2.6)
MARKS = 200  # along the axis: quantiles of the predicted risk
NOTE_IN = 1.6  # width of a note in a panel


def calibration_by_t_score(
    curves: pd.DataFrame,
    metrics: pd.DataFrame,
    predictions: pd.DataFrame,
    found: Sequence[Analysis],
    vocabulary: Vocabulary,
    horizon: float,
) -> Figure:
    """Observed incidence over predicted risk, smooth and in groups. DXA's prediction is that of a Cox model of T alone.

    Parameters
    ----------
    curves : DataFrame
        The evaluation's calibration within strata (`bonerisk.evaluation.tables.strata.CALIBRATION`).
    metrics, predictions : DataFrame
        The evaluation's.
    found : sequence of Analysis
    vocabulary : Vocabulary
    horizon : float
        In years.
    """
    names = splits(metrics, found)
    width, height = PANEL_IN
    with style.panels(width * len(found), height * len(names), len(names), len(found)) as (figure, axes):
        for number, panel in enumerate(axes):
            split, arm = names[number // len(found)], found[number % len(found)]
            rows = arm.within(curves, split)
            style.head(panel, f"{words.split(split)}: {arm.title}", sizes(rows, vocabulary))
            if rows["predicted"].isna().all():
                say_why(panel, rows, vocabulary)
            else:
                _draw(panel, rows, arm.risk(predictions, split, rows["horizon_years"].iloc[0]))
            if number % len(found) == 0:
                panel.set_ylabel(f"Observed incidence by {words.years(horizon)}")
            if number // len(found) == len(names) - 1:
                panel.set_xlabel(f"Predicted risk by {words.years(horizon)}")
    return figure


def sizes(rows: pd.DataFrame, vocabulary: Vocabulary) -> str:
    """``48 films, 12 with a fracture by 5 years``, from rows of a table within strata."""
    if rows.empty:
        return f"no {vocabulary.row} has a prediction"
    first = rows.iloc[0]
    had = f"{count(first['n_events'])} with {vocabulary.having} by {words.years(first['horizon_years'])}"
    return f"{vocabulary.counted(first['n'])}, {had}"


def say_why(panel: Axes, rows: pd.DataFrame, vocabulary: Vocabulary) -> None:
    """Write into an empty panel why it is empty."""
    note = wrap(vocabulary.in_words(rows["note"].iloc[0]), NOTE_IN, 7.5) if len(rows) else ""
    middle = panel.text(0.5, 0.5, note, transform=panel.transAxes, ha="center", va="center", fontsize=7.5)
    middle.set_color(style.GREY)
    panel.set(xticks=[], yticks=[], box_aspect=1)


def _draw(panel: Axes, rows: pd.DataFrame, risk: pd.Series) -> None:
    groups, smooth = (rows[rows["curve"] == curve] for curve in ("groups", "smooth"))
    groups = groups[groups["observed"].notna()]
    top = end(groups, risk, smooth)
    panel.plot([0, top], [0, top], color="0.7", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    panel.plot(smooth["predicted"], smooth["observed"], color=style.BLUE)
    panel.fill_between(smooth["predicted"], smooth["lower"], smooth["upper"], color=style.BLUE, alpha=0.15, lw=0)
    away = [groups["observed"] - groups["lower"], groups["upper"] - groups["observed"]]
    panel.errorbar(
        groups["predicted"], groups["observed"], yerr=np.clip(away, 0, None),
        fmt="o", color=style.BLUE, mec="white", ms=4.5, elinewidth=0.8,
    )  # fmt: skip
    marks = risk.quantile(np.linspace(0, 1, min(len(risk), MARKS)))
    marks = marks[marks <= top]
    panel.plot(marks, np.full(len(marks), -0.035 * top), "|", color=style.GREY, ms=3, mew=0.3)
    panel.set(xlim=(-0.02 * top, 1.02 * top), ylim=(-0.06 * top, 1.02 * top), box_aspect=1)
    style.in_percent(panel.xaxis, panel.yaxis)
