"""Reading tables of vertebral points of any origin: a row a point, a vertebra or a film.

- A row a point: ``image_id``, ``level``, ``point``, ``x``, ``y``.
- A row a vertebra: ``image_id``, ``level`` and ``<point>_x``, ``<point>_y``, such as ``anterior_superior_x``.
- A row a film: ``image_id`` and ``<level>_<point>_x``, ``<level>_<point>_y``, such as ``l1_anterior_superior_x``.

x runs to the right and y down, in pixels, where the centre of the first pixel is (0, 0). If points belong to a copy of
the film of another size, columns ``image_columns`` and ``image_rows`` say which, and `to_film` scales them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bonerisk.cohort import tablefile, values
from bonerisk.cohort.table import few
from bonerisk.errors import DataError
from bonerisk.keypoints import levels
from bonerisk.keypoints.levels import POINTS
from bonerisk.keypoints.outlines import Choices, refused

COLUMNS = ("image_id", "level", "point", "x", "y")
SIZE = ("image_columns", "image_rows")
REJECTED = ("file", "row", "image_id", "level", "point", "value", "reason")
ENDS = "|".join(POINTS)


@dataclass(frozen=True)
class PointTable:
    """Points as they stand in a file, checked.

    Parameters
    ----------
    points : DataFrame
        `COLUMNS`, and `SIZE` if the file has them; no point twice.
    rejected : DataFrame
        `REJECTED`: what was left out, and why.
    """

    points: pd.DataFrame
    rejected: pd.DataFrame


def read(path: Path, columns: Mapping[str, str] | None = None, choices: Choices | None = None) -> PointTable:
    """Read a table of points.

    Parameters
    ----------
    path : Path
        CSV, Parquet or HDF5.
    columns : mapping, optional
        Our names of columns to the file's, where they differ.
    choices : Choices, optional
        What to do with points that contradict each other; by default they are refused.

    Raises
    ------
    DataError
        A column is not there, no point is left, or y runs upwards.
    """
    file = tablefile.read(path)
    rows = _named(file.rows, columns or {}, path)
    long = _long(rows, path)
    text = {name: values.present(tablefile.as_text(long[name])) for name in COLUMNS}
    found = pd.DataFrame(
        {
            "row": long["row"],
            "image_id": text["image_id"],
            "level": text["level"].map(levels.level, na_action="ignore"),
            "point": text["point"].str.lower().str.replace(r"[\s-]+", "_", regex=True),
            "x": values.number(text["x"]),
            "y": values.number(text["y"]),
            **{name: values.number(tablefile.as_text(long[name])) for name in SIZE if name in long},
        }
    )
    reasons = pd.Series(None, found.index, dtype="object")
    for name, what in (("y", "no number"), ("x", "no number"), ("level", "no level of the spine")):
        reasons[found[name].isna()] = what
    reasons[~found["point"].isin(POINTS)] = f"no point; points are {', '.join(POINTS)}"
    reasons[found["image_id"].isna()] = "no image_id"
    told = pd.DataFrame({name: text[name] for name in ("image_id", "level", "point")})
    told["value"] = text["x"].fillna("empty") + ", " + text["y"].fillna("empty")
    left_out = told.assign(row=found["row"], reason=reasons)[reasons.notna()]
    good = found[reasons.isna()]
    kept, contradictory = refused(good, choices or Choices(), str(path))
    rejected = pd.concat([left_out, contradictory], ignore_index=True).assign(file=path.name)
    rejected = rejected.reindex(columns=REJECTED).sort_values("row", kind="stable", ignore_index=True)
    if kept.empty:
        why = rejected["reason"].value_counts()
        raise DataError("no point can be used", str(path), f"first reason: {why.index[0]}" if len(why) else "")
    return PointTable(kept.drop(columns="row").reset_index(drop=True), rejected)


def to_film(points: pd.DataFrame, films: pd.DataFrame) -> pd.DataFrame:
    """Scale points of a copy of the film to the film's own pixels.

    Parameters
    ----------
    points : DataFrame
        `COLUMNS` and `SIZE`, the size of the image that the points belong to.
    films : DataFrame
        image_id and `SIZE`, the size of the film.

    Returns
    -------
    DataFrame
        `COLUMNS`, in pixels of the film. A point in the middle of the copy stays in the middle of the film.

    Raises
    ------
    DataError
        A film's size is unknown, or the copy is no scaled one: its sides have another ratio by over a pixel.
    """
    known = films.drop_duplicates("image_id").set_index("image_id")
    factors = []
    for size in SIZE:
        own = points["image_id"].map(known[size])
        factors.append(own / points[size])
        for row in points.index[factors[-1].isna() | (factors[-1] <= 0)][:1]:
            raise DataError(f"{size} of the film or of its copy is unknown", f"film {points['image_id'][row]}")
    off = (factors[0] / factors[1] - 1).abs() * points[list(SIZE)].max(axis=1)
    for row in points.index[off > 1][:1]:
        copy, own = (of.loc[at, list(SIZE)].tolist() for of, at in ((points, row), (known, points["image_id"][row])))
        what = f"the points belong to an image of {copy[0]:g} × {copy[1]:g}, which is no scaled {own[0]:g} × {own[1]:g}"
        raise DataError(what, f"film {points['image_id'][row]}", "give points of the whole film")
    scaled = {axis: (points[axis] + 0.5) * factor - 0.5 for axis, factor in zip("xy", factors, strict=True)}
    return points.assign(**scaled)[list(COLUMNS)]


def _named(rows: pd.DataFrame, columns: Mapping[str, str], path: Path) -> pd.DataFrame:
    absent = [name for name in columns.values() if name not in rows]
    if absent:
        raise DataError(f"the table has no column {absent[0]!r}", str(path), f"it has {few(list(rows.columns))}")
    return rows.rename(columns={theirs: ours for ours, theirs in columns.items()})


def _long(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return a row a point with its ``row`` in the file; cells of the wide forms that are empty are no points."""
    rows = rows.rename(columns=lambda name: name.lower() if _wide(name) else name)
    if set(COLUMNS) <= set(rows):
        return rows.assign(row=rows.index).reset_index(drop=True)
    pairs = {name[:-2] for name in map(str, rows) if _wide(name) and f"{name[:-1]}{'yx'['xy'.index(name[-1])]}" in rows}
    by_level = [name for name in pairs if name in POINTS]
    if "image_id" not in rows or not pairs or (by_level and "level" not in rows):
        mend = f"a row a point ({', '.join(COLUMNS)}), a vertebra ({POINTS[0]}_x, …) or a film (l1_{POINTS[0]}_x, …)"
        raise DataError("the table has no points, by the names of its columns", str(path), mend)
    parts = []
    for name in sorted(by_level or pairs):
        level, point = ("", name) if by_level else name.split("_", 1)
        part = rows[["image_id", *(size for size in SIZE if size in rows)]].assign(point=point, row=rows.index)
        part["level"] = rows["level"] if by_level else level
        part["x"], part["y"] = rows[f"{name}_x"], rows[f"{name}_y"]
        parts.append(part)
    long = pd.concat(parts).sort_values("row", kind="stable")
    there = values.present(tablefile.as_text(long["x"])).notna() | values.present(tablefile.as_text(long["y"])).notna()
    return long[there.to_numpy()].reset_index(drop=True)


def _wide(name: str) -> bool:
    return re.fullmatch(rf"(?:[a-z]+\d+_)?(?:{ENDS})_[xy]", name.lower()) is not None
