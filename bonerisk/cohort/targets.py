"""What a model is to predict: the rows of a cohort that take part, and their outcome."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import Literal

import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.errors import ConfigError, DataError

FRACTURE = "fracture"
CLASSES = {"low_bone_mass": ("low_bone_mass", "normal")}  # each with the classes that are 1 and 0
ANY_FRACTURE = "any_fracture"
OUTCOMES: dict[str, Literal["binary", "survival"]] = {
    **dict.fromkeys((*CLASSES, ANY_FRACTURE), "binary"),
    FRACTURE: "survival",
}
TIMES_UNUSED = (
    "Times are not used: whether a fracture came is asked of patients who were followed for different times, and who "
    "was followed for shorter had less time to break. head.target=fracture uses them."
)
OF_FRACTURE = "oracle_fracture_"  # risks known from the truth that are of another outcome than bone mass


def select(cohort: Cohort, target: str) -> Cohort:
    """Keep the films that a target is defined for.

    Parameters
    ----------
    cohort : Cohort
    target : {"low_bone_mass", "any_fracture", "fracture"}
        Low bone mass (1) or normal (0), without osteoporosis, as in OsPenScreen; or whether a fracture came (1) or not
        (0) while the patient was followed: both add the int64 column `label`. Or time to a fracture: `event` and
        `time_years`.

    Returns
    -------
    Cohort
        With a step of the flow for each reason to drop a film, and a note where times are not used.

    Raises
    ------
    ConfigError
        There is no such target.
    DataError
        No film is left, or those of the train split all have one outcome.
    """
    if target not in OUTCOMES:
        near = get_close_matches(target, OUTCOMES, n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"there is no target {target!r}", "head.target", f"{mend}targets: {', '.join(OUTCOMES)}")
    if target == ANY_FRACTURE:
        return _ever(cohort)
    return _followed(cohort) if target == FRACTURE else _classed(cohort, target)


def _ever(cohort: Cohort) -> Cohort:
    where = f"cohort {cohort.name}"
    if "event" not in cohort.table:
        mend = "name the column, as dataset.columns.event=<its name in the table>"
        raise DataError("there is no event: nobody was followed up", where, mend)
    table = cohort.table[cohort.table["event"].notna()].reset_index(drop=True)
    flow = cohort.flow.step("event known", cohort.table, table, "event missing")
    table["label"] = (table["event"] == 1).astype("int64")
    train = table.loc[table["split"] == "train", "label"]
    if table.empty or train.nunique() == 1:
        what = f"all {len(train)} rows of the train split have {'the' if train.any() else 'no'} event"
        mend = "bring rows of both kinds, or another split (dataset.split_seed, or a column `split`)"
        raise DataError(what if len(table) else "no row has an event, 1 or 0", where, mend)
    told = () if table.get("time_years", pd.Series(dtype=float)).isna().all() else (TIMES_UNUSED,)
    return replace(cohort, table=table, flow=flow, notes=(*cohort.notes, *told))


def _followed(cohort: Cohort) -> Cohort:
    where = f"cohort {cohort.name}"
    absent = [column for column in ("event", "time_years") if column not in cohort.table]
    if absent:
        mend = " ".join(f"dataset.columns.{column}=<its name in the table>" for column in absent)
        mend += "" if "event" in absent else f"; head.target={ANY_FRACTURE} needs no times"
        raise DataError(f"there is no {' and no '.join(absent)}: time to fracture needs both", where, mend)
    known = cohort.table[["event", "time_years"]].notna().all(axis=1) & (cohort.table["time_years"] > 0)
    if "competing_event" in cohort.table:
        known &= cohort.table["competing_event"].notna() | (cohort.table["event"] == 1)
    table = cohort.table[known].reset_index(drop=True)
    flow = cohort.flow.step("follow-up known", cohort.table, table, "event, its time or competing_event missing")
    if table.empty:
        raise DataError("no row has a follow-up", where, "look at event and time_years")
    train = table.loc[table["split"] == "train", "event"]
    if len(train) and not (train == 1).any():
        mend = "bring patients who had the event, or another split (dataset.split_seed, or a column `split`)"
        raise DataError(f"none of the {len(train)} rows of the train split has an event", where, mend)
    return replace(cohort, table=table, flow=flow)


def _classed(cohort: Cohort, target: str) -> Cohort:
    positive, negative = CLASSES[target]
    known = cohort.table[cohort.table["bone_class"].notna()]
    flow = cohort.flow.step("T-score or bone class known", cohort.table, known, "neither is given")
    if known.empty:
        raise DataError(
            "no film has a T-score or bone class",
            f"cohort {cohort.name}",
            "name the column, as dataset.columns.t_score=<its name in the table>",
        )
    table = known[known["bone_class"].isin([positive, negative])].reset_index(drop=True)
    flow = flow.step("no osteoporosis", known, table, "osteoporosis is no low bone mass, and excluded")
    table = table.drop(columns=[column for column in table if str(column).startswith(OF_FRACTURE)])
    table["label"] = (table["bone_class"] == positive).astype("int64")
    if table.empty:
        raise DataError(
            f"every film is of a patient with osteoporosis, so that none is left for {target}", f"cohort {cohort.name}"
        )
    train = table.loc[table["split"] == "train", "label"]
    if train.nunique() == 1:
        name = positive if train.iloc[0] else negative
        raise DataError(
            f"all {len(train)} films of the train split are {name}: nothing can be learnt from one class",
            f"cohort {cohort.name}",
            "bring films of the other class, or another split (dataset.split_seed, or a column `split`)",
        )
    return replace(cohort, table=table, flow=flow)
