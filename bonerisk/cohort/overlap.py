"""Refuse to evaluate patients used in fitting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from bonerisk.cohort.identifiers import MENDING, bare, bare_patients, differently_written
from bonerisk.cohort.table import patients
from bonerisk.errors import DataError
from bonerisk.runs.find import load

SHOWN = 5  # patients named in an error
FEW_VALUES = 10  # values of a column that many people share: they identify nobody


def refuse_seen(table: pd.DataFrame, seen: pd.DataFrame, what: str) -> None:
    """Refuse a patient (within site) of `table` who is also in `seen`, however written, or under another site.

    Parameters
    ----------
    table, seen : DataFrame
        With `patient_id` and `site`.
    what : str
        What was fitted to `seen`, such as "thresholds".

    Raises
    ------
    DataError
        Names the first of them.
    """
    both = table.loc[patients(table).isin(set(patients(seen))), ["patient_id", "site"]].drop_duplicates()
    if len(both):
        names = ", ".join(f"{patient} (site {site})" for patient, site in both.head(SHOWN).to_numpy())
        raise DataError(
            f"{len(both)} patients here are among those that {what} were fitted to",
            where=f"patient {names}{', …' if len(both) > SHOWN else ''}",
            mend="take other patients; where two people share an id, tell them apart by `site`",
        )
    _refuse_rewritten(table, seen, what)
    _refuse_renamed(table, seen, what)


def refuse_seen_by(table: pd.DataFrame, runs: Iterable[Path]) -> None:
    """Refuse a patient of `table` who was seen by training runs, or by runs that they started from.

    Raises
    ------
    DataError
    """
    for name, seen in seen_by(runs):
        refuse_seen(table, seen, f"the weights of {name}")


def seen_by(runs: Iterable[Path]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and cohort of each training among runs and the runs that they started from."""
    for run in map(load, runs):
        if run.command == "train":
            yield run.folder.name, pd.read_parquet(run.path("cohort.parquet"))
            yield from seen_by(run.parents)


def _refuse_rewritten(table: pd.DataFrame, seen: pd.DataFrame, what: str) -> None:
    """Refuse a patient whose identifier differs from a seen patient's only in how it is written."""
    there = bare_patients(table)
    alike = table.loc[there.isin(set(bare_patients(seen))), ["patient_id", "site"]].drop_duplicates()
    if len(alike):
        patient, site = alike.iloc[0]
        ways = differently_written(alike.iloc[:1]["patient_id"], seen.loc[seen["site"] == site, "patient_id"])
        raise DataError(
            f"{len(alike)} patients here are among those that {what} were fitted to, but for how they are written",
            where=f"patient {patient} (site {site}), there {ways[0][1]}",
            mend=MENDING,
        )


def _refuse_renamed(table: pd.DataFrame, seen: pd.DataFrame, what: str) -> None:
    """Refuse a patient of another site who has the id and every number of a seen patient."""
    numbers = [
        name
        for name in table
        if name in seen and all(pd.api.types.is_float_dtype(part[name]) for part in (table, seen))
    ]
    told = [name for name in numbers if table[name].nunique() > FEW_VALUES]
    if not told:
        return
    plain = {"patient_id": lambda rows: rows["patient_id"].map(bare, na_action="ignore")}
    known = seen[["patient_id", *told]].assign(**plain).drop_duplicates()
    same = table[["patient_id", "site", *told]].assign(**plain).merge(known, on=["patient_id", *told])
    if len(same):
        raise DataError(
            f"{len(same)} rows here have the id and all numbers of patients that {what} were fitted to",
            where=f"patient {same['patient_id'].iloc[0]} (site {same['site'].iloc[0]})",
            mend="they are the same people: evaluate others, or give both tables the same `site` (or dataset.name)",
        )
