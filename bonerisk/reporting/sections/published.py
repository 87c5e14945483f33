"""A paper's printed numbers, beside ours and never mixed in; and our deviations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict

import pandas as pd
import yaml

from bonerisk.errors import ConfigError
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.tables.table import Table

FOLDER = Path(__file__).parents[1] / "published"


ORDER = 60


class Printed(TypedDict):
    """A table as a paper prints it."""

    number: str
    title: str
    group: NotRequired[str]
    facts: NotRequired[dict[str, int]]  # this and what follows for `bonerisk audit`: bonerisk.audit.tables.Printed
    sums: NotRequired[list[dict[str, object]]]
    same: NotRequired[bool]
    columns: list[str]
    rows: list[list[str]]
    notes: list[str]


class Paper(TypedDict):
    """What the file of a paper holds."""

    citation: str
    presets: list[str]
    targets: list[str]
    tables: list[Printed]
    deviations: list[dict[str, str]]


def sections(page: Context) -> Iterator[Section]:
    """Tables of the papers whose presets trained the models, as printed."""
    parts: list[Part] = []
    used = [(run.record["choices"].get("model", ""), run.config["head"]["target"]) for run in page.runs.trainings]
    records = [evaluation.run.record for evaluation in page.runs.evaluations]
    used += [(record.get("preset", ""), record.get("target", "")) for record in records]
    for paper in dict.fromkeys(filter(None, (paper_of(*each) for each in used))):
        parts.append(
            Text(
                f"For comparison, not for pooling: other patients, other films, other reference readings. Transcribed "
                f"digit for digit, contradictions included, from {_citation(paper)}"
            )
        )
        parts += [table for table in (*tables(paper), deviations(paper)) if len(table.frame)]
    yield Section("Published results, as printed", parts)


def paper_of(preset: str, target: str) -> str | None:
    """The paper whose file names a preset and a target; None if there is none."""
    return next((name for name in _papers() if preset in presets(name) and target in _read(name)["targets"]), None)


def printed_by(paper: str) -> Path:
    """The file of a paper's tables, for those who read them on their own.

    Raises
    ------
    ConfigError
        There is no such paper.
    """
    if paper not in _papers():
        raise ConfigError(
            f"there is no paper {paper!r}", "table", f"write published/ and one of {', '.join(_papers())}"
        )
    return FOLDER / f"{paper}.yaml"


def presets(paper: str) -> list[str]:
    """Presets whose models are shown beside a paper's tables."""
    return list(_read(paper)["presets"])


def _papers() -> list[str]:
    """Names of the papers with printed tables here."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def tables(paper: str) -> list[Table]:
    """A paper's tables; names and titles say that they are as printed."""
    content = _read(paper)
    return [
        Table(
            f"as_printed_{paper}_{table['number'].lower().replace(' ', '_')}",
            f"As printed: {table['number']}, {table['title']}",
            pd.DataFrame(table["rows"], columns=table["columns"]),
            tuple(table.get("notes", ())),
            table.get("group", ""),
        )
        for table in content["tables"]
    ]


def deviations(paper: str) -> Table:
    """Where a paper is silent or contradicts itself: what is used by default, and how to switch; may have no rows."""
    heads = {"item": "Item", "printed": "Printed", "used": "Used", "switch": "To switch"}
    frame = pd.DataFrame(_read(paper).get("deviations", []), columns=list(heads)).rename(columns=heads)
    note = "Used: the default. What these runs chose is under “What was run”."
    return Table(f"deviations_{paper}", "Where the paper is silent or contradicts itself", frame, (note,))


def _citation(paper: str) -> str:
    """Source of the tables."""
    return _read(paper)["citation"].strip()


@cache
def _read(paper: str) -> Paper:
    return yaml.safe_load((FOLDER / f"{paper}.yaml").read_text(encoding="utf-8"))
