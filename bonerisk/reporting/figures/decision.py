"""Decision curves: whether acting on a model does more good than treating everybody, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.models import legend_below, lines
from bonerisk.reporting.wording import words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def decision(curve: pd.DataFrame, roles: Mapping[str, str], title: str) -> Figure:
    """Net benefit of each model over threshold probabilities, with the film model's bootstrap band.

    Parameters
    ----------
    curve : DataFrame
        Rows of one split (and horizon): model, threshold, net_benefit with ``_lower`` and ``_upper``, treat_all. The
        axis has the thresholds of the film model.
    roles : mapping
        Model → film, baseline, …, in drawing order.
    title : str
    """
    ours = curve[curve["model"].map(roles) == "film"]
    drawn = lines(roles, curve)
    with style.panels(style.COLUMN_IN, 2.9 + 0.165 * (len(drawn) + 2)) as (figure, [axes]):
        for model, line in drawn.items():
            points = curve[curve["model"] == model]
            axes.plot(points["threshold"], points["net_benefit"], label=words.model(model), **line)
            if roles[model] == "film":
                limits = points["net_benefit_lower"], points["net_benefit_upper"]
                axes.fill_between(points["threshold"], *limits, color=line["color"], alpha=0.15, lw=0)
        axes.plot(ours["threshold"], ours["treat_all"], color="0.55", linewidth=1.0, label="treat everybody")
        axes.axhline(0, color=style.BLACK, linewidth=0.8, label="treat nobody")
        top = 1.1 * max(ours[["net_benefit_upper", "treat_all"]].max().max(), 1e-6)
        axes.set(xlim=(0, ours["threshold"].max()), ylim=(-0.25 * top, top), title=title)
        axes.set(xlabel="Threshold probability", ylabel="Net benefit")
        style.in_percent(axes.xaxis)
        legend_below(figure, axes)
    return figure
