"""The font of all figures, which we bring along, and lines of text as wide as they are drawn in it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parents[1] / "fonts"
# DejaVu, which comes with matplotlib, has the letters and signs that ours lacks.
FAMILY = ("Bonerisk Sans", "DejaVu Sans")
_PIECES = re.compile(r"\S*?[-_/](?=\S)|\S+\s*|\s+")  # a line may end after these


@cache
def install() -> None:
    """Make our font known to matplotlib, once a process: figures have the same letters on every machine."""
    from matplotlib.font_manager import fontManager

    for path in sorted(FONTS.glob("*.ttf")):
        fontManager.addfont(path)


@cache
def width_in(text: str, size: float, bold: bool = False) -> float:
    """Width of one line of text in inches, at a size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    install()
    font = FontProperties(family=list(FAMILY), size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def wrap(text: str, inches: float, size: float, bold: bool = False) -> str:
    """Break text into lines no wider than `inches`: at spaces, after ``-_/``, and within what is wider than a line.

    Examples
    --------
    >>> print(wrap("Test: 140 films, 62 with low bone mass", 1.25, 8))
    Test: 140 films, 62 with
    low bone mass
    """
    return "\n".join(part for line in text.split("\n") for part in _lines(line, inches, size, bold))


def _lines(text: str, inches: float, size: float, bold: bool) -> list[str]:
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and width_in((lines[-1] + piece).rstrip(), size, bold) > inches:
            lines.append("")
        lines[-1] += piece
        while width_in(lines[-1].rstrip(), size, bold) > inches and len(lines[-1]) > 1:
            lines[-1:] = _cut(lines[-1], inches, size, bold)
    return [line.rstrip() for line in lines]


def _cut(word: str, inches: float, size: float, bold: bool) -> tuple[str, str]:
    """Cut a word in two, of which the first fits."""
    fitting = [end for end in range(1, len(word)) if width_in(word[:end], size, bold) <= inches]
    end = max(fitting, default=1)
    return word[:end], word[end:]
