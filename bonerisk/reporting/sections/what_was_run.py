"""What was run: commands, configuration, seeds, versions."""

from __future__ import annotations

from collections.abc import Iterator

from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Section
from bonerisk.reporting.tables.provenance import provenance
from bonerisk.reporting.wording.numbers import listed
from bonerisk.runs.find import StoredRun

ORDER = 70
FILES = {
    "extract": ["embeddings.parquet"],
    "train": ["history.csv"],
    "pseudolabel": ["reliability.csv"],
    "evaluate": ["metrics.csv", "figures/*"],
}


def sections(page: Context) -> Iterator[Section]:
    """A table of facts per run, and the files that a run lacks."""
    runs = page.runs.runs
    yield Section("What was run", [provenance(runs)], missing=[text for run in runs for text in _absent(run)])


def _absent(run: StoredRun) -> Iterator[str]:
    expected = ["cohort.parquet", "flow.csv", *FILES.get(run.command, [])]
    absent = [name.removesuffix("/*") for name in expected if not run.names(name)]
    if absent:
        yield f"{run.folder.name} ({run.command}, {run.status}) has no {listed(absent)}."
