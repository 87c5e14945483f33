"""Flow of films and patients into the splits, as STARD draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures import style
from bonerisk.reporting.figures.letters import wrap
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import plural
from bonerisk.reporting.wording.rows import Row, rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 4.6
LINE_IN = 0.145
GAP_IN = 0.16
LEFT, RIGHT = (0.0, 0.52), (0.60, 1.0)  # columns of boxes: kept, dropped; in parts of the width
EDGE_IN = 0.06  # between a box and its text
SIZE = 8  # of letters, in points


def flow(steps: pd.DataFrame, splits: pd.DataFrame, vocabulary: Vocabulary) -> Figure:
    """Kept films downwards, dropped ones to the right with the reason, a box a split at the end.

    Parameters
    ----------
    steps : DataFrame
        A row a step: step, kept, dropped, kept_patients, reason. Steps after the first that dropped and added nothing
        get no box.
    splits : DataFrame
        A row a split: split, films, patients, events, NaN where no outcome is known, and outcome in words.
    vocabulary : Vocabulary
    """
    drawn = _drawn(steps)
    drawn = drawn.assign(lost=-drawn["kept_patients"].diff().fillna(0))
    kept = [_box(row.step, row.kept, row.kept_patients, vocabulary) for row in rows_of(drawn)]
    dropped = [_dropped(row, vocabulary) for row in rows_of(drawn)]
    width = min(0.94 / max(len(splits), 1), 0.4)  # of a split's box
    ends = [_end(row, vocabulary, width) for row in rows_of(splits)]
    heights = [_height(text) for text in kept]
    gaps = [max(_height(text) if text else 0, 0) + GAP_IN * 2 for text in dropped[1:]]
    last = max(map(_height, ends), default=0)
    total = sum(heights) + sum(gaps) + (last + 2 * GAP_IN if ends else 0) + 0.1
    with style.panels(WIDTH_IN, total) as (figure, [axes]):
        axes.set(xlim=(-0.005, 1.005), ylim=(total, 0))
        axes.axis("off")
        middle, y = sum(LEFT) / 2, 0.05
        for number, text in enumerate(kept):
            _draw(axes, text, LEFT, y, heights[number])
            y += heights[number]
            if number < len(gaps):
                _arrow(axes, (middle, y), (middle, y + gaps[number]))
                if text := dropped[number + 1]:
                    _draw(axes, text, RIGHT, y + GAP_IN, _height(text), dashed=True)
                    _arrow(axes, (middle, y + gaps[number] / 2), (RIGHT[0], y + gaps[number] / 2))
                y += gaps[number]
        _draw_ends(axes, ends, middle, y, last, width)
    return figure


def _drawn(steps: pd.DataFrame) -> pd.DataFrame:
    added = steps["kept"].diff() > 0
    return steps[(steps["dropped"] > 0) | added | (steps.index == steps.index[0])]


def _box(step: str, films: int, patients: int, vocabulary: Vocabulary) -> str:
    text = f"{step[:1].upper()}{step[1:]}\n{', '.join(_sizes(films, patients, vocabulary))}"
    return _filled(text, LEFT[1] - LEFT[0])


def _dropped(row: Row, vocabulary: Vocabulary) -> str:
    """Films dropped, the number of patients who lost their last film, and the reason."""
    lost = f" ({plural(int(row.lost), 'patient')})" if row.lost and vocabulary.row != "patient" else ""
    text = f"{vocabulary.counted(row.dropped)}{lost} dropped: {row.reason or f'not: {row.step}'}"
    return _filled(text, RIGHT[1] - RIGHT[0]) if row.dropped else ""


def _end(row: Row, vocabulary: Vocabulary, width: float) -> str:
    lines = [words.split(row.split), *_sizes(row.films, row.patients, vocabulary)]
    lines += [] if pd.isna(row.events) else [f"{row.events:,.0f} with", row.outcome]
    return _filled("\n".join(lines), width)


def _sizes(films: int, patients: int, vocabulary: Vocabulary) -> list[str]:
    """Films and patients; once where a row is a patient."""
    return list(dict.fromkeys([vocabulary.counted(films), plural(patients, "patient")]))


def _filled(text: str, width: float) -> str:
    """Text in lines that fit into a box of this width, a share of the figure's."""
    return wrap(text, width * WIDTH_IN - 2 * EDGE_IN, SIZE)


def _height(text: str) -> float:
    return LINE_IN * (text.count("\n") + 1) + 0.14


def _draw(axes: Axes, text: str, column: tuple[float, float], top: float, height: float, dashed: bool = False) -> None:
    from matplotlib.patches import Rectangle

    look: style.Look = {"edgecolor": "0.45" if dashed else "black", "facecolor": "0.96" if dashed else "white"}
    axes.add_patch(Rectangle((column[0], top), column[1] - column[0], height, linewidth=0.8, **look))
    axes.text(sum(column) / 2, top + height / 2, text, ha="center", va="center", fontsize=SIZE, linespacing=1.25)


def _draw_ends(axes: Axes, ends: list[str], middle: float, y: float, height: float, width: float) -> None:
    if not ends:
        return
    share = 1 / len(ends)
    centres = [(number + 0.5) * share for number in range(len(ends))] if len(ends) > 1 else [middle]
    bar = y + GAP_IN
    axes.plot([middle, middle], [y, bar], color="black", linewidth=0.8)
    axes.plot([min(*centres, middle), max(*centres, middle)], [bar, bar], color="black", linewidth=0.8)
    for text, centre in zip(ends, centres, strict=True):
        _arrow(axes, (centre, bar), (centre, y + 2 * GAP_IN))
        _draw(axes, text, (centre - width / 2, centre + width / 2), y + 2 * GAP_IN, height)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>", "linewidth": 0.8, "color": "black", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
    axes.annotate("", end, start, arrowprops=look)
