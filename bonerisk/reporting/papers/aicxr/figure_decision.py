"""Decision curves among the films with a T-score: the film, DXA and clinical models on the same patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.models import legend_below, lines
from bonerisk.reporting.papers.aicxr.figure_calibration import say_why, sizes
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 3.6
STRATUM = "dxa=yes"
LEAST = 0.98  # share of the first model's films that a model must judge to be drawn beside it


def decision_by_t_score(
    curves: pd.DataFrame, names: Sequence[str], roles: Mapping[str, str], vocabulary: Vocabulary
) -> Figure:
    """Net benefit over threshold probabilities, a panel a split, with the first model's bootstrap band.

    Parameters
    ----------
    curves : DataFrame
        The evaluation's decision curves within strata (`bonerisk.evaluation.tables.strata.DECISION`).
    names : sequence of str
        Splits.
    roles : mapping
        The trained model that the evaluation is about, and the baselines, in drawing order, by role.
    vocabulary : Vocabulary
    """
    with_t_score = curves[curves["subgroup"] == STRATUM]
    height = HEIGHT_IN + 0.165 * len(lines(roles, with_t_score))
    with style.panels(style.COLUMN_IN * len(names), height, 1, len(names)) as (figure, axes):
        for panel, split in zip(axes, names, strict=True):
            _draw(panel, with_t_score[with_t_score["split"] == split], split, roles, vocabulary)
        axes[0].set_ylabel("Net benefit")
        legend_below(figure, axes[0])
    return figure


def _draw(panel: Axes, curves: pd.DataFrame, split: str, roles: Mapping[str, str], vocabulary: Vocabulary) -> None:
    of = {model: curves[curves["model"] == model] for model in roles}
    ours = next(of[model] for model, role in roles.items() if role == "film")
    style.head(panel, f"{words.split(split)}, with a T-score", sizes(ours, vocabulary))
    if ours["probability"].isna().all():
        say_why(panel, ours, vocabulary)
        return
    for model, line in lines(roles, curves).items():
        points = of[model]
        if points["n"].iloc[0] < LEAST * ours["n"].iloc[0]:
            continue
        panel.plot(points["probability"], points["net_benefit"], label=words.model(model), **line)
        if roles[model] == "film":
            limits = points["net_benefit_lower"], points["net_benefit_upper"]
            panel.fill_between(points["probability"], *limits, color=line["color"], alpha=0.15, lw=0)
            panel.plot(points["probability"], points["treat_all"], color="0.55", linewidth=1.0, label="treat everybody")
    top = 1.1 * max(ours["net_benefit_upper"].max(), ours["treat_all"].max())
    panel.set(xlim=(0, ours["probability"].max()), ylim=(-0.25 * top, top), xlabel="Threshold probability")
    panel.axhline(0, color=style.BLACK, linewidth=0.8, label="treat nobody")
    style.in_percent(panel.xaxis)
