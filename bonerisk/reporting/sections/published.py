"""What a paper prints, as data: shown beside our numbers, never mixed in; and where we had to part from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.tables.table import Table

FOLDER = Path(__file__).parents[1] / "published"


def published(names: Sequence[str]) -> Section:
    """Tables of the papers whose presets made the runs, as printed."""
    parts: list[Part] = []
    for paper in dict.fromkeys(filter(None, map(paper_of, names))):
        parts.append(
            Text(
                f"For comparison, not for pooling: other patients, other films, other reference readings. Transcribed "
                f"digit for digit, contradictions included, from {citation(paper)}"
            )
        )
        parts += [*tables(paper), deviations(paper)]
    return Section("Published results, as printed", parts)


def paper_of(run: str) -> str | None:
    """The paper whose preset made the run of that name, by the beginning of the name; None where there is none."""
    return next((path.stem for path in sorted(FOLDER.glob("*.yaml")) if run.startswith(path.stem)), None)


def tables(paper: str) -> list[Table]:
    """A paper's tables; names and titles say that they are as printed."""
    content = _read(paper)
    return [
        Table(
            f"as_printed_{paper}_{table['number'].lower().replace(' ', '_')}",
            f"As printed: {table['number']}, {table['title']}",
            pd.DataFrame(table["rows"], columns=table["columns"]),
            tuple(table["notes"]),
            table.get("group", ""),
        )
        for table in content["tables"]
    ]


def deviations(paper: str) -> Table:
    """Where a paper is silent or contradicts itself: what is used by default, and how to switch."""
    heads = {"item": "Item", "printed": "Printed", "used": "Used", "switch": "To switch"}
    frame = pd.DataFrame(_read(paper)["deviations"])[list(heads)].rename(columns=heads)
    note = "Used: the default. What these runs chose is under “What was run”."
    return Table(f"deviations_{paper}", "Where the paper is silent or contradicts itself", frame, (note,))


def citation(paper: str) -> str:
    """Where the tables are from."""
    return _read(paper)["citation"].strip()


@cache
def _read(paper: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{paper}.yaml").read_text(encoding="utf-8"))
