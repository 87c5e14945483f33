"""Points between a cohort's columns, in pixels of the film, and a network's images; and which of them can be used."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.errors import DataError
from bonerisk.evaluation.samples.located import FOUND, SPACING
from bonerisk.keypoints import alignment, columns
from bonerisk.models.films import DecodedCohort, with_films
from bonerisk.parts import PointTransform

SIZE = ["height_px", "width_px"]

log = logging.getLogger(__name__)


def on_image(table: pd.DataFrame, films: DecodedCohort, names: Sequence[str]) -> pd.DataFrame:
    """Columns of points of the rows of `table`, in pixels of their images."""
    there = columns.columns(names)
    points = table[there].to_numpy(dtype=float).reshape(len(table), -1, 2)
    moved = [alignment.apply(matrix, of) for matrix, of in zip(_matrices(table, films), points, strict=True)]
    return pd.DataFrame(np.reshape(moved, (len(table), -1)), table.index, there)


def on_film(
    table: pd.DataFrame, films: DecodedCohort, names: Sequence[str], points: np.ndarray
) -> dict[str, np.ndarray]:
    """Columns of predictions: points (n, k, 2), in pixels of images, in those of the films; and the films' spacing."""
    ways = map(alignment.inverse, _matrices(table, films))
    back = [alignment.apply(way, of) for way, of in zip(ways, points, strict=True)]
    flat = np.reshape(back, (len(table), -1))
    found = {f"{FOUND}{name}": flat[:, at] for at, name in enumerate(columns.columns(names))}
    return found | {name: _facts(table, films)[name].to_numpy(dtype=float) for name in SPACING}


def usable(cohort: Cohort, films: DecodedCohort, names: Sequence[str]) -> Cohort:
    """The cohort without films whose marked points lie outside the film or are exchanged; they are listed as refused.

    Raises
    ------
    DataError
        No film is left.
    """
    table = cohort.table
    marked = table[columns.columns(names)].to_numpy(dtype=float).reshape(len(table), -1, 2)
    sizes = _facts(table, films)[SIZE].to_numpy()
    reasons = pd.Series([_wrong(names, *of) for of in zip(marked, sizes, strict=True)], table.index, dtype="object")
    wrong = table.loc[reasons.notna(), ["image_id", "image_path"]].assign(reason=reasons.dropna())
    if wrong.empty:
        return cohort
    first = wrong.iloc[0]
    log.warning(f"{len(wrong)} films are left out for their points (rejected.csv); {first.image_id}: {first.reason}")
    kept = table[reasons.isna()].reset_index(drop=True)
    if kept.empty:
        raise DataError(f"the points of none of {len(table)} films can be used: {first.reason}", first.image_path)
    flow = cohort.flow.step("points can be used", table, kept, "listed in rejected.csv")
    return replace(cohort, table=kept, flow=flow, rejected=with_films(cohort, wrong, columns.columns(names)[0]))


def _wrong(names: Sequence[str], points: np.ndarray, size: np.ndarray) -> str | None:
    """Why a film's points can't be used; None if they can."""
    there = np.isfinite(points).all(axis=1)
    known = [name for name, marked in zip(names, there, strict=True) if marked]
    try:
        alignment.check_inside(known, points[there], (int(size[0]), int(size[1])))
        alignment.check_order(known, points[there])
    except DataError as error:
        return error.what
    return None


def _facts(table: pd.DataFrame, films: DecodedCohort) -> pd.DataFrame:
    """What the store knows of the films of a table, in its order."""
    return films.images.index.iloc[films.rows(table)]


def _matrices(table: pd.DataFrame, films: DecodedCohort) -> list[np.ndarray]:
    """Matrix (2, 3) of each film of a table, from its pixels to those of its image."""
    transform = cast("PointTransform", films.transform)
    return [transform.onto((int(rows), int(across))) for rows, across in _facts(table, films)[SIZE].to_numpy()]
