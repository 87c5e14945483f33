"""ROC and precision–recall curves of all models of one split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from bonerisk.reporting import words
from bonerisk.reporting.figures import style
from bonerisk.reporting.numbers import interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What is compared: a refitted baseline is only the reference of the combined model, and would hide its twin.
LINES: dict[str, list[dict[str, Any]]] = {
    "film": [{"color": style.BLUE, "linewidth": 2.0, "zorder": 4}],
    "baseline": [
        {"color": style.ORANGE, "linestyle": (0, (5, 1.5))},
        {"color": style.VERMILION, "linestyle": (0, (3, 1, 1, 1))},
        {"color": style.PURPLE, "linestyle": (0, (1.5, 1))},
    ],
    "combined": [{"color": style.GREEN}],
    "oracle": [{"color": style.BLACK, "linestyle": (0, (1, 1))}],
}


def roc(curve: pd.DataFrame, metrics: pd.DataFrame, kinds: Mapping[str, str], title: str) -> Figure:
    """ROC curves with the film model's bootstrap band and its two operating points.

    Parameters
    ----------
    curve : DataFrame
        Of one split: model, false_positive_rate, sensitivity, lower, upper (pointwise limits of sensitivity).
    metrics : DataFrame
        Of the same split, the contract's long form; AUCs go into the legend.
    kinds : mapping
        Model → film, baseline, combined, refitted or oracle, in drawing order.
    title : str
    """
    with style.panels(style.COLUMN_IN, _height(kinds, 2)) as (figure, [axes]):
        axes.plot([0, 1], [0, 1], color="0.75", linewidth=0.8, zorder=1)
        for model, line in _lines(kinds).items():
            points = curve[curve["model"] == model]
            if points.empty:
                continue
            axes.plot(points["false_positive_rate"], points["sensitivity"], label=_label(model, metrics, "auc"), **line)
            if kinds[model] == "film":
                axes.fill_between(
                    points["false_positive_rate"],
                    points["lower"],
                    points["upper"],
                    color=line["color"],
                    alpha=0.15,
                    lw=0,
                )
                _operating_points(axes, metrics[metrics["model"] == model])
        axes.set(xlabel="1 − specificity", ylabel="Sensitivity", title=title)
        _square(axes)
        _legend_below(figure, axes, "AUC (95% CI)")
    return figure


def precision_recall(curve: pd.DataFrame, metrics: pd.DataFrame, kinds: Mapping[str, str], title: str) -> Figure:
    """Precision–recall curves over the prevalence, which is what chance gives.

    Parameters
    ----------
    curve : DataFrame
        Of one split: model, recall, precision, lower, upper.
    metrics, kinds, title
        As in `roc`.
    """
    with style.panels(style.COLUMN_IN, _height(kinds, 0)) as (figure, [axes]):
        whole = metrics[(metrics["subgroup"] == "all") & (metrics["metric"] == "average_precision")]
        if len(whole):
            axes.axhline(whole["n_events"].iloc[0] / whole["n"].iloc[0], color="0.75", linewidth=0.8, zorder=1)
        for model, line in _lines(kinds).items():
            points = curve[curve["model"] == model]
            if points.empty:
                continue
            axes.plot(points["recall"], points["precision"], label=_label(model, metrics, "average_precision"), **line)
            if kinds[model] == "film" and "lower" in points:
                limits = points["lower"], points["upper"]
                axes.fill_between(points["recall"], *limits, color=line["color"], alpha=0.15, lw=0)
        axes.set(xlabel="Recall (sensitivity)", ylabel="Precision (PPV)", title=title)
        _square(axes)
        _legend_below(figure, axes, "Average precision (95% CI)")
    return figure


def _lines(kinds: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Line style of each model that is drawn; further models of a kind take its last style."""
    found: dict[str, dict[str, Any]] = {}
    seen: dict[str, int] = {}
    for model, kind in kinds.items():
        if kind in LINES:
            number = seen[kind] = seen.get(kind, -1) + 1
            found[model] = LINES[kind][min(number, len(LINES[kind]) - 1)]
    return found


def _height(kinds: Mapping[str, str], more: int) -> float:
    """Inches for a square and, under it, a legend of the models and `more` lines."""
    return 3.85 + 0.165 * (len(_lines(kinds)) + more)


def whole_value(metrics: pd.DataFrame, model: str, metric: str) -> str:
    """A model's metric with its interval on the whole of one split, as text; empty where it has none."""
    chosen = (metrics["model"] == model) & (metrics["metric"] == metric) & (metrics["subgroup"] == "all")
    rows = metrics[chosen & (metrics["reference"] == "") & metrics["estimate"].notna()]
    return interval(*rows[["estimate", "lower", "upper"]].iloc[0]) if len(rows) else ""


def _label(model: str, metrics: pd.DataFrame, metric: str) -> str:
    value = whole_value(metrics, model, metric)
    return words.model(model) + (f": {value}" if value else "")


def _operating_points(axes: Axes, metrics: pd.DataFrame) -> None:
    whole = metrics[(metrics["subgroup"] == "all") & (metrics["reference"] == "")]
    for threshold, marker in (("0.5", "o"), ("youden", "D")):
        at = whole[whole["threshold"] == threshold].set_index("metric")["estimate"]
        if {"sensitivity", "specificity"} <= set(at.index):
            name = "threshold 0.5" if threshold == "0.5" else "Youden's threshold (tuning)"
            axes.plot(
                1 - at["specificity"],
                at["sensitivity"],
                marker,
                color=style.BLUE,
                mec="white",
                ms=6,
                zorder=5,
                label=name,
            )


def _square(axes: Axes) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def _legend_below(figure: Figure, axes: Axes, title: str) -> None:
    legend = figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", title=title, handlelength=2.6)
    legend.get_title().set_fontweight("bold")
    legend.get_title().set_fontsize(7.5)
    legend.set_alignment("left")
