"""Where the vertebral bodies of a lateral film are: by masks, or by the quadrilaterals of their corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.masks import NAMES, Masks, on_film
from bonerisk.keypoints import columns
from bonerisk.keypoints.levels import LUMBAR

BODIES = ("masks", "corners")
RING = ("anterior_superior", "posterior_superior", "posterior_inferior", "anterior_inferior")  # around a body
FRACTION_BITS = 4  # of a pixel, in which OpenCV takes corners


@dataclass(frozen=True)
class VertebralBodies:
    """Bodies of vertebrae.

    Parameters
    ----------
    chosen : {"masks", "corners"}, optional
        What they are known by; None: they are not asked for.
    masks : Masks
    """

    chosen: Literal["masks", "corners"] | None
    masks: Masks

    @property
    def columns(self) -> tuple[str, ...]:
        """Cohort columns of the corners, if bodies are known by them."""
        levels = LUMBAR if self.chosen == "corners" else ()
        return tuple(column for level in levels for column in columns.columns(_corners(level)))

    def of(self, film: Film, levels: Sequence[str]) -> list[np.ndarray]:
        """The body of each level, bool of the film's shape.

        Raises
        ------
        DataError
            The film has no mask, or one that lacks a level; corners are missing, or their outline crosses itself.
        """
        if self.chosen == "corners":
            return [_quadrilateral(level, columns.points(_corners(level), film.row), film) for level in levels]
        found = self.masks.read(film, levels)
        if lacking := [level for level in levels if level not in found]:
            mend = f"name the organs of the masks l1 to l5 ({NAMES}), or choose preprocessing.bodies=corners"
            raise DataError(f"the film's mask has no {', '.join(lacking)}", str(film.path), mend)
        return [on_film(found[level], film) for level in levels]


def _corners(level: str) -> list[str]:
    return [f"{level}_{corner}" for corner in RING]


def _quadrilateral(level: str, corners: np.ndarray, film: Film) -> np.ndarray:
    if not np.isfinite(corners).all():
        raise DataError(f"a corner of {level.upper()} is missing", mend="mark all four, or leave the film out")
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    if not ((turns > 0).all() or (turns < 0).all()):
        raise DataError(f"the outline of {level.upper()} crosses itself or is hollow: corners are exchanged")
    drawn = np.zeros(film.pixels.shape, np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(corners * 2**FRACTION_BITS).astype(np.int32), 1, cv2.LINE_8, FRACTION_BITS)
    return drawn > 0
