"""The page: sections of paragraphs, tables, figures and films, as one file that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.tables.table import MARK, Table

TEMPLATES = Path(__file__).parent / "templates"
_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}


@dataclass(frozen=True)
class Text:
    """A paragraph; `role` "caution" or "" says how it looks."""

    text: str
    role: str = ""


@dataclass(frozen=True)
class FilmGrid:
    """Example films under one heading: image file and caption of each."""

    title: str
    films: tuple[tuple[Path, str], ...]


Part = Text | Table | Drawing | FilmGrid


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; neighbouring figures share a row where there is room.

    Parameters
    ----------
    title : str
    parts : sequence of Part
    evaluation : int
        Number of the evaluation that it is about; 0: of none, or of all.
    missing : sequence of str
        What it does not show since the runs lack the data, and how to get it.
    """

    title: str
    parts: Sequence[Part] = ()
    evaluation: int = 0
    missing: Sequence[str] = ()

    @property
    def anchor(self) -> str:
        """Its place in the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    def blocks(self) -> Iterator[tuple[str, list[Part]]]:
        """Runs of neighbouring parts of one kind: its name and the parts."""
        block: list[Part] = []
        for part in self.parts:
            if block and type(part) is not type(block[0]):
                yield type(block[0]).__name__, block
                block = []
            block.append(part)
        if block:
            yield type(block[0]).__name__, block


def render(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_uri": _data_uri, "cell": _cell, "together": _together, "note": _note}
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    template = environment.get_template("page.html.j2")
    return template.render(title=title, subtitle=subtitle, sections=sections, style=style)


def _data_uri(path: Path) -> str:
    return f"data:{_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _together(text: str) -> Markup:
    """Text in which an interval does not break inside its brackets."""
    html = re.sub(
        r"\(([^()]{1,24})\)", r'<span class="nb">(\1)</span>', str(escape(text)).replace(" ± ", "\u00a0±\u00a0")
    )
    return Markup(html)


def _cell(text: str) -> Markup:
    """A cell with its footnote's letter raised, and kept with what it stands at."""
    mark = MARK.search(text)
    if not mark:
        return _together(text)
    body, raised = _together(MARK.sub("", text)), Markup("<sup>{}</sup>").format(mark[1])
    end = Markup("</span>")
    return body.removesuffix(end) + raised + end if body.endswith(end) else body + raised


def _note(text: str) -> Markup:
    mark = re.match(r"\[([a-z]+)\] ", text)
    return Markup("<sup>{}</sup> {}").format(mark[1], text[mark.end() :]) if mark else escape(text)
