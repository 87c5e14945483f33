"""AI-CXR's figure 5: C-index by sex and age, a panel for each analysis (across) and split (down)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.papers.aicxr.analyses import AGES, SEXES, Analysis, splits
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, interval, plural
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = (2.42, 2.5)
PURPLES = ("#A78BC9", "#8560B3", "#643A94", "#441D6B")  # darker with age, as the paper's
WHITE: style.Look = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
ROWS = {"": "All"} | SEXES | {level: f"Age {name}" for level, name in AGES.items()}
COLORS = dict(zip(ROWS, (style.BLACK, style.VERMILION, style.BLUE, *PURPLES), strict=True))


def c_index_by_t_score(metrics: pd.DataFrame, found: Sequence[Analysis], vocabulary: Vocabulary) -> Figure:
    """Dots with intervals; a group too small for a number says so in its place.

    Parameters
    ----------
    metrics : DataFrame
        The evaluation's.
    found : sequence of Analysis
    vocabulary : Vocabulary
    """
    names = splits(metrics, found)
    y = np.array([0, 1.4, 2.4, 3.8, 4.8, 5.8, 6.8])
    width, height = PANEL_IN
    with style.panels(width * len(found) + 0.4, height * len(names), len(names), len(found)) as (figure, axes):
        lowest = _lowest(metrics, found)
        for number, panel in enumerate(axes):
            split, arm = names[number // len(found)], found[number % len(found)]
            for at, within in zip(y, ROWS, strict=True):
                _draw(panel, at, arm.row(metrics, split, "c_index", within), COLORS[within], lowest, vocabulary)
            panel.axvline(0.5, color="0.8", linewidth=0.8, zorder=0)
            panel.set_yticks(y, list(ROWS.values()) if number % len(found) == 0 else [""] * len(y))
            panel.tick_params(axis="y", length=0)
            panel.spines["left"].set_visible(False)
            panel.set(
                xlim=(lowest, 1.005),
                ylim=(y[-1] + 0.6, -0.9),
                xlabel=f"C-index (95% CI); {vocabulary.rows.lower()} / {vocabulary.outcome}s",
            )
            panel.set_title(f"{words.split(split)}: {arm.title}", fontsize=8)
    return figure


def _draw(panel: Axes, at: float, row: pd.Series | None, color: str, lowest: float, vocabulary: Vocabulary) -> None:
    """A group: its dot and interval, above them its numbers in words."""
    if row is None:
        panel.text(lowest, at, f"no {vocabulary.row}s", va="center", fontsize=6.5, color=style.GREY)
        return
    n, had = row["n"], row["n_events"]
    if pd.isna(row["estimate"]):
        few = f"n {count(n)}, {plural(had, vocabulary.outcome)}: too few"
        panel.text(lowest, at, few, va="center", fontsize=6.5, color=style.GREY, bbox=WHITE)
        return
    panel.plot([max(row["lower"], lowest), row["upper"]], [at, at], color=color, linewidth=1.4)
    panel.plot([row["estimate"]], [at], marker="o", color=color, ms=4.5)
    text = f"{interval(row['estimate'], row['lower'], row['upper'])}; {count(n)} / {count(had)}"
    panel.text(1.0, at - 0.42, text, ha="right", va="center", fontsize=6.5)


def _lowest(metrics: pd.DataFrame, found: Sequence[Analysis]) -> float:
    rows = metrics[metrics["model"].isin([arm.model for arm in found]) & (metrics["metric"] == "c_index")]
    rows = rows[rows["subgroup"].str.startswith("dxa=") & (rows["reference"] == "")]
    low = rows["lower"].min()
    return float(np.clip(np.floor(10 * low) / 10, 0.2, 0.4)) if pd.notna(low) else 0.4
