"""AI-CXR's figure 6: calibration at the last horizon, a panel for each analysis (across) and split (down)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.calibration import curves
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.calibration import end
from bonerisk.reporting.papers.aicxr.analyses import Analysis, splits
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = (2.42, 2.6)
N_DRAWS, MIN_EVENTS = 200, 10  # of the bands; under so many events by the horizon there is no curve
MARKS = 200  # along the axis: quantiles of the predicted risk


def calibration_by_t_score(
    metrics: pd.DataFrame, predictions: pd.DataFrame, found: Sequence[Analysis], vocabulary: Vocabulary, horizon: float
) -> Figure:
    """Observed incidence over predicted risk, smooth and in groups. DXA's prediction is that of a Cox model of T alone.

    Parameters
    ----------
    metrics, predictions : DataFrame
        Of the evaluation; predictions have a column ``survival_<h>y``.
    found : sequence of Analysis
    vocabulary : Vocabulary
    horizon : float
        In years.
    """
    names = splits(metrics, found)
    width, height = PANEL_IN
    with style.panels(width * len(found), height * len(names), len(names), len(found)) as (figure, axes):
        for number, panel in enumerate(axes):
            split, arm = names[number // len(found)], found[number % len(found)]
            sample = followed(predictions, split, arm.model, arm.stratum, horizon)
            style.head(panel, f"{words.split(split)}: {arm.title}", _sizes(sample, vocabulary, horizon))
            _draw(panel, sample, horizon)
            if number % len(found) == 0:
                panel.set_ylabel(f"Observed incidence by {words.years(horizon)}")
            if number // len(found) == len(names) - 1:
                panel.set_xlabel(f"Predicted risk by {words.years(horizon)}")
    return figure


def followed(predictions: pd.DataFrame, split: str, model: str, stratum: str, horizon: float) -> Followed | None:
    """Films with (`dxa=yes`) or without a T-score for which a model gives a probability; None where there is none."""
    survival = f"survival_{horizon:g}y"
    rows = predictions[(predictions["split"] == split) & (predictions["model"] == model)]
    rows = rows[rows["t_score"].notna() == (stratum == "dxa=yes")]
    rows = rows[rows[survival].notna()] if survival in rows else rows[:0]
    if rows.empty:
        return None
    patient = pd.factorize(rows["site"].astype(str) + "\x1f" + rows["patient_id"].astype(str))[0]
    return Followed.of(rows["risk"], rows["time_years"], status_of(rows), patient, {horizon: 1 - rows[survival]})


def _draw(panel: Axes, sample: Followed | None, horizon: float) -> None:
    if sample is None or sample.n_events_by(horizon) < MIN_EVENTS or not sample.reaches(horizon):
        panel.text(0.5, 0.5, "too few", transform=panel.transAxes, ha="center", color=style.GREY, fontsize=7.5)
        panel.set(xticks=[], yticks=[], box_aspect=1)
        return
    draws = Draws.of(int(sample.patient.max()) + 1, N_DRAWS)
    groups, smooth = curves.groups(sample, horizon, draws), curves.smooth(sample, horizon, draws)
    groups = groups[groups["observed"].notna()]
    top = end(groups, pd.Series(sample.predicted[horizon]), smooth)
    panel.plot([0, top], [0, top], color="0.7", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    panel.plot(smooth["predicted"], smooth["observed"], color=style.BLUE)
    panel.fill_between(smooth["predicted"], smooth["lower"], smooth["upper"], color=style.BLUE, alpha=0.15, lw=0)
    away = [groups["observed"] - groups["lower"], groups["upper"] - groups["observed"]]
    panel.errorbar(
        groups["predicted"], groups["observed"], yerr=np.clip(away, 0, None),
        fmt="o", color=style.BLUE, mec="white", ms=4.5, elinewidth=0.8,
    )  # fmt: skip
    risk = np.quantile(sample.predicted[horizon], np.linspace(0, 1, min(len(sample), MARKS)))
    panel.plot(risk[risk <= top], np.full((risk <= top).sum(), -0.035 * top), "|", color=style.GREY, ms=3, mew=0.3)
    panel.set(xlim=(-0.02 * top, 1.02 * top), ylim=(-0.06 * top, 1.02 * top), box_aspect=1)
    style.in_percent(panel.xaxis, panel.yaxis)


def _sizes(sample: Followed | None, vocabulary: Vocabulary, horizon: float) -> str:
    if sample is None:
        return f"no {vocabulary.row} has a prediction"
    had = f"{sample.n_events_by(horizon)} with {vocabulary.having} by {words.years(horizon)}"
    return f"{vocabulary.counted(len(sample))}, {had}"
