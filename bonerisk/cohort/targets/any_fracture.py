"""A fracture (1) or none (0) while the patient was followed: for tables without times."""

from __future__ import annotations

from dataclasses import replace

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.fracture import STANDARD, WORDS, WORDS_OF_TABLE
from bonerisk.cohort.targets.target import Target
from bonerisk.errors import DataError

TIMES_UNUSED = (
    "Times are not used: patients were followed for different times, and those followed for a shorter time had less "
    "time for a fracture. head.target=fracture uses them."
)


def rows(cohort: Cohort) -> Cohort:
    """Rows whose event is known; a note if there are times, which are not used."""
    where = f"cohort {cohort.name}"
    if "event" not in cohort.table:
        mend = "name the column, as dataset.columns.event=<its name in the table>"
        raise DataError("there is no column event, which says whether a fracture came", where, mend)
    table = cohort.table[cohort.table["event"].notna()].reset_index(drop=True)
    flow = cohort.flow.step("event known", cohort.table, table, "event missing")
    table["label"] = (table["event"] == 1).astype("int64")
    train = table.loc[table["split"] == "train", "label"]
    if table.empty or train.nunique() == 1:
        what = f"all {len(train)} rows of the train split have {'the' if train.any() else 'no'} event"
        mend = "bring rows of both kinds, or another split (dataset.split_seed, or a column `split`)"
        raise DataError(what if len(table) else "no row has an event, 1 or 0", where, mend)
    timed = "time_years" in table and table["time_years"].notna().any()
    unused = (TIMES_UNUSED,) if timed else ()
    return replace(cohort, table=table, flow=flow, notes=(*cohort.notes, *unused))


TARGET = Target("binary", ("label",), rows, WORDS, WORDS_OF_TABLE, reference_standard=STANDARD, truth="fracture")
