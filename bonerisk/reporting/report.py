"""From runs to report.html, tables/ and figures/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bonerisk.reporting.contents import Context, contents
from bonerisk.reporting.page import render
from bonerisk.reporting.runs.reported import ReportedRuns, reported
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.numbers import listed, plural
from bonerisk.runs.find import StoredRun


def write(runs: Sequence[StoredRun], folder: Path) -> None:
    """Write the page of any runs, with its tables (CSV, LaTeX) and figures (SVG, PNG).

    Parameters
    ----------
    runs : sequence of StoredRun
        The training behind an evaluation is found through the record where it is not among them.
    folder : Path
        Gets ``report.html``, ``tables/`` and ``figures/``.
    """
    found = reported(runs)
    for name in ("tables", "figures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    page = contents(Context(found, folder / "figures"))
    for section in page:
        for part in section.parts:
            if isinstance(part, Table):
                part.write(folder / "tables")
    title = listed(dict.fromkeys(run.name for run in found.runs)) if found.runs else "nothing"
    (folder / "report.html").write_text(render(title, f"From {_counted(found)}.", page), encoding="utf-8")


def _counted(runs: ReportedRuns) -> str:
    """``1 training and 2 evaluations``."""
    counts = {"preparation": len(runs.prepared), "extraction": len(runs.extracted)}
    counts |= {"labelling by a model": len(runs.labelled)}
    counts |= {"training": len(runs.trainings), "evaluation": len(runs.evaluations)}
    return listed([plural(n, name) for name, n in counts.items() if n] or ["no run"])
