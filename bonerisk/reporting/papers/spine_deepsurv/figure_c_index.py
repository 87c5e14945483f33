"""Spine DeepSurv's figures 3 and 4: C-index (A) by clinical model and (B) by method, of women and of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.papers.spine_deepsurv.models import ALONE, CLINICAL, Model, difference, row_of
from bonerisk.reporting.papers.spine_deepsurv.table_methods import C_INDEX, WHO, frax_of, named, scores
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import plural
from bonerisk.reporting.wording.rows import Row
from bonerisk.reporting.wording.values import value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = (3.6, 2.35)
METHODS = (style.BLUE, style.ORANGE, style.VERMILION, style.GREEN, style.PURPLE)
SHADES = dict(zip((*CLINICAL, ALONE), ("#C9A3D8", "#9A5FB5", "#5B2A7A", style.VERMILION), strict=True))
MARKERS = "osD^v"
ALPHA = 0.05
Dot = tuple[float, str, style.Look]  # place, model, how it looks


def c_index(evaluation: EvaluationRun, found: dict[tuple[str, str], Model], split: str) -> Figure:
    """Dots with intervals; a star where the difference to FRAX has a p under 0.05.

    Parameters
    ----------
    evaluation : EvaluationRun
    found : dict
        As `methods` has it.
    split : str
        A set; "apparent" is the training set.
    """
    groups = [group for group in WHO if _dots_there(evaluation, found, split, group)]
    width, height = PANEL_IN
    models, others = named(found), scores(evaluation)
    known = dict.fromkeys(model.method for model in models)
    looks: dict[str, style.Look] = {
        method: {"color": color, "marker": mark}
        for method, color, mark in zip(known, METHODS, MARKERS, strict=False)  # as many as there are
    }
    by_model = _placed(models, [m.clinical for m in models], [m.method for m in models], looks)
    shades: dict[str, style.Look] = {clinical: {"color": color, "marker": "o"} for clinical, color in SHADES.items()}
    by_method = _placed(models, [m.method for m in models], [m.clinical for m in models], shades)
    with style.panels(2 * width, height * len(groups) + 0.45, len(groups), 2, gap=0.05) as (figure, axes):
        lowest, highest = _limits(evaluation, [*(m.name for m in models), *others], split)
        for number, panel in enumerate(axes):
            group, (ticks, dots) = groups[number // 2], (by_model, by_method)[number % 2]
            _draw(panel, evaluation, split, group, _with_scores(ticks, dots, others, evaluation, split))
            panel.set(
                yticks=np.arange(lowest, highest + 0.01, 0.1),
                ylim=(lowest, highest),
                ylabel="C-index (95% CI)" if number % 2 == 0 else "",
            )
            panel.set_title(f"{'ABCD'[number]}  {WHO[group]}, by {('clinical model', 'method')[number % 2]}")
        there = {name: look for name, look in shades.items() if any(model.clinical == name for model in models)}
        _legend(figure, axes[0], looks, "outside lower left")
        _legend(figure, axes[1], there, "outside lower right")
    return figure


def _legend(
    figure: Figure,
    panel: Axes,
    looks: Mapping[str, style.Look],
    where: Literal["outside lower left", "outside lower right"],
) -> None:
    handles = [
        panel.plot([], [], **{"linestyle": "none", "ms": 5, "label": name, **look})[0] for name, look in looks.items()
    ]
    figure.legend(handles=handles, loc=where, ncols=2, handletextpad=0.2, columnspacing=1.0)


def in_words(evaluation: EvaluationRun, found: dict[tuple[str, str], Model], split: str) -> str:
    """The figure's numbers."""
    texts = []
    for group, who in WHO.items():
        labels = {m.name: f"{m.method}, {m.clinical}" for m in named(found)}
        labels |= {name: words.model(name) for name in scores(evaluation)}
        for name, label in labels.items():
            row = row_of(evaluation.result.metrics, split, name, C_INDEX, group=group)
            if row is not None and pd.notna(row["estimate"]):
                texts.append(f"{who}, {label}: {value(row)}")
    return "; ".join(texts) + "." if texts else "Nothing computable."


def _dots_there(evaluation: EvaluationRun, found: Mapping[tuple[str, str], Model], split: str, group: str) -> bool:
    table = evaluation.result.metrics
    return any(row_of(table, split, model.name, C_INDEX, group=group) is not None for model in found.values())


def _placed(
    models: Sequence[Model], groups: Sequence[str], kinds: Sequence[str], looks: Mapping[str, style.Look]
) -> tuple[list[str], list[Dot]]:
    """Names along the axis, and each model's place about its group's, apart by its kind."""
    ticks, own = list(dict.fromkeys(groups)), list(dict.fromkeys(kinds))
    step = min(0.8 / max(len(own), 1), 0.2)
    dots = []
    for model, group, kind in zip(models, groups, kinds, strict=True):
        there = [k for k in own if any((g, x) == (group, k) for g, x in zip(groups, kinds, strict=True))]
        offset = (there.index(kind) - (len(there) - 1) / 2) * step
        dots.append((ticks.index(group) + offset, model.name, looks[kind]))
    return ticks, dots


def _with_scores(
    ticks: list[str], dots: list[Dot], others: Sequence[str], evaluation: EvaluationRun, split: str
) -> tuple[list[str], list[Dot]]:
    there = [n for n in others if row_of(evaluation.result.metrics, split, n, C_INDEX) is not None]
    look = {"color": style.BLACK, "marker": "x"}
    more = [(float(len(ticks) + place), name, look) for place, name in enumerate(there)]
    names = (words.model(name) for name in there)
    return [*ticks, *(name[:1].upper() + name[1:] for name in names)], [*dots, *more]


def _draw(panel: Axes, evaluation: EvaluationRun, split: str, group: str, what: tuple[list[str], list[Dot]]) -> None:
    ticks, dots = what
    frax = frax_of(evaluation)
    sizes: Row | None = None
    for at, name, look in dots:
        row = row_of(evaluation.result.metrics, split, name, C_INDEX, group=group)
        if row is None or pd.isna(row["estimate"]):
            continue
        sizes = row if sizes is None else sizes
        panel.plot([at, at], [row["lower"], row["upper"]], color=look["color"], linewidth=1.1, zorder=2)
        panel.plot([at], [row["estimate"]], linestyle="none", ms=4.5, zorder=3, **look)
        less = difference(evaluation.result.differences, split, (name, frax), C_INDEX, group) if frax else None
        if less is not None and less["p"] < ALPHA:
            panel.text(at, row["upper"], "*", ha="center", va="bottom", fontsize=8)
    panel.axhline(0.5, color="0.8", linewidth=0.8, zorder=0)
    width = PANEL_IN[0] * 0.86 / max(len(ticks), 1)
    panel.set_xticks(range(len(ticks)), [wrap(tick, width, 6.5) for tick in ticks], fontsize=6.5)
    panel.set_xlim(-0.6, len(ticks) - 0.4)
    panel.tick_params(axis="x", length=0)
    if sizes is not None:
        n = f"{evaluation.vocabulary.counted(sizes['n'])}, {plural(sizes['n_events'], evaluation.vocabulary.outcome)}"
        panel.text(0.99, 0.99, n, transform=panel.transAxes, ha="right", va="top", fontsize=6.5, color=style.GREY)


def _limits(evaluation: EvaluationRun, names: Sequence[str], split: str) -> tuple[float, float]:
    """Tenths between which all intervals lie, 0.4 and 0.8 among them."""
    table = evaluation.result.metrics
    rows = table[(table["split"] == split) & table["model"].isin(names) & (table["metric"] == C_INDEX)]
    rows = rows[(rows["reference"] == "") & rows["subgroup"].isin(list(WHO))]
    low, high = np.floor(10 * rows["lower"].min()) / 10, np.ceil(10 * rows["upper"].max() + 0.4) / 10
    return float(np.nanmin([low, 0.4])), float(np.nanmax([high, 0.8]))
