"""Training history: loss, and what chose the epoch, by epoch or round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.runs.epochs import Epochs, best

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MARKED = 40  # steps, up to which each has a dot


def history(epochs: Epochs) -> Figure:
    """Loss of both splits over the score of the tuning split that chose the epoch; the epoch kept is marked."""
    table, row, decisive = epochs.table, epochs.kept, epochs.decisive
    with style.panels(style.COLUMN_IN, 3.6, rows=2) as (figure, [loss, score]):
        for column, name, color in (("train_loss", "training", style.ORANGE), ("tune_loss", "tuning", style.BLUE)):
            if column in table:
                loss.plot(table["epoch"], table[column], color=color, marker=".", label=name)
        loss.set(ylabel="Loss")
        loss.legend(ncols=2, loc="upper right")
        score.plot(table["epoch"], table[decisive], color=style.BLUE, marker=".")
        score.plot(row["epoch"], row[decisive], "o", color=style.BLUE, mfc="white", ms=7, mew=1.3)
        text = f"kept: epoch {row['epoch']:.0f}, {epochs.score} {row[decisive]:.2f}"
        score.text(0.98, 0.05, text, transform=score.transAxes, ha="right", fontsize=7.5)
        score.set(xlabel="Epoch", ylabel=f"Tuning {epochs.score}")
        for axes in (loss, score):
            axes.locator_params(axis="x", integer=True)
    return figure


def losses(steps: pd.DataFrame) -> Figure:
    """Loss of both splits over rounds or epochs; the one that was kept is marked.

    Parameters
    ----------
    steps : DataFrame
        A row a step: round or epoch, train, tune.
    """
    step, row = str(steps.columns[0]), best(steps)
    with style.panels(style.COLUMN_IN, 2.3) as (figure, [axes]):
        for column, name, color in (("train", "training", style.ORANGE), ("tune", "tuning", style.BLUE)):
            axes.plot(steps[step], steps[column], color=color, label=name, marker="." if len(steps) < MARKED else "")
        axes.plot(row[step], row["tune"], "o", color=style.BLUE, mfc="white", ms=7, mew=1.3, label="kept")
        axes.set(xlabel=step.capitalize(), ylabel="Loss")
        axes.locator_params(axis="x", integer=True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def histories(runs: Mapping[str, Epochs]) -> Figure:
    """The score that chose the epoch, of several runs with the same one, by epoch; the epoch kept of each is marked.

    Parameters
    ----------
    runs : mapping
        Name of each run among the others → its epochs.
    """
    colors = [style.BLUE, style.ORANGE, style.GREEN, style.VERMILION, style.PURPLE, style.SKY, style.BLACK]
    with style.panels(style.COLUMN_IN, 2.6 + 0.16 * len(runs)) as (figure, [axes]):
        for number, (name, epochs) in enumerate(runs.items()):
            row, decisive = epochs.kept, epochs.decisive
            line: dict[str, Any] = {
                "color": colors[number % len(colors)],
                "linestyle": ["-", "--", ":"][number // len(colors) % 3],
            }
            axes.plot(epochs.table["epoch"], epochs.table[decisive], label=name, **line)
            axes.plot(row["epoch"], row[decisive], "o", color=line["color"], mfc="white", ms=6)
            axes.set(xlabel="Epoch", ylabel=f"Tuning {epochs.score}")
        axes.locator_params(axis="x", integer=True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left")
    return figure
