"""Refuse patients who are in two cohorts that must not share any: those used in fitting, and those evaluated."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.cohort.identifiers import MENDING, bare, bare_patients, differently_written
from bonerisk.cohort.table import patients, patients_are
from bonerisk.errors import DataError
from bonerisk.runs.find import load

SHOWN = 5  # patients named in an error
FEW_VALUES = 10  # values of a column that many people share: they identify nobody
BEYOND_CHANCE = 5  # times as many rows with equal id and numbers as chance would give: then they are the same people
ROWS = 256  # whose numbers are held at once


def refuse_seen(table: pd.DataFrame, seen: pd.DataFrame, what: str) -> None:
    """Refuse a patient of `table` who is in `seen`, to which `what` was fitted, such as "thresholds".

    Raises
    ------
    DataError
        As `refuse_overlap`.
    """
    refuse_overlap(table, seen, f"those that {what} were fitted to")


def refuse_overlap(table: pd.DataFrame, seen: pd.DataFrame, whose: str) -> None:
    """Refuse a patient (within site) of `table` who is also in `seen`, however written, or under another site.

    Parameters
    ----------
    table, seen : DataFrame
        With `patient_id` and `site`.
    whose : str
        Who the patients of `seen` are, such as "those of outputs/prepare/…".

    Raises
    ------
    DataError
        Names the first of them.
    """
    both = table.loc[patients(table).isin(set(patients(seen))), ["patient_id", "site"]].drop_duplicates()
    if len(both):
        names = ", ".join(f"{patient} (site {site})" for patient, site in both.head(SHOWN).to_numpy())
        raise DataError(
            f"{patients_are(len(both), 'here')} among {whose}",
            where=f"patient {names}{', …' if len(both) > SHOWN else ''}",
            mend="take other patients; where two people share an id, tell them apart by `site`",
        )
    _refuse_rewritten(table, seen, whose)
    _refuse_renamed(table, seen, whose)


def refuse_seen_by(table: pd.DataFrame, runs: Iterable[Path]) -> None:
    """Refuse a patient of `table` who was seen by training runs, or by runs that they started from.

    Raises
    ------
    DataError
    """
    for name, seen in seen_by(runs):
        refuse_seen(table, seen, f"the weights of {name}")


def seen_by(runs: Iterable[Path]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and cohort of each training among runs, and of those that they started from or that made their labels."""
    for run in map(load, runs):
        if run.command == "train":
            yield run.folder.name, pd.read_parquet(run.path("cohort.parquet"))
        if run.command in ("train", "pseudolabel"):
            yield from seen_by(run.parents)


def _refuse_rewritten(table: pd.DataFrame, seen: pd.DataFrame, whose: str) -> None:
    """Refuse a patient whose identifier differs from a seen patient's only in how it is written."""
    there = bare_patients(table)
    alike = table.loc[there.isin(set(bare_patients(seen))), ["patient_id", "site"]].drop_duplicates()
    if len(alike):
        patient, site = alike.iloc[0]
        ways = differently_written(alike.iloc[:1]["patient_id"], seen.loc[seen["site"] == site, "patient_id"])
        raise DataError(
            f"{patients_are(len(alike), 'here')} among {whose}, but for how they are written",
            where=f"patient {patient} (site {site}), there {ways[0][1]}",
            mend=MENDING,
        )


def _refuse_renamed(table: pd.DataFrame, seen: pd.DataFrame, whose: str) -> None:
    """Refuse a patient of another site who has the id and every number of a seen patient.

    Where two sites count their patients from 1 and share a column of ages, some agree by chance, and nobody is refused.
    """
    meant, known = ({one: bare(one) for one in part["patient_id"].dropna().unique()} for part in (table, seen))
    both = {*meant.values()} & {*known.values()}
    here, there = (part[part["patient_id"].map(of).isin(both)] for part, of in ((table, meant), (seen, known)))
    floats = {name for name in seen if pd.api.types.is_float_dtype(seen[name])}
    shared = [str(name) for name in table if name in floats and pd.api.types.is_float_dtype(table[name])]
    told = [name for name in shared if table[name].nunique() > FEW_VALUES]
    if not told or here.empty:
        return
    rows, others = (
        [*zip(part["patient_id"].map(of), _digests(part, told), strict=True)]
        for part, of in ((here, meant), (there, known))
    )
    agree = set(others)
    same = here[[row in agree for row in rows]]
    if len(same) > BEYOND_CHANCE * _by_chance(rows, others):
        raise DataError(
            f"{len(same)} rows here have the id and all numbers of patients among {whose}",
            where=f"patient {same['patient_id'].iloc[0]} (site {same['site'].iloc[0]})",
            mend="they are the same people: evaluate others, or give both tables the same `site` (or dataset.name)",
        )


def _by_chance(rows: Sequence[tuple[str, bytes]], others: Sequence[tuple[str, bytes]]) -> float:
    """Rows of both tables expected to have the same id and numbers if the two were unrelated."""
    ids, numbers = ([Counter(row[place] for row in part) for part in (rows, others)] for place in (0, 1))
    alike = [sum(one[value] * other[value] for value in one) for one, other in (ids, numbers)]
    return alike[0] * alike[1] / (len(rows) * len(others))


def _digests(table: pd.DataFrame, numbers: list[str]) -> Iterator[bytes]:
    """Yield a digest of each row's numbers: a join on thousands of columns would not end."""
    for start in range(0, len(table), ROWS):
        part = table.iloc[start : start + ROWS]
        values = part[numbers].to_numpy(dtype=float, na_value=np.nan) + 0.0  # −0 becomes 0
        values[np.isnan(values)] = np.nan  # all NaN alike
        yield from (hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in values)
