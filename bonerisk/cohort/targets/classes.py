"""Shared by targets that are classes of bone mass: their rows and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bonerisk.cohort.table import Cohort
from bonerisk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

KNOWN_FROM = frozenset({"t_score", "bone_class", "t_lumbar_spine", "t_femoral_neck", "t_total_hip"})
OF_FRACTURE = "oracle_fracture_"  # prefix of risks known from the truth, but of fracture, not of bone mass


def known(cohort: Cohort, column: str = "bone_class", what: str = "T-score or bone class") -> Cohort:
    """Rows with a value in a column, without oracles of fracture.

    Raises
    ------
    DataError
        No row has a value.
    """
    table = cohort.table[cohort.table[column].notna()].reset_index(drop=True)
    flow = cohort.flow.step(f"{what} known", cohort.table, table, "neither is given" if " or " in what else "missing")
    if table.empty:
        mend = (
            "name the column, as dataset.columns.t_score=<its name in the table>; films without labels can be embedded "
            "(bonerisk extract), and labelled by a model (bonerisk pseudolabel), but not learnt from or evaluated"
        )
        raise DataError(f"no film has a {what}", f"cohort {cohort.name}", mend)
    return replace(
        cohort, table=table.drop(columns=[name for name in table if str(name).startswith(OF_FRACTURE)]), flow=flow
    )


def labelled(cohort: Cohort, label: Mapping[str, int]) -> Cohort:
    """The rows with the int64 column `label`, derived from `bone_class`.

    Raises
    ------
    DataError
        All rows of the train split are of one class.
    """
    table = cohort.table.assign(label=cohort.table["bone_class"].map(label).astype("int64"))
    train = table.loc[table["split"] == "train"]
    if train["label"].nunique() == 1:
        classes = train["bone_class"].unique()
        name = classes[0] if len(classes) == 1 else f"not {next(of for of, number in label.items() if number)}"
        raise DataError(
            f"all {len(train)} films of the train split are {name}: nothing can be learnt from one class",
            f"cohort {cohort.name}",
            "bring films of the other class, or another split (dataset.split_seed, or a column `split`)",
        )
    return replace(cohort, table=table)


def without(cohort: Cohort, bone_class: str, step: str, reason: str) -> Cohort:
    """The rows that are not of a class, as a step of the flow."""
    table: pd.DataFrame = cohort.table[cohort.table["bone_class"] != bone_class].reset_index(drop=True)
    return replace(cohort, table=table, flow=cohort.flow.step(step, cohort.table, table, reason))
