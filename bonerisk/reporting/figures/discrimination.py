"""ROC and precision–recall curves of all models of one split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.models import label, legend_below, lines
from bonerisk.reporting.wording import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = ("o", "D", "s", "^", "v")


def roc(
    curve: pd.DataFrame, metrics: pd.DataFrame, roles: Mapping[str, str], title: str, metric: str, name: str
) -> Figure:
    """ROC curves with the film model's bootstrap band and its operating points.

    Parameters
    ----------
    curve : DataFrame
        Rows of one split (and horizon): model, false_positive_rate, sensitivity, lower, upper (pointwise limits of
        sensitivity).
    metrics : DataFrame
        Metrics of the same split (and horizon), the contract's long form; AUCs go into the legend.
    roles : mapping
        Model → its role, as film, baseline, combined or oracle, in drawing order.
    title : str
    metric, name : str
        The area, as in `metrics` and in words.
    """
    thresholds, drawn = _thresholds(metrics), lines(roles, curve)
    with style.panels(style.COLUMN_IN, _height(len(drawn) + len(thresholds))) as (figure, [axes]):
        axes.plot([0, 1], [0, 1], color="0.75", linewidth=0.8, zorder=1)
        _draw(axes, curve, "false_positive_rate", "sensitivity", drawn, metrics, roles, metric)
        _operating_points(axes, metrics[metrics["model"].map(roles) == "film"], thresholds)
        axes.set(xlabel="1 − specificity", ylabel="Sensitivity", title=title)
        _square(axes)
        legend_below(figure, axes, f"{name} (95% CI)")
    return figure


def precision_recall(
    curve: pd.DataFrame, metrics: pd.DataFrame, roles: Mapping[str, str], title: str, metric: str, name: str
) -> Figure:
    """Precision–recall curves over the prevalence, which is what chance gives.

    Parameters
    ----------
    curve : DataFrame
        Rows of one split: model, recall, precision, lower, upper.
    metrics, roles, title, metric, name
        As in `roc`.
    """
    drawn = lines(roles, curve)
    with style.panels(style.COLUMN_IN, _height(len(drawn))) as (figure, [axes]):
        whole = metrics[(metrics["subgroup"] == "all") & (metrics["metric"] == metric)]
        if len(whole):
            axes.axhline(whole["n_events"].iloc[0] / whole["n"].iloc[0], color="0.75", linewidth=0.8, zorder=1)
        _draw(axes, curve, "recall", "precision", drawn, metrics, roles, metric)
        axes.set(xlabel="Recall (sensitivity)", ylabel="Precision (PPV)", title=title)
        _square(axes)
        legend_below(figure, axes, f"{name} (95% CI)")
    return figure


def _height(n_lines: int) -> float:
    """Inches for a square and, under it, a legend of so many lines."""
    return 3.85 + 0.165 * n_lines


def _draw(
    axes: Axes,
    curve: pd.DataFrame,
    x: str,
    y: str,
    drawn: Mapping[str, style.Look],
    metrics: pd.DataFrame,
    roles: Mapping[str, str],
    metric: str,
) -> None:
    """Draw a line a model, and the band of the film's."""
    for model, line in drawn.items():
        points = curve[curve["model"] == model]
        axes.plot(points[x], points[y], label=label(model, metrics, metric), **line)
        if roles[model] == "film":
            axes.fill_between(points[x], points["lower"], points["upper"], color=line["color"], alpha=0.15, lw=0)


def _thresholds(metrics: pd.DataFrame) -> list[str]:
    """Those at which there is a sensitivity."""
    known = metrics[(metrics["metric"] == "sensitivity") & metrics["estimate"].notna()]
    return list(known["threshold"].unique())


def _operating_points(axes: Axes, metrics: pd.DataFrame, thresholds: list[str]) -> None:
    whole = metrics[(metrics["subgroup"] == "all") & (metrics["reference"] == "")]
    for number, threshold in enumerate(thresholds):
        at = whole[whole["threshold"] == threshold].set_index("metric")["estimate"]
        if {"sensitivity", "specificity"} <= set(at.index):
            name = words.threshold(threshold)
            look: style.Look = {"marker": MARKERS[number % len(MARKERS)], "mec": "white", "ms": 6, "label": name}
            axes.plot(1 - at["specificity"], at["sensitivity"], linestyle="", color=style.BLUE, zorder=5, **look)


def _square(axes: Axes) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
