"""Negative controls: transforms that remove from a film what a model should need.

A model trained on their images shows how far it gets without bone. What it reaches on `BorderOnly` or `VendorOnly`
comes from where and how films were taken. What it reaches on `BonesMasked` comes from soft tissue and the outlines of
bones.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.masks import BONES, Masks, on_film
from bonerisk.named import FolderPath
from bonerisk.preprocessing.chest import GrayscaleTruncation
from bonerisk.preprocessing.square import square, squeezed

GREY = 128

FULL_SCALE = (5000.0, 5000.0, 16.0, 0.5, 0.5)  # of rows, columns, bits, row and column spacing in mm: beyond all films


class BorderOnly:
    """Keep the outer tenth of a film on each side, scaled to its own range; the inside is one grey.

    The border shows collimation, markers and how the patient stands. The only bones in it are the shoulders and the
    ends of the spine.

    Parameters
    ----------
    size : int
        Side of the image in pixels.

    Raises
    ------
    ConfigError
        The size is under 16.

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(0, 4096, (1250, 1024), dtype=np.uint16)
    >>> image = BorderOnly(size=100)(Film(pixels, bits=12))
    >>> image.shape, np.unique(image[10:90, 10:90]).tolist()
    ((100, 100), [128])
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = "Negative control: the model sees the outer tenth of each film alone."

    def __init__(self, size: int = 512) -> None:
        self.size, self.shape = size, square(size)

    def __call__(self, film: Film) -> np.ndarray:
        """The film's border as uint8, shape (size, size); a border of one value is black."""
        pixels, inside = film.pixels.astype(np.float32), _inside(film)
        pixels[inside] = np.nan
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        pixels = (pixels - low) * (255 / max(high - low, 1.0))
        pixels[inside] = GREY  # before the resizing, so that no pixel of the inside mixes into the border
        return _small(pixels, self.size)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film's border covers."""
        border = region.copy()
        border[_inside(film)] = False
        return squeezed(border, self.size)


class BonesMasked:
    """Fill the bones with the mean of the rest of the film, then apply `GrayscaleTruncation`.

    The bones are read from organ masks (`bonerisk.imaging.masks`). The outlines of the bones remain visible.

    Parameters
    ----------
    organs : sequence of str
        Which organs are filled.
    masks : str, optional
        A folder of masks; None: beside the films, as simulated films have them.
    size : int
        Side of the image in pixels.

    Raises
    ------
    ConfigError
        No organ is named, or the size is out of range.

    Examples
    --------
    >>> BonesMasked(organs=["vertebrae", "ribs"], size=160).shape
    (160, 160)
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = "Negative control: the model sees films whose bones are filled in."

    def __init__(self, organs: Sequence[str] = BONES, masks: FolderPath | None = None, size: int = 512) -> None:
        if not organs:
            raise ConfigError("no organ is named", "preprocessing.organs", f"[{','.join(BONES)}] are the bones")
        self.organs, self.masks = tuple(organs), Masks.of(masks)
        self.size, self.shape, self.truncate = size, square(size), GrayscaleTruncation(size)

    def __call__(self, film: Film) -> np.ndarray:
        """The film without bones as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film has no mask, its mask belongs to another film, lacks one of the organs or marks no bone.
        """
        bone = self._bone(film)
        pixels = film.pixels.copy()
        pixels[bone] = round(film.pixels[~bone].mean())
        return self.truncate(Film(pixels, film.bits))

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers, with bones or without."""
        return self.truncate.covered(region, film)

    def _bone(self, film: Film) -> np.ndarray:
        found = self.masks.read(film)
        if lacking := [organ for organ in self.organs if organ not in found]:
            there = [organ for organ in self.organs if organ in found]
            mend = f"'preprocessing.organs=[{','.join(there)}]' fills those it has" if there else ""
            raise DataError(f"the film's mask has no {', '.join(lacking)}", str(film.path), mend)
        marked = np.zeros(film.pixels.shape, bool)
        for organ in self.organs:
            wider = cv2.dilate(found[organ].astype(np.uint8), np.ones((3, 3), np.uint8))
            marked |= on_film(wider, film)  # a film is less sharp than its mask
        if not 0 < marked.mean() < 1:
            marks = "every pixel as bone" if marked.any() else "no bone"
            raise DataError(f"the film's mask marks {marks}", str(film.path))
        return marked


class VendorOnly:
    """Show what a film's file says about the detector, and no pixel of the film: five bands of grey.

    From the top: rows, columns, bits, distance between rows, distance between columns. An unknown distance is black.

    Parameters
    ----------
    size : int
        Side of the image in pixels.

    Raises
    ------
    ConfigError
        The size is under 16.

    Examples
    --------
    >>> film = Film(np.zeros((2500, 2000), np.uint16), bits=12, spacing_mm=(0.2, 0.2))
    >>> VendorOnly(size=50)(film)[::10, 0].tolist()
    [128, 102, 191, 102, 102]
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = "Negative control: the model sees what the file says of the detector, and no pixel of the film."

    def __init__(self, size: int = 512) -> None:
        self.size, self.shape = size, square(size)

    def __call__(self, film: Film) -> np.ndarray:
        """The bands as uint8, shape (size, size)."""
        facts = np.array([*film.pixels.shape, film.bits, *(film.spacing_mm or (0.0, 0.0))])
        greys = np.rint(255 * np.minimum(facts / FULL_SCALE, 1)).astype(np.uint8)
        band = np.arange(self.size) * len(greys) // self.size
        return np.repeat(greys[band, None], self.size, axis=1)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers: no pixel shows any of it."""
        return np.zeros(self.shape, np.float32)


def _inside(film: Film) -> tuple[slice, slice]:
    """All but the outer tenth of a film on each side."""
    height, width = film.pixels.shape
    return slice(height // 10, height - height // 10), slice(width // 10, width - width // 10)


def _small(pixels: np.ndarray, size: int) -> np.ndarray:
    small = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return np.rint(small).clip(0, 255).astype(np.uint8)
