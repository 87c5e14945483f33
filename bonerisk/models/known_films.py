"""Films to be labelled must be new to the teacher: none of its patients, and no copies of its films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.cohort import leaks
from bonerisk.cohort.overlap import refuse_overlap, refuse_seen, seen_by
from bonerisk.cohort.proxies import measured
from bonerisk.cohort.table import Cohort
from bonerisk.models.components import component
from bonerisk.models.films import film_hashes, list_copies
from bonerisk.models.rows import ReadyRows
from bonerisk.models.several import dataset_of
from bonerisk.models.trained import TrainedModel
from bonerisk.parts import Dataset
from bonerisk.runs.folder import Run


def refuse_patients(cohort: Cohort, teacher: TrainedModel, data: Path) -> Cohort:
    """The cohort with the teacher's measured labels; refuses patients who are in it, or whom the teacher has seen.

    Films that it learnt with proxy labels, in an earlier round, are no measured ones, and may be labelled again.

    Raises
    ------
    DataError
        Names the first of these patients.
    """
    for name, seen in seen_by([teacher.run.folder]):
        refuse_seen(cohort.table, measured(seen), f"the weights of {name}")
    known = component(dataset_of([teacher]), Dataset, "dataset").load(data)
    labelled = measured(known.table).reset_index(drop=True)
    refuse_overlap(cohort.table, labelled, f"those of {known.name}, the teacher's cohort (any split)")
    return replace(known, table=labelled)


def refuse_copies(rows: ReadyRows, known: ReadyRows, data: Path, run: Run) -> None:
    """Refuse films that are copies, exactly or nearly, of films of the teacher's cohort.

    Raises
    ------
    DataError
        Names the first pairs; copies.csv lists all.
    """
    sides = [(known.films, "labelled"), (rows.films, "to be labelled")]
    tables, sha256, perceptual = [], [], []
    for films, name in sides:
        assert films is not None  # the teacher sees films
        hashes, names = film_hashes(films.cohort, data), films.cohort.table["image_id"]
        tables.append(films.cohort.table.assign(split=name))
        sha256 += [str(hashes[name]) for name in names]
        perceptual += list(films.perceptual.loc[names])
    pairs = leaks.copies_of_films(pd.concat(tables, ignore_index=True), sha256, perceptual)
    pairs = pairs[pairs["split"] != pairs["other_split"]]
    if len(pairs):
        list_copies(pairs, run)
        leaks.refuse_across_cohorts(pairs, str(run.folder / "copies.csv"))
