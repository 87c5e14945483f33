"""Reading what belongs to films with points: whose they are, when taken, at which scale, and grades given by eye."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bonerisk.cohort import tablefile, values
from bonerisk.cohort.table import SPLITS, few
from bonerisk.errors import DataError
from bonerisk.keypoints import levels

NUMBERS = ("spacing_mm", "magnification", "image_columns", "image_rows")


def read(path: Path) -> pd.DataFrame:
    """Read a table with a row a film.

    Parameters
    ----------
    path : Path
        image_id, patient_id, sex (F, M). Optional: film_date (2024-05-31); split; spacing_mm *at the detector* and
        magnification of the spine, as for `morphometry.heights`; image_columns and image_rows, the film's size.

    Raises
    ------
    DataError
        A column is not there, a film stands there twice, or a cell can't be read; the first such row is named.
    """
    rows = _read(path, ("image_id", "patient_id", "sex"))
    found = pd.DataFrame({name: rows[name] for name in ("image_id", "patient_id")})
    found["sex"] = values.sex(rows["sex"], {})
    for name in (name for name in NUMBERS if name in rows):
        found[name] = values.number(rows[name])
    if "film_date" in rows:
        found["film_date"] = values.date(rows["film_date"])
    if "split" in rows:
        found["split"] = rows["split"].where(rows["split"].isin(SPLITS))
    _refuse(found, rows, path)
    for row in found.index[found["image_id"].duplicated()][:1]:
        raise DataError("a film stands there twice", f"{path}, row {row}", "keep one row a film")
    return found.reset_index(drop=True)


def read_grades(path: Path) -> pd.DataFrame:
    """Read Genant's grades: image_id, level and grade (0 to 3); a vertebra without a row was not graded.

    Raises
    ------
    DataError
        As of `read`.
    """
    rows = _read(path, ("image_id", "level", "grade"))
    found = rows.assign(level=rows["level"].map(levels.level, na_action="ignore"), grade=values.number(rows["grade"]))
    found["grade"] = found["grade"].where(found["grade"].isin(range(4)))
    _refuse(found, rows, path)
    for row in found.index[found.duplicated(["image_id", "level"])][:1]:
        raise DataError("a vertebra stands there twice", f"{path}, row {row}", "keep one of them")
    return found[["image_id", "level", "grade"]].reset_index(drop=True)


def _read(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Return the file's cells as text, None where they are empty; those of `needed` but the grade never are."""
    rows = tablefile.read(path).rows
    absent = [name for name in needed if name not in rows]
    if absent:
        raise DataError(f"the table has no column {', '.join(absent)}", str(path), f"it has {few(list(rows.columns))}")
    text = pd.DataFrame({name: values.present(tablefile.as_text(rows[name])) for name in rows})
    for name in needed[:2]:
        for row in text.index[text[name].isna()][:1]:
            raise DataError(f"{name} is empty", f"{path}, row {row}")
    return text


def _refuse(found: pd.DataFrame, text: pd.DataFrame, path: Path) -> None:
    """Raise an error of the first cell that is there and could not be read."""
    for name in found:
        for row in found.index[found[name].isna() & text[name].notna()][:1]:
            raise DataError(f"{name} is {text[name][row]!r}, which can't be used", f"{path}, row {row}")
