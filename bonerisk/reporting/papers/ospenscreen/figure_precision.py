"""OsPenScreen's figure S3: precision over recall, a line for each hospital."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.papers.ospenscreen.places import Place
from bonerisk.reporting.wording.numbers import number
from bonerisk.reporting.wording.values import value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = (style.BLACK, style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY, style.GREY)


def precision_by_site(metrics: pd.DataFrame, predictions: pd.DataFrame, found: Sequence[Place]) -> Figure:
    """Steps whose area is the average precision; a thin line at the left shows the prevalence, which chance reaches.

    Parameters
    ----------
    metrics, predictions : DataFrame
        The evaluation's.
    found : sequence of Place
        Those of `drawable`.
    """
    from sklearn.metrics import precision_recall_curve

    with style.panels(style.COLUMN_IN + 0.6, 3.7 + 0.165 * (len(found) + 1)) as (figure, [axes]):
        for number_, place in enumerate(found):
            films = place.films(predictions).dropna(subset=["risk"])
            precision, recall, _ = precision_recall_curve(films["label"], films["risk"])
            color, prevalence = COLORS[number_ % len(COLORS)], films["label"].mean()
            axes.step(recall, precision, where="post", color=color, linewidth=1.2, label=_label(metrics, place, films))
            axes.plot([-0.02, 0.02], [prevalence, prevalence], color=color, linewidth=2.2, solid_capstyle="butt")
        axes.set(xlabel="Recall (sensitivity)", ylabel="Precision (PPV)", xlim=(-0.02, 1.01), ylim=(-0.01, 1.02))
        axes.set_aspect("equal")
        figure.legend(
            loc="outside lower left",
            title="Average precision (95% CI); prevalence, marked at the left",
            title_fontsize=7.5,
        )
    return figure


def drawable(predictions: pd.DataFrame, found: Sequence[Place]) -> list[Place]:
    """Places with films of both outcomes."""
    return [place for place in found if place.films(predictions)["label"].nunique() > 1]


def in_words(metrics: pd.DataFrame, predictions: pd.DataFrame, found: Sequence[Place]) -> str:
    """The lines' key."""
    return "; ".join(_label(metrics, place, place.films(predictions)) for place in found) + "."


def _label(metrics: pd.DataFrame, place: Place, films: pd.DataFrame) -> str:
    row = place.row(metrics, "average_precision")
    text = "too few" if row is None or pd.isna(row["estimate"]) else value(row)
    return f"{place.name}: {text}; {number(films['label'].mean())}"
