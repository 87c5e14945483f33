"""OsPenScreen's figure 2: accuracy by severity of low bone mass, a panel for each hospital that has T-scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.papers.ospenscreen.places import Place
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN, HEIGHT_IN = 1.85, 2.75
LEVELS = {"mild": "Mild", "moderate": "Moderate", "advanced": "Advanced"}
COLORS = (style.GREY, *("#9CC3DE", "#4A90C2", "#0A5A94"))  # normal, then darker with severity


def accuracy_by_severity(metrics: pd.DataFrame, found: Sequence[Place], threshold: str) -> Figure:
    """Dots with intervals: the share of each group's films that the model puts on the right side of a threshold.

    Parameters
    ----------
    metrics : DataFrame
        The evaluation's.
    found : sequence of Place
        Those of `with_severity`.
    threshold : str
    """
    with style.panels(PANEL_IN * len(found) + 0.4, HEIGHT_IN, 1, len(found)) as (figure, axes):
        for place_number, (panel, place) in enumerate(zip(axes, found, strict=True)):
            rows = {"Normal": place.row(metrics, "specificity", "", threshold)}
            rows |= {name: _of_level(metrics, place, level, threshold) for level, name in LEVELS.items()}
            names = []
            for at, ((name, row), color) in enumerate(zip(rows.items(), COLORS, strict=True)):
                n = 0 if row is None else row["n"] - row["n_events"] if name == "Normal" else row["n"]
                names.append(f"{name}\n(n = {count(n)})")
                _draw(panel, at, row, color)
            panel.set_xticks(range(len(rows)), names, fontsize=6.5, rotation=90)
            panel.set(ylim=(-0.02, 1.12), xlim=(-0.6, 3.6))
            panel.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
            if place_number == 0:
                panel.set_ylabel("Accuracy (95% CI)")
            style.head(panel, words.split(place.split), place.site)
    return figure


def with_severity(metrics: pd.DataFrame, found: Sequence[Place], threshold: str) -> list[Place]:
    """Places of which a severity has films."""
    return [
        place for place in found if any(_of_level(metrics, place, level, threshold) is not None for level in LEVELS)
    ]


def in_words(metrics: pd.DataFrame, found: Sequence[Place], threshold: str) -> str:
    """The accuracies, for someone who can't see them."""
    texts = []
    for place in found:
        for level in LEVELS:
            row = _of_level(metrics, place, level, threshold)
            if row is not None and pd.notna(row["estimate"]):
                texts.append(f"{place.name}, {level}: {number(row['estimate'])}")
    return "; ".join(texts) + "." if texts else "Nothing computable."


def _of_level(metrics: pd.DataFrame, place: Place, level: str, threshold: str) -> pd.Series | None:
    return place.row(metrics, "accuracy", f"severity={level}", threshold)


def _draw(panel: Axes, at: int, row: pd.Series | None, color: str) -> None:
    if row is None or pd.isna(row["estimate"]):
        panel.text(at, 0.02, "too few", rotation=90, ha="center", va="bottom", fontsize=6.5, color=style.GREY)
        return
    panel.bar([at], [row["estimate"]], width=0.68, color=color, alpha=0.55, linewidth=0)
    panel.plot([at, at], [row["lower"], row["upper"]], color=style.BLACK, linewidth=1.0)
    panel.plot([at], [row["estimate"]], marker="o", color=style.BLACK, ms=3)
    panel.text(at, row["upper"] + 0.02, number(row["estimate"]), ha="center", va="bottom", fontsize=6.5)
