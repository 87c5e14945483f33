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
from bonerisk.preprocessing.spine_drawing import VIEW, Drawing
from bonerisk.preprocessing.square import square

ALIGN = ("similarity", "rigid")


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
        return self.draw(Drawing(film))

    def draw(self, drawing: Drawing) -> np.ndarray:
        """The same of a film on which other variants are drawn, too."""
        matrix, shown = self._shown(drawing)
        return _scaled(drawing.pixels(matrix, self.size), shown)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers; 0 where the image is black."""
        matrix, shown = self._shown(Drawing(film))
        return alignment.warp(region, matrix, (self.size, self.size)).clip(0, 1) * shown

    def _shown(self, drawing: Drawing) -> tuple[np.ndarray, np.ndarray]:
        """The matrix, and which pixels (size, size) show the film."""
        points, size = drawing.points, self.size
        rigid = self.align == "rigid"
        matrix = alignment.rigid(points, size, drawing.spacing) if rigid else alignment.similarity(points, size)
        moved = alignment.apply(matrix, points)
        around = self.margin * alignment.spacings(moved).mean()
        kept = moved[: len(self.levels)]
        low, high = kept.min(0) - around, kept.max(0) + around
        at = np.arange(size)
        within = (at >= low[:, None]) & (at <= high[:, None])  # of the columns, of the rows
        shown = drawing.inside(matrix, size) & within[0] & within[1][:, None]
        if self.bodies.chosen:
            drawing.know(self.bodies, self.levels)
            shown &= drawing.shown(self.bodies, self.levels, matrix, size)
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
        return self.draw(Drawing(film))

    def draw(self, drawing: Drawing) -> np.ndarray:
        """The same of a film on which other variants are drawn, too."""
        return np.stack([_scaled(drawing.pixels(matrix, self.size), shown) for matrix, shown in self._shown(drawing)])

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (5, size, size) float32 of each pixel that a region of the film covers; 0 where a patch is black."""
        size = (self.size, self.size)
        return np.stack(
            [alignment.warp(region, matrix, size).clip(0, 1) * shown for matrix, shown in self._shown(Drawing(film))]
        )

    def _shown(self, drawing: Drawing) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each patch its matrix, and which pixels (size, size) show the film."""
        points = drawing.points
        apart = alignment.spacings(points)
        local = np.convolve(apart, [0.5, 0.5])  # L2 to L4; the outer vertebrae have one neighbour each
        local[[0, -1]] = apart[[0, -1]]
        if self.align == "rigid":
            local[:] = alignment.LENGTH_MM / (len(LUMBAR) - 1) / drawing.spacing
        scales = self.size / (self.side * local)
        matrices = [alignment.about(points, *at, self.size) for at in zip(points, scales, strict=True)]
        shown = [drawing.inside(matrix, self.size) for matrix in matrices]
        if self.bodies.chosen:
            drawing.know(self.bodies, LUMBAR)
            for patch, matrix, level in zip(shown, matrices, LUMBAR, strict=True):
                patch &= drawing.shown(self.bodies, [level], matrix, self.size)
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


def _scaled(drawn: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """What is shown, from its own minimum and maximum to 0 and 255, as uint8; the rest is 0."""
    within = drawn[shown]
    low, high = (float(within.min()), float(within.max())) if within.size else (0.0, 0.0)
    if low == high:
        raise DataError("the region around the points is blank", mend="leave the film out, or mend its points or masks")
    return np.where(shown, np.rint((drawn - low) * (255 / (high - low))), 0).clip(0, 255).astype(np.uint8)
