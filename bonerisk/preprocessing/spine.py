"""Lateral lumbar films, aligned by the centres of L1 to L5: whole images and patches, with and without masks.

The six variants of spine DeepSurv's Table 2 are these two classes with other settings. Centres stand in the cohort's
columns (`bonerisk.keypoints.columns`). Nothing is mirrored: a spine that faces left stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bonerisk.errors import BoneriskError, ConfigError, DataError, raise_together
from bonerisk.imaging.film import Film
from bonerisk.imaging.masks import Masks
from bonerisk.keypoints import alignment, columns
from bonerisk.keypoints.levels import LUMBAR
from bonerisk.named import FolderPath
from bonerisk.preprocessing.spine_bodies import BODIES, VertebralBodies
from bonerisk.preprocessing.square import square

ALIGN = ("similarity", "rigid")
VIEW, FRONTAL = "view", ("PA", "AP", "FRONTAL")
HALF, WHOLE = 0.5, 0.999  # of a pixel's area
UNEVEN = 0.01  # relative difference of the spacings of rows and columns that is more than rounding


class SpineImage:
    """Align a film by L1 and L5, keep the region around the centres, scale it to 0–255 and blacken the rest.

    L1 and L5 lie on the vertical midline at 20 % and 80 % of the height. The region is the box around the centres of L1
    to `last` and a margin. Its own minimum and maximum become 0 and 255; all around it is black.

    Parameters
    ----------
    last : {"l5", "l4"}
        The lowest vertebra of the region. Images with and without L5 have the same scale.
    margin : float
        Around the centres, in mean distances between them.
    bodies : {"masks", "corners"}, optional
        Show vertebral bodies alone, by masks of l1 to l5 (`bonerisk.imaging.masks`), or by the quadrilaterals of the
        corners in the cohort's columns ``l1_anterior_superior_x_px`` and so on. None: show the whole region.
    masks : str, optional
        A folder of masks; None: beside the films, as simulated films have them.
    align : {"similarity", "rigid"}
        Rigid: the same scale for all films, by their spacing, so that a spine's height can be seen.
    size : int
        Side of the image in pixels.

    Raises
    ------
    ConfigError
        A value is out of range; all at once.

    References
    ----------
    Spine DeepSurv, "Image preprocessing and deep learning techniques", Table 2.

    Examples
    --------
    >>> row = {name: 100.0 + 40 * (i // 2) for i, name in enumerate(columns.columns(LUMBAR))}
    >>> pixels = np.random.default_rng(0).integers(0, 4096, (400, 380), dtype=np.uint16)
    >>> image = SpineImage(size=96)(Film(pixels, bits=12, row=row))
    >>> image.shape, int(image[:12].max())
    ((96, 96), 0)
    """

    shape: tuple[int, ...]
    columns: Sequence[str]
    note: str | None = None

    def __init__(
        self,
        last: Literal["l5", "l4"] = "l5",
        margin: float = 0.5,
        bodies: Literal["masks", "corners"] | None = None,
        masks: FolderPath | None = None,
        align: Literal["similarity", "rigid"] = "similarity",
        size: int = 384,
    ) -> None:
        wrong = _choices(bodies, align)
        if last not in ("l5", "l4"):
            wrong.append(ConfigError(f"there is no {last!r}", "preprocessing.last", "one of l5, l4"))
        if not 0 < margin <= 2:
            wrong.append(ConfigError(f"margin is {margin}, but must be over 0 and up to 2", "preprocessing.margin"))
        raise_together(wrong)
        self.shape, self.size, self.margin, self.align = square(size), size, margin, align
        self.levels = LUMBAR[: LUMBAR.index(last) + 1]
        self.bodies = VertebralBodies(bodies, Masks.of(masks))
        self.columns = (*columns.columns(LUMBAR), VIEW, *self.bodies.columns)

    def __call__(self, film: Film) -> np.ndarray:
        """The spine as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film is frontal; points are missing, outside the film or not those of L1 to L5; the film has no mask,
            or its spacing is needed and unknown; the region is blank.
        """
        matrix, shown = self._shown(film)
        return _scaled(alignment.warp(film.pixels, matrix, self.size), shown)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers; 0 where the image is black."""
        matrix, shown = self._shown(film)
        return alignment.warp(region, matrix, self.size).clip(0, 1) * shown

    def _shown(self, film: Film) -> tuple[np.ndarray, np.ndarray]:
        """The matrix, and which pixels (size, size) show the film."""
        points = _points(film)
        matrix = _matrix(self.align, points, film, self.size)
        moved = alignment.apply(matrix, points)
        around = self.margin * alignment.spacings(moved).mean()
        kept = moved[: len(self.levels)]
        low, high = kept.min(0) - around, kept.max(0) + around
        shown = _inside(film, matrix, self.size)
        down, right = np.mgrid[: self.size, : self.size]
        shown &= (right >= low[0]) & (right <= high[0]) & (down >= low[1]) & (down <= high[1])
        if self.bodies.chosen:
            marked = np.logical_or.reduce(self.bodies.of(film, self.levels))
            shown &= alignment.warp(marked, matrix, self.size) > HALF
        return matrix, shown


class SpinePatches:
    """Cut a square around each of L1 to L5, upright along L1–L5; the five are the planes of one image.

    A square's side is a multiple of the local spacing: the mean distance to the neighbours' centres. Each is scaled
    by its own minimum and maximum to 0–255; what lies outside the film is black.

    Parameters
    ----------
    side : float
        Of a square, in local spacings.
    bodies : {"masks", "corners"}, optional
        Show the vertebral body of a patch alone, as in `SpineImage`. None: show the whole square.
    masks : str, optional
        A folder of masks; None: beside the films, as simulated films have them.
    align : {"similarity", "rigid"}
        Rigid: the same side in mm for all vertebrae and films, by the films' spacing.
    size : int
        Side of a patch in pixels.

    Raises
    ------
    ConfigError
        A value is out of range; all at once.

    References
    ----------
    Spine DeepSurv, "Image preprocessing and deep learning techniques", Table 2.
    """

    shape: tuple[int, ...]
    columns: Sequence[str]
    note: str | None = None

    def __init__(
        self,
        side: float = 1.6,
        bodies: Literal["masks", "corners"] | None = None,
        masks: FolderPath | None = None,
        align: Literal["similarity", "rigid"] = "similarity",
        size: int = 384,
    ) -> None:
        wrong = _choices(bodies, align)
        if not 0.5 <= side <= 4:
            wrong.append(ConfigError(f"side is {side}, but must be between 0.5 and 4", "preprocessing.side"))
        raise_together(wrong)
        self.shape, self.size, self.side, self.align = (len(LUMBAR), *square(size)), size, side, align
        self.bodies = VertebralBodies(bodies, Masks.of(masks))
        self.columns = (*columns.columns(LUMBAR), VIEW, *self.bodies.columns)

    def __call__(self, film: Film) -> np.ndarray:
        """The patches of L1 to L5 as uint8, shape (5, size, size).

        Raises
        ------
        DataError
            As of `SpineImage`; a patch is blank.
        """
        return np.stack(
            [_scaled(alignment.warp(film.pixels, matrix, self.size), shown) for matrix, shown in self._shown(film)]
        )

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (5, size, size) float32 of each pixel that a region of the film covers; 0 where a patch is black."""
        return np.stack(
            [alignment.warp(region, matrix, self.size).clip(0, 1) * shown for matrix, shown in self._shown(film)]
        )

    def _shown(self, film: Film) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each patch its matrix, and which pixels (size, size) show the film."""
        points = _points(film)
        apart = alignment.spacings(points)
        local = np.convolve(apart, [0.5, 0.5])  # L2 to L4; the outer vertebrae have one neighbour each
        local[[0, -1]] = apart[[0, -1]]
        if self.align == "rigid":
            local[:] = alignment.LENGTH_MM / (len(LUMBAR) - 1) / _spacing(film)
        scales = self.size / (self.side * local)
        matrices = [alignment.about(points, *at, self.size) for at in zip(points, scales, strict=True)]
        shown = [_inside(film, matrix, self.size) for matrix in matrices]
        if self.bodies.chosen:
            for patch, matrix, body in zip(shown, matrices, self.bodies.of(film, LUMBAR), strict=True):
                patch &= alignment.warp(body, matrix, self.size) > HALF
        return list(zip(matrices, shown, strict=True))


def _choices(bodies: str | None, align: str) -> list[BoneriskError]:
    """What is wrong with the choices that both classes have."""
    wrong: list[BoneriskError] = []
    if bodies not in (None, *BODIES):
        what = f"there is no {bodies!r}"
        wrong.append(ConfigError(what, "preprocessing.bodies", f"one of {', '.join(BODIES)}, or null"))
    if align not in ALIGN:
        wrong.append(ConfigError(f"there is no {align!r}", "preprocessing.align", f"one of {', '.join(ALIGN)}"))
    return wrong


def _points(film: Film) -> np.ndarray:
    """Centres (5, 2) of L1 to L5; a frontal film's are refused, since its bodies lie behind the arches."""
    if film.row.get(VIEW) in FRONTAL:
        mend = "leave the film out; if it is lateral, correct its view"
        raise DataError(f"the film is frontal (view {film.row[VIEW]}), but the image is of a lateral spine", VIEW, mend)
    points = columns.points(LUMBAR, film.row)
    alignment.check(points, film.pixels.shape)
    return points


def _matrix(align: str, points: np.ndarray, film: Film, size: int) -> np.ndarray:
    return alignment.rigid(points, size, _spacing(film)) if align == "rigid" else alignment.similarity(points, size)


def _spacing(film: Film) -> float:
    """Pixel in mm, the same in both directions."""
    if film.spacing_mm is None:
        mend = "preprocessing.align=similarity needs none, or leave the film out"
        raise DataError("the film's spacing is unknown, which align=rigid needs", mend=mend)
    down, right = film.spacing_mm
    if abs(down - right) > UNEVEN * down:
        raise DataError(f"the film's rows are {down:g} mm apart and its columns {right:g}: align=rigid needs one scale")
    return down


def _inside(film: Film, matrix: np.ndarray, size: int) -> np.ndarray:
    """Which pixels (size, size) of the image lie on the film with their whole area."""
    corners = alignment.seen(matrix, (size, size))
    if (corners >= 0).all() and (corners <= np.array(film.pixels.shape[::-1]) - 1).all():
        return np.ones((size, size), bool)
    return alignment.warp(np.ones(film.pixels.shape, np.float32), matrix, size) > WHOLE


def _scaled(drawn: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """What is shown, from its own minimum and maximum to 0 and 255, as uint8; the rest is 0."""
    within = drawn[shown]
    low, high = (float(within.min()), float(within.max())) if within.size else (0.0, 0.0)
    if low == high:
        raise DataError("the region around the points is blank", mend="leave the film out, or mend its points or masks")
    return np.where(shown, np.rint((drawn - low) * (255 / (high - low))), 0).clip(0, 255).astype(np.uint8)
