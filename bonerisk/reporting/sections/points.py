"""Points found: example films with the marked points beside those that a model finds."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.points import TABLE
from bonerisk.reporting.page import FilmGrid, Part, Section, Text
from bonerisk.reporting.tables.keypoints import keypoints
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import number
from bonerisk.reporting.wording.rows import Row, rows_of
from bonerisk.runs.find import StoredRun

ORDER = 42
FOLDER = "figures/points"
INTRO = (
    "A green ring is where a point was marked, a red cross where the model found it. For each split the film of median "
    "error, the one of the largest, and the one of which the model is least sure."
)


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation, empty for models that find no points; before them the mean of several, as of folds.

    The table of means is that of spine DeepSurv's section, too.
    """
    detectors = [evaluation for evaluation in page.runs.evaluations if evaluation.result.outcome == "points"]
    if len(detectors) > 1 and (table := keypoints(page.runs)):
        yield Section("Points found, all evaluations", [table], detectors[0].number)
    for evaluation in page.runs.evaluations:
        yield Section(f"Points found{evaluation.place}", _films(evaluation.run), evaluation.number)


def _films(run: StoredRun) -> list[Part]:
    if f"{FOLDER}/{TABLE}" not in run.written:
        return []
    table = pd.read_csv(run.path(f"{FOLDER}/{TABLE}"), dtype={"file": str})
    parts: list[Part] = [Text(INTRO)]
    for split, rows in table.groupby("split", sort=False):
        films = tuple((run.path(f"{FOLDER}/{row.file}"), _caption(row)) for row in rows_of(rows))
        parts.append(FilmGrid(f"{words.split(str(split))}: points marked and found", films))
    return parts


def _caption(row: Row) -> str:
    known = not pd.isna(row.error_mm)
    error = f"{number(row.error_mm, 1)} mm at the detector" if known else f"{number(row.error_px, 1)} pixels"
    aside = ", set aside" if row.set_aside else ""
    return f"{str(row.group).capitalize()}\nmean error {error}{aside}"
