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
from bonerisk.preprocessing.chest import GrayscaleTruncation
from bonerisk.preprocessing.square import square

GREY = 128
MASKS = "masks"

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
        (height, width), pixels = film.pixels.shape, film.pixels.astype(np.float32)
        inside = slice(height // 10, height - height // 10), slice(width // 10, width - width // 10)
        pixels[inside] = np.nan
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        pixels = (pixels - low) * (255 / max(high - low, 1.0))
        pixels[inside] = GREY  # before the resizing, so that no pixel of the inside mixes into the border
        return _small(pixels, self.size)


class BonesMasked:
    """Fill the bones with the mean of the rest of the film, then apply `GrayscaleTruncation`.

    The bones are read from a mask beside the film, as simulated films have it: for ``films/a.dcm`` it is
    ``masks/a.png``. Each bit of a mask's pixel is one organ. The outlines of the bones remain visible.

    Parameters
    ----------
    planes : sequence of int
        Bits of the mask that are bone, 0 to 15.
    size : int
        Side of the image in pixels.

    Raises
    ------
    ConfigError
        A bit or the size is out of range.

    Examples
    --------
    >>> BonesMasked(planes=[4, 5], size=160).shape
    (160, 160)
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = "Negative control: the model sees films whose bones are filled in."

    def __init__(self, planes: Sequence[int], size: int = 512) -> None:
        if not planes or not all(0 <= plane < 16 for plane in planes):
            raise ConfigError(f"planes {list(planes)} are not bits 0 to 15 of a mask", "preprocessing.planes")
        self.bits = sum({1 << plane for plane in planes})
        self.size, self.shape, self.truncate = size, square(size), GrayscaleTruncation(size)

    def __call__(self, film: Film) -> np.ndarray:
        """The film without bones as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film has no mask, or its mask belongs to another film or marks no bone.
        """
        bone = self._bone(film)
        pixels = film.pixels.copy()
        pixels[bone] = round(film.pixels[~bone].mean())
        return self.truncate(Film(pixels, film.bits))

    def _bone(self, film: Film) -> np.ndarray:
        if film.path is None:
            raise DataError("a film that was not read from a file has no organ mask beside it")
        file = film.path.absolute().parent.parent / MASKS / f"{film.path.stem}.png"
        mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED) if file.is_file() else None
        if mask is None:
            mend = "use preprocessing=bones_masked on films with organ masks, such as dataset=phantom_chest"
            raise DataError(f"no organ mask can be read at {file}", str(film.path), mend)
        (height, width), shape = film.pixels.shape, mask.shape
        if mask.ndim != 2 or abs(shape[0] * width - shape[1] * height) > height + width:
            what = f"the mask {file} of shape {shape} does not belong to this film of {height} × {width} pixels"
            raise DataError(what, str(film.path))
        bone = np.asarray(mask.astype(np.uint16) & self.bits > 0, np.uint8)
        wider = cv2.dilate(bone, np.ones((3, 3), np.uint8))  # a film is less sharp than its mask
        marked = cv2.resize(wider, (width, height), interpolation=cv2.INTER_NEAREST) > 0
        if not 0 < marked.mean() < 1:
            marks = "every pixel as bone" if marked.any() else "no bone"
            raise DataError(f"the mask {file} marks {marks}", str(film.path))
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


def _small(pixels: np.ndarray, size: int) -> np.ndarray:
    small = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return np.rint(small).clip(0, 255).astype(np.uint8)
