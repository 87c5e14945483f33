"""What a model is to tell apart: the rows of a cohort that take part, and their label."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from bonerisk.cohort.table import Cohort
from bonerisk.errors import ConfigError, DataError

TARGETS = {"low_bone_mass": ("low_bone_mass", "normal")}  # each with the classes that are 1 and 0
OF_FRACTURE = "oracle_fracture_"  # risks known from the truth that are of another outcome than these


def select(cohort: Cohort, target: str) -> Cohort:
    """Keep the films that a target is defined for, and add their `label`.

    Parameters
    ----------
    cohort : Cohort
    target : {"low_bone_mass"}
        Low bone mass (1) or normal (0), without osteoporosis, as in OsPenScreen.

    Returns
    -------
    Cohort
        With int64 column `label`, and a step of the flow for each reason to drop a film.

    Raises
    ------
    ConfigError
        There is no such target.
    DataError
        No film is left, or all films of the train split have one label.
    """
    if target not in TARGETS:
        near = get_close_matches(target, TARGETS, n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"there is no target {target!r}", "head.target", f"{mend}targets: {', '.join(TARGETS)}")
    positive, negative = TARGETS[target]
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
