"""Decision curves among the films with a T-score: the film, DXA and clinical models on the same patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.decision import decision_curve
from bonerisk.evaluation.samples.followed import AtHorizon
from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.models import legend_below, lines
from bonerisk.reporting.papers.aicxr.figure_calibration import MIN_EVENTS, N_DRAWS, followed
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 3.6
POINTS, LEAST = 51, 0.98  # of a curve; share of the film's films that a model must judge to be drawn beside it


def decision_by_t_score(
    predictions: pd.DataFrame, names: Sequence[str], roles: Mapping[str, str], vocabulary: Vocabulary, horizon: float
) -> Figure:
    """Net benefit over threshold probabilities, a panel a split, with the film's bootstrap band.

    Parameters
    ----------
    predictions : DataFrame
        Of the evaluation.
    names : sequence of str
        Splits.
    roles : mapping
        The film model and baselines, in drawing order, by kind.
    vocabulary : Vocabulary
    horizon : float
        In years.
    """
    drawn = lines(roles, predictions)
    height = HEIGHT_IN + 0.165 * len(drawn)
    with style.panels(style.COLUMN_IN * len(names), height, 1, len(names)) as (figure, axes):
        for panel, split in zip(axes, names, strict=True):
            _draw(panel, predictions, split, roles, vocabulary, horizon)
        axes[0].set_ylabel("Net benefit")
        legend_below(figure, axes[0])
    return figure


def _draw(
    panel: Axes, predictions: pd.DataFrame, split: str, roles: Mapping[str, str], vocabulary: Vocabulary, horizon: float
) -> None:
    film = next(model for model, kind in roles.items() if kind == "film")
    ours = followed(predictions, split, film, "dxa=yes", horizon)
    if ours is None or ours.n_events_by(horizon) < MIN_EVENTS or not ours.reaches(horizon):
        style.head(panel, words.split(split), "too few with a T-score")
        return
    had = f"{ours.n_events_by(horizon)} with {vocabulary.having} by {words.years(horizon)}"
    style.head(panel, f"{words.split(split)}, with a T-score", f"{vocabulary.counted(len(ours))}, {had}")
    shares = np.linspace(0, np.clip(np.quantile(ours.predicted[horizon], 0.99), 0.02, 0.99), POINTS)[1:]
    for model, line in lines(roles, predictions).items():
        sample = followed(predictions, split, model, "dxa=yes", horizon)
        if sample is None or len(sample) < LEAST * len(ours):
            continue
        draws = Draws.of(int(sample.patient.max()) + 1, N_DRAWS)
        curve = decision_curve(AtHorizon(sample, horizon, predicted=True), shares, draws)
        panel.plot(curve["threshold"], curve["net_benefit"], label=words.model(model), **line)
        if model == film:
            limits = curve["net_benefit_lower"], curve["net_benefit_upper"]
            panel.fill_between(curve["threshold"], *limits, color=line["color"], alpha=0.15, lw=0)
            panel.plot(curve["threshold"], curve["treat_all"], color="0.55", linewidth=1.0, label="treat everybody")
            top = 1.1 * max(curve["net_benefit_upper"].max(), curve["treat_all"].max())
            panel.set(xlim=(0, shares[-1]), ylim=(-0.25 * top, top), xlabel="Threshold probability")
    panel.axhline(0, color=style.BLACK, linewidth=0.8, label="treat nobody")
    style.in_percent(panel.xaxis)
