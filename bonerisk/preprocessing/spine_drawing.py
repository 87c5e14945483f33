"""A film on which images of a lumbar spine are drawn: what several of them share is read and drawn once.

Spine DeepSurv's six variants are six views of one film by two matrices a body: one `Drawing` serves them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import cv2
import numpy as np

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.keypoints import alignment, columns
from bonerisk.keypoints.levels import LUMBAR
from bonerisk.preprocessing.spine_bodies import VertebralBodies

VIEW, FRONTAL = "view", ("PA", "AP", "FRONTAL")
HALF, WHOLE = 0.5, 0.999  # of a pixel's area
UNEVEN = 0.01  # relative difference of the spacings of rows and columns that is more than rounding


class Drawing:
    """A lateral film with its centres of L1 to L5, drawn by matrices (`bonerisk.keypoints.alignment`).

    Parameters
    ----------
    film : Film
    """

    def __init__(self, film: Film) -> None:
        self.film = film
        self._drawn: dict[tuple[object, ...], np.ndarray] = {}
        self._bodies: dict[VertebralBodies, dict[str, np.ndarray]] = {}

    @cached_property
    def points(self) -> np.ndarray:
        """Centres (5, 2) of L1 to L5; a frontal film's are refused, since its bodies lie behind the arches."""
        row = self.film.row
        if row.get(VIEW) in FRONTAL:
            mend = "leave the film out; if it is lateral, correct its view"
            raise DataError(f"the film is frontal (view {row[VIEW]}), but the image is of a lateral spine", VIEW, mend)
        points = columns.points(LUMBAR, row)
        alignment.check(points, self.film.pixels.shape)
        return points

    @cached_property
    def spacing(self) -> float:
        """Pixel in mm, the same in both directions."""
        if self.film.spacing_mm is None:
            mend = "preprocessing.align=similarity needs none, or leave the film out"
            raise DataError("the film's spacing is unknown, which align=rigid needs", mend=mend)
        down, right = self.film.spacing_mm
        if abs(down - right) > UNEVEN * down:
            apart = f"the film's rows are {down:g} mm apart and its columns {right:g}"
            raise DataError(f"{apart}: align=rigid needs one scale")
        return down

    def pixels(self, matrix: np.ndarray, size: int) -> np.ndarray:
        """The film's grey values, float32 (size, size); 0 beside the film."""
        return self._once(("pixels",), self.film.pixels, matrix, size)

    def inside(self, matrix: np.ndarray, size: int) -> np.ndarray:
        """Which pixels (size, size) lie on the film with their whole area."""
        corners = alignment.seen(matrix, (size, size))
        if (corners >= 0).all() and (corners <= np.array(self.film.pixels.shape[::-1]) - 1).all():
            return np.ones((size, size), bool)
        return self._once(("inside",), np.ones(self.film.pixels.shape, np.float32), matrix, size) > WHOLE

    def know(self, bodies: VertebralBodies, levels: Sequence[str]) -> None:
        """Read the bodies of some levels, all at once.

        Raises
        ------
        DataError
            As of `VertebralBodies.of`.
        """
        known = self._bodies.setdefault(bodies, {})
        lacking = [level for level in levels if level not in known]
        known |= dict(zip(lacking, bodies.of(self.film, lacking) if lacking else [], strict=True))

    def shown(self, bodies: VertebralBodies, levels: Sequence[str], matrix: np.ndarray, size: int) -> np.ndarray:
        """Which pixels (size, size) vertebral bodies, which are known, cover at least by half."""
        share, taken = np.zeros((size, size), np.float32), np.zeros(self.film.pixels.shape, bool)
        for number, level in enumerate(levels, 1):
            body = self._bodies[bodies][level]
            share += self._once((bodies, *levels[:number]), body & ~taken, matrix, size)  # no pixel of the film twice
            taken |= body
        return share > HALF

    def _once(self, what: tuple[object, ...], image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
        """An image by a matrix; only the part of the drawing on which anything of a body falls is drawn."""
        key = (*what, matrix.tobytes(), size)
        if key not in self._drawn:
            if image.dtype == bool:
                self._drawn[key] = _part(image.astype(np.uint8), matrix, size)
            else:
                self._drawn[key] = alignment.warp(image, matrix, (size, size))
        return self._drawn[key]


def _part(mask: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Share (size, size) float32 of each pixel that a mask covers; drawn where its box falls alone."""
    left, top, width, height = cv2.boundingRect(mask)
    drawn = np.zeros((size, size), np.float32)
    box = np.array([[x, y] for x in (left - 1, left + width) for y in (top - 1, top + height)], float)
    ends = alignment.apply(matrix, box)
    start = np.floor(ends.min(0) - 1).clip(0, size).astype(int)
    stop = np.ceil(ends.max(0) + 2).clip(0, size).astype(int)
    columns_, rows = stop - start
    if width and columns_ and rows:
        moved = matrix.copy()
        moved[:, 2] -= start
        drawn[start[1] : stop[1], start[0] : stop[0]] = alignment.warp(mask, moved, (rows, columns_))
    return drawn
