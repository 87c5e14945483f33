"""Points in a cohort's columns: ``l1_x_px`` is the centre of L1, ``l1_anterior_superior_x_px`` a point of its body.

x runs to the right and y down, in pixels of the film; the centre of the first pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from bonerisk.keypoints.levels import CORNERS, ORDER, POINTS

AXES = ("x", "y")


def columns(names: Iterable[str]) -> list[str]:
    """Columns of points, in order.

    >>> columns(["l1", "l5"])
    ['l1_x_px', 'l1_y_px', 'l5_x_px', 'l5_y_px']
    """
    return [f"{name}_{axis}_px" for name in names for axis in AXES]


def values(names: Iterable[str], points: Iterable[Iterable[float]]) -> dict[str, float]:
    """What the columns hold for points (k, 2).

    >>> values(["l1"], [[3.5, 7.0]])
    {'l1_x_px': 3.5, 'l1_y_px': 7.0}
    """
    return dict(zip(columns(names), (float(place) for point in points for place in point), strict=True))


def points(names: Sequence[str], row: Mapping[str, object]) -> np.ndarray:
    """Points (k, 2) of a film's values, NaN where one is unknown or no number.

    >>> points(["l1", "l2"], {"l1_x_px": 3.5, "l1_y_px": 7.0, "l2_x_px": None, "l2_y_px": 8.0}).tolist()
    [[3.5, 7.0], [nan, 8.0]]
    """
    found = [value if isinstance(value := row[name], (int, float)) else np.nan for name in columns(names)]
    return np.array(found, dtype=float).reshape(len(names), 2)


def outlines(table: pd.DataFrame) -> pd.DataFrame:
    """The points of vertebral bodies that stand in a cohort's columns, a row a point.

    Parameters
    ----------
    table : DataFrame
        image_id, and columns as ``l1_anterior_superior_x_px``.

    Returns
    -------
    DataFrame
        row (the label of the film's), image_id, level, point (`levels.POINTS`), x and y; without points that are
        missing. Empty if the table has no such columns.
    """
    parts = []
    for level in ORDER:
        for point in POINTS:
            names = columns([f"{level}_{point}"])
            if set(names) <= set(table):
                part = _numbers(table[names]).set_axis(list(AXES), axis=1).dropna()
                parts.append(part.assign(row=part.index, image_id=table["image_id"], level=level, point=point))
    order = ["row", "image_id", "level", "point", *AXES]
    return pd.concat(parts)[order].reset_index(drop=True) if parts else pd.DataFrame(columns=order)


def with_centres(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the centre of each vertebra that has the columns of its corners, but none of its centre.

    The centre is the mean of the four corners.
    """
    found = {}
    for level in ORDER:
        for centre, *corners in zip(
            columns([level]), *(columns([f"{level}_{point}"]) for point in CORNERS), strict=True
        ):
            if centre not in table and set(corners) <= set(table):
                found[centre] = _numbers(table[corners]).mean(axis=1, skipna=False)
    return table.assign(**found)


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table as numbers; a cell that is none counts as missing."""
    return table.apply(pd.to_numeric, errors="coerce").astype("float64")
