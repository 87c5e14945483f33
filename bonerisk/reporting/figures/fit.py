"""Texts too long for their canvas are wrapped where they stand, as wide as they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonerisk.reporting.figures.letters import wrap

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.text import Text

EDGE_IN = 0.03  # left free at each edge of the canvas
LINE = 1.25  # height of a line, in letters' sizes


def fit(figure: Figure) -> None:
    """Wrap titles, labels, notes and legends that leave the canvas; it grows by the lines that this adds.

    Names at ticks are the axis' own: who draws them wraps them.
    """
    figure.draw_without_rendering()  # lays out
    in_legends = {text for legend in figure.legends for text in _texts(legend)}
    below, elsewhere = 0.0, 0.0
    for text in _texts(figure):
        added = _wrapped(figure, text)
        if text in in_legends:
            below += added
        else:
            elsewhere = max(elsewhere, added)
    if below or elsewhere:
        figure.set_figheight(figure.get_figheight() + below + elsewhere)


def _texts(artist: Artist) -> list[Text]:
    from matplotlib.text import Text

    found = [each for each in artist.findobj(Text) if isinstance(each, Text)]
    return [text for text in found if text.get_text() and text.get_visible()]


def _wrapped(figure: Figure, text: Text) -> float:
    """Wrap one text where it must be; inches that its new lines take from the height."""
    box, upright = text.get_window_extent(), text.get_rotation() == 90
    low, high = (box.y0, box.y1) if upright else (box.x0, box.x1)
    canvas = figure.bbox.height if upright else figure.bbox.width
    align: str = text.get_horizontalalignment()
    if upright and text.get_rotation_mode() != "anchor":  # a label of the y axis has "anchor"
        align = {"bottom": "left", "top": "right"}.get(text.get_verticalalignment(), "center")
    edge = EDGE_IN * figure.dpi
    middle = (low + high) / 2
    room = {"left": canvas - edge - low, "right": high - edge}.get(align, 2 * (min(middle, canvas - middle) - edge))
    if high - low <= room:
        return 0.0
    before, size = text.get_text(), float(text.get_fontsize())
    text.set_text(wrap(before, room / figure.dpi, size, bold=text.get_fontweight() == "bold"))
    added = text.get_text().count("\n") - before.count("\n")
    return 0.0 if upright else added * LINE * size / 72
