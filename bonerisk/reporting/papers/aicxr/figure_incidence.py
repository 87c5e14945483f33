"""AI-CXR's figure 4: incidence by risk group, a panel for each analysis (across) and split (down)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.incidence import LOOKS
from bonerisk.reporting.papers.aicxr.analyses import Analysis, splits
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, interval
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = (2.42, 3.0)
LINE_PT, FIRST_PT = 10.5, 28  # of the table under a panel: its lines, and the first of them under the axis
STEP_YEARS = 1
ROOM = 1.2  # for the key above the curves


def incidence_by_t_score(
    points: pd.DataFrame,
    metrics: pd.DataFrame,
    predictions: pd.DataFrame,
    found: Sequence[Analysis],
    vocabulary: Vocabulary,
    last: float,
) -> Figure:
    """Curves with pointwise limits; under each panel numbers at risk and incidences, in it hazard ratio and C-index.

    Parameters
    ----------
    points : DataFrame
        The evaluation's incidence curves: split, model, threshold, subgroup, group, time_years, incidence, lower and
        upper.
    metrics, predictions : DataFrame
        The evaluation's.
    found : sequence of Analysis
    vocabulary : Vocabulary
    last : float
        Years at which the curves end.
    """
    names = splits(metrics, found)
    width, height = PANEL_IN
    with style.panels(width * len(found), height * len(names), len(names), len(found), gap=0.06) as (figure, axes):
        panels: list[tuple[Axes, pd.DataFrame]] = []
        for number, panel in enumerate(axes):
            split, arm = names[number // len(found)], found[number % len(found)]
            rows = points[(points["split"] == split) & (points["model"] == arm.model)]
            rows = rows[(rows["subgroup"] == arm.stratum) & (rows["threshold"] == arm.threshold)]
            style.head(panel, f"{words.split(split)}: {arm.title}", _ratio_and_c_index(arm, metrics, split))
            if number % len(found) == 0:
                panel.set_ylabel(f"Incidence of {vocabulary.having}")
            _curves(panel, rows, arm)
            _under(panel, rows, arm.films(predictions, split), arm, last)
            panels.append((panel, rows))
        for number, (panel, _) in enumerate(panels):
            top = _top([rows for _, rows in panels[number % len(found) :: len(found)]])  # one scale down a column
            panel.set(xlim=(0, last), ylim=(0, ROOM * top), xticks=np.arange(0, last + 0.01, STEP_YEARS))
            panel.set_yticks([mark for mark in panel.get_yticks() if 0 <= mark <= min(1, ROOM * top)])
            style.in_percent(panel.yaxis)
    return figure


def _curves(panel: Axes, rows: pd.DataFrame, arm: Analysis) -> None:
    for group, (color, dashes) in LOOKS.items():
        part = rows[rows["group"] == group]
        if part.empty:
            panel.plot([], [], color=color, linestyle=dashes, label=f"{arm.groups[group]}: too few")
            continue
        time = np.concatenate([[0.0], part["time_years"]])
        height, lower, upper = (np.concatenate([[0.0], part[name]]) for name in ("incidence", "lower", "upper"))
        panel.step(time, height, where="post", color=color, linestyle=dashes, label=arm.groups[group])
        panel.fill_between(time, lower, upper, step="post", color=color, alpha=0.15, lw=0)
    lines = 2 if rows["group"].nunique() < len(LOOKS) else 1  # of the key: a group without a curve has a long name
    panel.legend(loc="upper left", ncols=2 // lines, fontsize=7, handlelength=1.6, borderaxespad=0.1, columnspacing=0.9)


def _under(panel: Axes, rows: pd.DataFrame, films: dict[str, pd.DataFrame], arm: Analysis, last: float) -> None:
    """Numbers at risk, and incidence in percent, of each group at each year."""
    years = np.arange(0, last + 0.01, STEP_YEARS)
    names: style.Look = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "left", "fontsize": 7}
    cells: style.Look = {"xycoords": panel.get_xaxis_transform(), "textcoords": "offset points", "ha": "center"}
    lines: list[tuple[str, str, list[str]]] = [("At risk at each year", "black", [])]
    for group, (color, _) in LOOKS.items():
        time = films[group]["time_years"].to_numpy()
        lines.append((arm.groups[group], color, [count((time >= year).sum()) for year in years]))
    lines.append(("Incidence by each year, %", "black", []))
    for group, (color, _) in LOOKS.items():
        part = rows[rows["group"] == group]
        lines.append((arm.groups[group], color, [_percent(part, year) for year in years]))
    for number, (name, color, texts) in enumerate(lines):
        down = -FIRST_PT - LINE_PT * number
        panel.annotate(name, (0, 0), (-46, down), **names, color=color, weight="bold" if not texts else "normal")
        for year, text in zip(years, texts, strict=False):
            panel.annotate(text, (year, 0), (0, down), **cells, fontsize=6.5)


def _percent(rows: pd.DataFrame, year: float) -> str:
    """Height of a curve at a year; empty where it ends before."""
    if rows.empty or rows["time_years"].max() < year - 1e-9:
        return ""
    before = rows[rows["time_years"] <= year + 1e-9]
    return f"{100 * before['incidence'].iloc[-1] if len(before) else 0.0:.1f}"


def _ratio_and_c_index(arm: Analysis, metrics: pd.DataFrame, split: str) -> str:
    """Hazard ratio and C-index."""
    parts = []
    for metric, name in (("hazard_ratio_adjusted", "Adjusted HR"), ("c_index", "C-index")):
        row = arm.row(metrics, split, metric, threshold="" if metric == "c_index" else arm.threshold)
        text = MISSING if row is None else interval(row["estimate"], row["lower"], row["upper"])
        parts.append(f"{name} {'not computable' if text == MISSING else text}")
    return "\n".join(parts)


def _top(rows: Sequence[pd.DataFrame]) -> float:
    """Where the axes end: above all curves, and their limits unless these are far above."""
    there = pd.concat(list(rows))
    highest = there["incidence"].max() if len(there) else 0.0
    return float(min(there["upper"].max(), 1.6 * highest)) if highest and highest > 0 else 0.1
