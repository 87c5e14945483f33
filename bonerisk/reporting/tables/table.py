"""A table as printed: text in cells, written as CSV and LaTeX, and laid out as HTML by the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pandas as pd

MARK = re.compile(r"\[([a-z]+)\]$")  # a reference to a footnote at the end of a cell
_LATEX = {
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "²": r"\textsuperscript{2}",
    "Δ": r"$\Delta$",
}
_LATEX |= {
    "\u00a0": "~",
    "“": "``",
    "”": "''",
    "’": "'",
    "×": r"$\times$",
    "…": r"\dots{}",
    "·": r"$\cdot$",
    "<": "$<$",
    ">": "$>$",
}


@dataclass(frozen=True)
class Table:
    """A table for readers.

    Parameters
    ----------
    name : str
        File name without suffix.
    title : str
    frame : DataFrame
        Text cells; the first columns say what a row is. Columns of two levels get a spanning head.
    notes : tuple of str
        Footnotes; one that begins with ``[a]`` explains cells that end so.
    group : str
        Column whose equal neighbours become one heading across the table.
    """

    name: str
    title: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    group: str = ""

    def write(self, folder: Path) -> None:
        """Write ``<name>.csv`` and ``<name>.tex`` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        flat = self.frame.set_axis([": ".join(filter(None, names)) for names in self.heads], axis=1)
        flat.to_csv(folder / f"{self.name}.csv", index=False, encoding="utf-8-sig")  # so that Excel sees UTF-8
        (folder / f"{self.name}.tex").write_text(self.latex(), encoding="utf-8")

    def latex(self) -> str:
        """The table for booktabs, with its notes; every character one that pdfLaTeX knows."""
        frame = self.frame.copy()
        for position in [number for number, names in enumerate(self.heads) if self._is_group(names)]:
            groups = frame.iloc[:, position]
            frame.isetitem(position, groups.where(groups != groups.shift(), "").tolist())
        text = frame.to_latex(
            index=False, escape=True, caption=_escape(self.title), label=f"tab:{self.name}", position="htbp",
            column_format="l" * len(frame.columns), multicolumn_format="c",
        )  # fmt: skip
        text = re.sub(r"\[([a-z]{1,2})\](?= *[&\\])", r"\\textsuperscript{\1}", text)
        notes = "".join(rf"\\ {_note(note)}" for note in self.notes).removeprefix(r"\\ ")
        if notes:
            text = text.replace(r"\end{table}", "\\par\\footnotesize " + notes + "\n\\end{table}")
        for sign, written in _LATEX.items():
            text = text.replace(sign, written)
        return text.replace(r"\begin{table}[htbp]", "\\begin{table}[htbp]\n\\centering\\small")

    @property
    def heads(self) -> list[tuple[str, ...]]:
        """Names of each column, from the top."""
        return [name if isinstance(name, tuple) else (name,) for name in self.frame.columns]

    @property
    def spanned(self) -> bool:
        """Whether there is a spanning head."""
        return isinstance(self.frame.columns, pd.MultiIndex)

    @property
    def spans(self) -> list[tuple[str, int]]:
        """Spanning heads with the number of columns under each."""
        shown = [names[0] for names in self.heads if not self._is_group(names)]
        return [(name, len(list(columns))) for name, columns in groupby(shown)]

    @property
    def columns(self) -> list[str]:
        """Heads of the columns that are shown beside the group's headings."""
        return [names[-1] for names in self.heads if not self._is_group(names)]

    def _is_group(self, names: tuple[str, ...]) -> bool:
        return bool(self.group) and names[-1] == self.group

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """Each row's heading, empty where it is that of the row before, and its other cells."""
        heading = ""
        heads = self.heads
        for row in self.frame.fillna("").astype(str).itertuples(index=False):
            group = next((cell for names, cell in zip(heads, row, strict=True) if self._is_group(names)), "")
            cells = [cell for names, cell in zip(heads, row, strict=True) if not self._is_group(names)]
            yield group if group != heading else "", cells
            heading = group


class Footnotes:
    """Reasons why cells are empty, each lettered once in order of use."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def mark(self, cell: str, reason: str) -> str:
        """`cell` with a reference to `reason`; as it is without one."""
        if not reason:
            return cell
        letter = self._letters.setdefault(reason, _letter(len(self._letters)))
        return f"{cell}[{letter}]"

    def notes(self) -> tuple[str, ...]:
        """``[a] Reason.`` of each."""
        return tuple(f"[{letter}] {reason[:1].upper()}{reason[1:]}." for reason, letter in self._letters.items())


def _letter(number: int) -> str:
    return chr(ord("a") + number % 26) * (1 + number // 26)


def _escape(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def _note(text: str) -> str:
    return re.sub(r"^\[([a-z]+)\]", r"\\textsuperscript{\1}", _escape(text))
