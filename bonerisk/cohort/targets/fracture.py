"""Time to a fracture, or to the end of follow-up."""

from __future__ import annotations

from dataclasses import replace

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import Target, Words
from bonerisk.errors import DataError

STANDARD = "diagnoses and follow-up"
WORDS, WORDS_OF_TABLE = Words("fracture", "a", "will have"), Words("event", "the", "will have")


def rows(cohort: Cohort) -> Cohort:
    """Rows with a known event, a time over 0 and, if there are competing events, a known end of follow-up.

    Raises
    ------
    DataError
        A column is absent; no row is left, or none of train has an event; or follow-up is missing not by chance.
    """
    where = f"cohort {cohort.name}"
    absent = [column for column in ("event", "time_years") if column not in cohort.table]
    if absent:
        mend = " ".join(f"dataset.columns.{column}=<its name in the table>" for column in absent)
        mend += "" if "event" in absent else "; head.target=any_fracture needs no times"
        raise DataError(f"there is no {' and no '.join(absent)}: time to fracture needs both", where, mend)
    known = cohort.table[["event", "time_years"]].notna().all(axis=1) & (cohort.table["time_years"] > 0)
    for column in {"entry_years", "case_weight"}.intersection(cohort.table):
        known &= cohort.table[column].notna()
    if "competing_event" in cohort.table:
        known &= cohort.table["competing_event"].notna() | (cohort.table["event"] == 1)
    table = cohort.table[known].reset_index(drop=True)
    why = "event, its time, competing_event or case_weight missing"
    flow = cohort.flow.step("follow-up known", cohort.table, table, why)
    from bonerisk.cohort import slips

    followed = cohort.table[cohort.table["event"].notna()]
    if evidence := slips.lost(~known[followed.index], followed[["event"]]):
        raise DataError(f"{evidence}; a time or competing_event is missing there", where, slips.MENDING)
    if table.empty:
        raise DataError("no row has a follow-up", where, "look at event and time_years")
    train = table.loc[table["split"] == "train", "event"]
    if len(train) and not (train == 1).any():
        mend = "bring patients who had the event, or another split (dataset.split_seed, or a column `split`)"
        raise DataError(f"none of the {len(train)} rows of the train split has an event", where, mend)
    return replace(cohort, table=table, flow=flow)


TARGET = Target(
    "survival", ("event", "time_years"), rows, WORDS, WORDS_OF_TABLE, reference_standard=STANDARD, truth="fracture"
)
