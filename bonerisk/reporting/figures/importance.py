"""What boosted trees, and a linear model under them, look at; and what each feature adds to each row's risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 15  # features
POINTS = 1000  # of a feature: more say no more
BINS = 40  # of a feature's contributions, in which points make room for each other
ROW_IN = 0.21
NAME_IN = 1.4  # of width, for a feature's name


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Features that are used at all, falling by |SHAP|, with the `name` that a reader sees and the `share` of the gain.

    All shares are 0 if a linear model has no trees on top.

    Parameters
    ----------
    table : DataFrame
        importance.csv: feature, gain, mean_abs_shap.
    """
    used = table[table["mean_abs_shap"] > 0].sort_values(
        "mean_abs_shap", ascending=False, kind="stable", ignore_index=True
    )
    return used.assign(
        name=[words.feature(name) for name in used["feature"]], share=used["gain"] / (used["gain"].sum() or 1)
    )


def importance(table: pd.DataFrame) -> Figure:
    """Share of the gain beside mean |SHAP|, a row a feature.

    Parameters
    ----------
    table : DataFrame
        As `ranked` gives it; the first `SHOWN` are drawn.
    """
    rows = _shown(table)
    with style.panels(style.COLUMN_IN, 0.75 + _height(rows), columns=2) as (figure, [gain, shap]):
        place = np.arange(len(rows))
        gain.barh(place, rows["share"], color=style.GREY, height=0.62)
        shap.barh(place, rows["mean_abs_shap"], color=style.BLUE, height=0.62)
        gain.set_xlim(left=0)
        style.in_percent(gain.xaxis)
        gain.set(xlabel="Share of the trees' gain")
        shap.set(xlabel="Mean |SHAP|")
        shap.sharey(gain)
        shap.tick_params(axis="y", left=False, labelleft=False)
        _name_rows(gain, rows)
        _count_others(figure, table)
    return figure


def contributions(table: pd.DataFrame, shap: pd.DataFrame, values: pd.DataFrame) -> Figure:
    """A swarm of points a feature: what it adds to the margin, coloured by its value among the rows.

    Parameters
    ----------
    table : DataFrame
        As `ranked` gives it; the first `SHOWN` are drawn.
    shap, values : DataFrame
        A row a film, a column a feature: its contribution, and its value.
    """
    from matplotlib.colors import LinearSegmentedColormap

    rows = _shown(table)
    shap = shap.iloc[:: max(1, -(-len(shap) // POINTS))]
    values = values.reindex(shap.index)
    colours = LinearSegmentedColormap.from_list("value", [style.SKY, style.BLUE, style.VERMILION, style.ORANGE])
    with style.panels(style.COLUMN_IN, 1.0 + 1.25 * _height(rows)) as (figure, [axes]):
        axes.axvline(0, color=style.GREY, lw=0.7, zorder=0)
        for place, feature in enumerate(rows["feature"]):
            x, value = shap[feature].to_numpy(float), values[feature]
            among = (value == value.max()).astype(float) if value.nunique() <= 2 else value.rank(pct=True)
            points = axes.scatter(
                x, place + _swarm(x), c=among, cmap=colours, vmin=0, vmax=1, s=3.5, lw=0, rasterized=True
            )
        axes.set(xlabel="SHAP: added to the margin")
        _name_rows(axes, rows)
        bar = figure.colorbar(points, ax=axes, location="top", shrink=0.6, aspect=30, pad=0.02, ticks=[0, 1])
        bar.ax.set_xticklabels(["lowest value", "highest"])
        bar.ax.tick_params(length=0, labelsize=7)
        bar.outline.set_visible(False)
        _count_others(figure, table)
    return figure


def _swarm(x: np.ndarray) -> np.ndarray:
    """Offsets (n,) within ± 0.4 of a row: points of one bin lie beside each other, wider where there are more."""
    span = np.ptp(x)
    if span == 0:
        return np.zeros(len(x))
    cell = np.floor((x - x.min()) / span * (BINS - 1)).astype(int)
    size = np.bincount(cell, minlength=BINS)
    order = np.argsort(cell, kind="stable")
    place = np.empty(len(x))
    place[order] = np.arange(len(x)) - np.repeat(np.cumsum(size) - size, size)
    centred = place - (size[cell] - 1) / 2
    return 0.8 * centred / max(size.max(), 12)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    rows = table.iloc[:SHOWN]
    return rows.assign(name=[wrap(name, NAME_IN, 8) for name in rows["name"]])


def _height(rows: pd.DataFrame) -> float:
    """Inches for the rows, which are all as high as the longest name."""
    return ROW_IN * len(rows) * int(rows["name"].str.count("\n").max() + 1)


def _name_rows(axes: Axes, rows: pd.DataFrame) -> None:
    axes.set_yticks(np.arange(len(rows)), rows["name"])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _count_others(figure: Figure, table: pd.DataFrame) -> None:
    others = len(table) - SHOWN
    if others > 0:
        figure.supxlabel(f"and {plural(others, 'other feature')}", fontsize=7, x=0.01, ha="left", color=style.GREY)
