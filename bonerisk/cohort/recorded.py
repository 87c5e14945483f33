"""A cohort on its way through a command: what of it is recorded in the run, and the rows that the command is about."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from bonerisk.cohort.table import SPLITS, Cohort, patients
from bonerisk.cohort.targets.target import find
from bonerisk.errors import DataError
from bonerisk.runs.folder import RECORD, Run

LEARNT = ("train", "tune")  # splits that a training sees
UNSEEN = ("test", "external")  # the others

log = logging.getLogger(__name__)


def record_source(cohort: Cohort, run: Run) -> Cohort:
    """The cohort, after noting in the run what must be told of it, and the tables it was read from."""
    run.record["reference_standard"] = cohort.reference_standard
    for note in cohort.notes:
        run.note(note)
    for source in cohort.sources:
        of_run = (source.parent / RECORD).is_file()
        run.reads("table", source, parent=source.parent if of_run else None)
    return cohort


def of_target(cohort: Cohort, name: str, run: Run) -> Cohort:
    """The rows that take part in a target; what it was established by, and what must be told of it, are noted.

    Raises
    ------
    ConfigError
        There is no such target.
    DataError
        No row is left, or those of the train split all have one outcome.
    """
    target = find(name)
    run.record["reference_standard"] = target.established(cohort.reference_standard)
    chosen = target.rows(cohort)
    for note in chosen.notes[len(cohort.notes) :]:
        run.note(note)
        log.warning(note)
    return chosen


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


def in_order_of_splits(cohort: Cohort) -> Cohort:
    """The same rows, split after split, in the order of `SPLITS`."""
    place = cohort.table["split"].map(SPLITS.index)
    return replace(cohort, table=cohort.table.iloc[place.argsort(kind="stable")].reset_index(drop=True))


def note_seen_splits(cohort: Cohort, run: Run, key: str) -> None:
    """Say how many rows lie in train and tune, where all of another dataset could have been evaluated.

    Parameters
    ----------
    key : str
        Key of the configuration that decides the split of rows.
    """
    left_out = int((~cohort.table["split"].isin(UNSEEN)).sum())
    if left_out:
        text = f"{left_out} of {len(cohort.table)} films of {cohort.name} lie in train and tune and are left out; "
        text += f"{key}=external evaluates all of them."
        run.note(text)
        log.warning(text)


def log_counts(cohort: Cohort) -> None:
    """Log how many rows and patients there are, in which splits, and how many values were refused."""
    table = cohort.table
    splits = ", ".join(f"{split} {n}" for split in SPLITS if (n := int((table["split"] == split).sum())))
    rows = "rows" if cohort.features else "films"
    log.info("%d %s of %d patients: %s", len(table), rows, patients(table).nunique(), splits)
    if len(cohort.rejected):
        log.info("%d values are refused: rejected.csv has each with its reason", len(cohort.rejected))


def note_unjudged(cohort: Cohort, run: Run) -> None:
    """Say what metrics do not take into account: entry times, strata and weights."""
    table, found = cohort.table, []
    if "entry_years" in table and (late := int((table["entry_years"] > 0).sum())):
        found.append(
            f"{late} of {len(table)} rows are at risk only from entry_years on. Metrics count them as followed from "
            "time 0, when they could have no event: incidences are too low, and calibration and ranking may be wrong."
        )
    if "stratum" in table and (strata := table["stratum"].nunique()) > 1:
        found.append(
            f"Rows are of {strata} strata. The risk of a model that was fitted with strata does not contain their "
            "baselines, but C-index and AUC compare rows of all strata. Its probabilities contain them."
        )
    if "case_weight" in table and table["case_weight"].nunique() > 1:
        found.append(
            "Rows have weights (case_weight). Metrics count each row once: they describe these rows, not the "
            "population that the weights stand for."
        )
    for text in found:
        run.note(text)
        log.warning(text)


def write_cohort(cohort: Cohort, run: Run) -> None:
    """Write the tables of a cohort: cohort.parquet, flow.csv, rejected.csv, and links.csv where tables were joined."""
    with run.writes("cohort", "cohort.parquet") as path:
        cohort.table.to_parquet(path, index=False)
    write_left_out(cohort, run)
    if cohort.links is not None:
        with run.writes("links", "links.csv") as path:
            cohort.links.to_csv(path, index=False)


def write_left_out(cohort: Cohort, run: Run) -> None:
    """Write what was left out of a cohort, and why: flow.csv, rejected.csv."""
    with run.writes("flow", "flow.csv") as path:
        cohort.flow.table.to_csv(path, index=False)
    write_rejected(cohort.rejected, run)


def write_rejected(rejected: pd.DataFrame, run: Run) -> None:
    """Write rejected.csv, from a table with the columns `REJECTED`."""
    with run.writes("rejected", "rejected.csv") as path:
        rejected.astype({"row": "Int64"}).to_csv(path, index=False)  # a film refused by itself has no row
