"""Bringing lumbar spines to the same place: L1 and L5 on the vertical midline, at 20 % and 80 % of the image's height.

A matrix (2, 3) maps x and y in pixels of the film to pixels of the image, (x', y') = A (x, y) + b. The centre of the
first pixel is (0, 0) in both, so an image of n rows reaches from −0.5 to n − 0.5.

References
----------
Spine DeepSurv, "Image preprocessing and deep learning techniques". "Rotation and translation" alone can't bring two
points to fixed places, so the transform has a scale too; `rigid` has the same scale for all films instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from bonerisk.errors import DataError
from bonerisk.keypoints.levels import LUMBAR, RANK

ENDS = (0.2, 0.8)  # of the height: where L1 and L5 come to lie; assumed
LENGTH_MM = 165.0  # L1 to L5 at the detector, which `rigid` brings to these places; assumed, others keep their length
FAR, NEAR = 1.8, 0.45  # of the median spacing: between them lie neighbours, even beside crushed vertebrae; assumed
FINEST = 8  # times that an image is drawn finer before its pixels are averaged


def check(points: np.ndarray, shape: tuple[int, int]) -> None:
    """Refuse points that can't be those of L1 to L5.

    Parameters
    ----------
    points : array (5, 2)
        Centres from L1 to L5, x and y in pixels of the film; NaN where one is unknown.
    shape : (rows, columns)
        Of the film.

    Raises
    ------
    DataError
        A point is missing or outside the film; points are exchanged; a level is left out or stands twice.
    """
    if lacking := [level.upper() for level, place in zip(LUMBAR, points, strict=True) if not np.isfinite(place).all()]:
        why = "; the film may show four lumbar vertebrae" if lacking == ["L5"] else ""
        raise DataError(f"there is no point for {', '.join(lacking)}{why}", mend="mark L1 to L5, or leave the film out")
    check_inside(LUMBAR, points, shape)
    check_order(LUMBAR, points)
    apart = spacings(points)
    ratio = apart / np.median(apart)
    for upper in np.flatnonzero((ratio > FAR) | (ratio < NEAR)):
        pair = f"{LUMBAR[upper].upper()} and {LUMBAR[upper + 1].upper()}"
        why = "a vertebra between them has no point" if ratio[upper] > FAR else "two points are on one vertebra"
        raise DataError(f"{pair} are {ratio[upper]:.1f} times as far apart as others: {why}")


def check_inside(names: Sequence[str], points: np.ndarray, shape: tuple[int, int]) -> None:
    """Refuse points (k, 2) outside a film of `shape` (rows, columns).

    Raises
    ------
    DataError
        Names the first.
    """
    rows, columns = shape
    outside = ((points < -0.5) | (points > np.array([columns, rows]) - 0.5)).any(1)
    for name, (x, y) in zip(np.array(names)[outside], points[outside], strict=True):
        what = f"{name.upper()} at ({x:g}, {y:g}) lies outside the film of {rows} × {columns} pixels"
        raise DataError(what, mend="give points in pixels of the whole film, x to the right and y down")


def check_order(names: Sequence[str], points: np.ndarray) -> None:
    """Refuse points (k, 2) of levels of the spine that do not follow each other from the top; others pass.

    Raises
    ------
    DataError
        Names the first pair.
    """
    if len(names) < 2 or not set(names) <= set(RANK) or list(names) != sorted(names, key=RANK.__getitem__):
        return
    upper, lower = names[0].upper(), names[-1].upper()
    if points[-1, 1] <= points[0, 1]:
        raise DataError(f"{lower} lies above {upper}: points are exchanged, or the film is upside down")
    along = (points - points[0]) @ (points[-1] - points[0])
    for at in (np.flatnonzero(np.diff(along) <= 0) + 1).tolist():
        raise DataError(f"{names[at].upper()} lies above {names[at - 1].upper()}: points are exchanged")


def spacings(points: np.ndarray) -> np.ndarray:
    """Distances (k − 1,) between neighbours of the points (k, 2)."""
    return np.asarray(np.linalg.norm(np.diff(points, axis=0), axis=1))


def similarity(points: np.ndarray, size: int) -> np.ndarray:
    """Matrix (2, 3) of the similarity that brings L1 and L5 to their places in a square image.

    Parameters
    ----------
    points : array (5, 2)
        Centres from L1 to L5, x and y in pixels of the film.
    size : int
        Side of the image in pixels.

    Examples
    --------
    >>> spine = np.column_stack([np.full(5, 300.0), np.linspace(100, 500, 5)])
    >>> apply(similarity(spine, 100), spine[[0, -1]]).round(6).tolist()
    [[49.5, 19.5], [49.5, 79.5]]
    """
    scale = (ENDS[1] - ENDS[0]) * size / float(np.linalg.norm(points[-1] - points[0]))
    return about(points, (points[0] + points[-1]) / 2, scale, size)


def rigid(points: np.ndarray, size: int, spacing_mm: float) -> np.ndarray:
    """Matrix (2, 3) that turns L1–L5 upright and brings its middle to the image's, with one scale for all films.

    Parameters
    ----------
    points, size
        As of `similarity`.
    spacing_mm : float
        The film's pixel.
    """
    return about(points, (points[0] + points[-1]) / 2, (ENDS[1] - ENDS[0]) * size * spacing_mm / LENGTH_MM, size)


def about(points: np.ndarray, centre: np.ndarray, scale: float, size: int) -> np.ndarray:
    """Matrix (2, 3) that turns L1–L5 upright and brings `centre` to the middle of the image, at `scale`."""
    right, down = points[-1] - points[0]
    length = math.hypot(right, down)
    linear = scale * np.array([[down, -right], [right, down]]) / length
    return np.column_stack([linear, (size - 1) / 2 - linear @ centre])


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (n, 2), moved by a matrix."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: np.ndarray) -> np.ndarray:
    """The matrix (2, 3) of the way back."""
    back = np.linalg.inv(matrix[:, :2])
    return np.column_stack([back, -back @ matrix[:, 2]])


def warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image of the film by a matrix, float32, of `size` (rows, columns); 0 where there is no film.

    A smaller image is drawn finer by a whole number, and then averaged over areas: linear interpolation would alias.
    """
    finer = min(FINEST, max(1, math.ceil(1 / math.sqrt(abs(np.linalg.det(matrix[:, :2]))))))
    onto = finer * matrix
    onto[:, 2] += (finer - 1) / 2
    side = (finer * size[1], finer * size[0])
    start, stop = _needed(onto, side, image.shape)
    onto[:, 2] += onto[:, :2] @ start
    part = image[start[1] : stop[1], start[0] : stop[0]].astype(np.float32)
    drawn = cv2.warpAffine(part, onto, side, flags=cv2.INTER_LINEAR) if part.size else np.zeros(side, np.float32)
    return cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_AREA)


def seen(matrix: np.ndarray, side: tuple[int, int]) -> np.ndarray:
    """Where the corners (4, 2) of a drawing of `side` (width, height) and its edge lie on the image."""
    return apply(inverse(matrix), np.array([[x, y] for x in (-1, side[0]) for y in (-1, side[1])], float))


def _needed(matrix: np.ndarray, side: tuple[int, int], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where the part of an image of `shape` that a drawing of `side` shows begins and ends, x and y."""
    corners = seen(matrix, side)
    ends = np.array([np.floor(corners.min(axis=0)) - 1, np.ceil(corners.max(axis=0)) + 2])
    start, stop = ends.clip(0, shape[1::-1]).astype(int)
    return start, stop
