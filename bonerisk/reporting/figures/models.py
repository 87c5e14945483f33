"""How each model is drawn, the same in every figure, and the legend that names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.values import value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What is compared: a refitted baseline is only the reference of the combined model, and would hide its twin.
LINES: dict[str, list[style.Look]] = {
    "film": [{"color": style.BLUE, "linewidth": 2.0, "zorder": 4}],
    "baseline": [
        {"color": style.ORANGE, "linestyle": (0, (5, 1.5))},
        {"color": style.VERMILION, "linestyle": (0, (3, 1, 1, 1))},
        {"color": style.PURPLE, "linestyle": (0, (1.5, 1))},
        {"color": style.PURPLE, "linestyle": (0, (6, 1, 1.5, 1))},
    ],
    "combined": [{"color": style.GREEN}, {"color": style.GREEN, "linestyle": (0, (3, 1))}],
    "rule": [
        {"color": style.SKY, "linestyle": (0, (3, 1, 1, 1, 1, 1))},
        {"color": style.SKY, "linestyle": (0, (1.5, 1))},
    ],
    "recalibrated": [{"color": style.SKY, "linestyle": (0, (4, 1))}],
    "oracle": [
        {"color": style.BLACK, "linestyle": (0, (1, 1))},
        {"color": style.GREY, "linestyle": (0, (1, 1))},
        {"color": style.GREY, "linestyle": (0, (1, 2.5))},
    ],
}


def lines(roles: Mapping[str, str], curve: pd.DataFrame) -> dict[str, style.Look]:
    """Line style of each model that has points in `curve`; further models of a role take its last style."""
    there = set(curve["model"])
    found: dict[str, style.Look] = {}
    seen: dict[str, int] = {}
    for model, role in roles.items():
        if role in LINES and model in there:
            number = seen[role] = seen.get(role, -1) + 1
            found[model] = LINES[role][min(number, len(LINES[role]) - 1)]
    return found


def whole_value(metrics: pd.DataFrame, model: str, metric: str) -> str:
    """A model's metric with its interval on the whole of one split, as text; empty where it has none."""
    chosen = (metrics["model"] == model) & (metrics["metric"] == metric) & (metrics["subgroup"] == "all")
    rows = metrics[chosen & (metrics["reference"] == "") & metrics["estimate"].notna()]
    return value(rows.iloc[0]) if len(rows) else ""


def label(model: str, metrics: pd.DataFrame, metric: str) -> str:
    """A model's name and its value."""
    found = whole_value(metrics, model, metric)
    return words.model(model) + (f": {found}" if found else "")


def legend_below(figure: Figure, axes: Axes, title: str = "") -> None:
    """Name what was drawn, under the axes."""
    legend = figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", title=title, handlelength=2.6)
    legend.get_title().set_fontweight("bold")
    legend.get_title().set_fontsize(7.5)
    legend.set_alignment("left")
