"""From a dataset to its cohort, recorded in the run, and to the rows that a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bonerisk.cohort.table import Cohort
from bonerisk.errors import DataError
from bonerisk.runs.folder import Run


def load_cohort(dataset: Any, run: Run, data: Path) -> Cohort:
    """Load the cohort of a dataset; what must be told of it, and the tables it was read from, are noted in the run."""
    cohort: Cohort = dataset.load(data)
    run.record["reference_standard"] = cohort.reference_standard
    for note in cohort.notes:
        run.note(note)
    for source in cohort.sources:
        run.reads("table", source)
    return cohort


def of_splits(cohort: Cohort, splits: Sequence[str]) -> Cohort:
    """The rows of some splits, as a last step of the flow.

    Raises
    ------
    DataError
        There are none.
    """
    table = cohort.table[cohort.table["split"].isin(splits)].reset_index(drop=True)
    if table.empty:
        there = ", ".join(sorted(cohort.table["split"].unique())) or "none"
        raise DataError(f"nothing in split {', '.join(splits)}", f"cohort {cohort.name}", f"splits there: {there}")
    flow = cohort.flow.step(f"split {', '.join(splits)}", cohort.table, table, "other splits")
    return replace(cohort, table=table, flow=flow)


def write_cohort(cohort: Cohort, run: Run) -> None:
    """Write the tables of a cohort: cohort.parquet, flow.csv, rejected.csv, and links.csv where tables were joined."""
    with run.writes("cohort", "cohort.parquet") as path:
        cohort.table.to_parquet(path, index=False)
    with run.writes("flow", "flow.csv") as path:
        cohort.flow.table.to_csv(path, index=False)
    with run.writes("rejected", "rejected.csv") as path:
        cohort.rejected.astype({"row": "Int64"}).to_csv(path, index=False)  # a film refused by itself has no row
    if cohort.links is not None:
        with run.writes("links", "links.csv") as path:
            cohort.links.to_csv(path, index=False)
