"""Negative controls: films of which only that is left which a model should not need.

A model trained on them in place of the films shows how far it gets without bone: what it reaches on `BorderOnly` or
`VendorOnly` it owes to where and how films were taken, and on `BonesMasked` to soft tissue and to the bones' outlines.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.preprocessing.chest import MIN_SIZE, GrayscaleTruncation

GREY = 128
MASKS = "masks"

FULL_SCALE = (5000.0, 5000.0, 16.0, 0.5, 0.5)  # of rows, columns, bits, row and column spacing in mm: beyond all films


class BorderOnly:
    """Keep the outer tenth of a film on each side, stretched to its own range; all within is one grey.

    That is collimation, markers and how the patient stands, and of bone at most shoulders and the ends of the spine.

    Parameters
    ----------
    size : int
        Side of the result in pixels.
    """

    note = "Negative control: the model sees the outer tenth of each film alone."

    def __init__(self, size: int = 512) -> None:
        self.size = _checked(size)

    def __call__(self, film: Film) -> np.ndarray:
        """Return the film's border as uint8, shape (size, size); a border of one value is black."""
        (height, width), pixels = film.pixels.shape, film.pixels.astype(np.float32)
        inside = slice(height // 10, height - height // 10), slice(width // 10, width - width // 10)
        pixels[inside] = np.nan
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        pixels = (pixels - low) * (255 / max(high - low, 1.0))
        pixels[inside] = GREY  # before the film is made smaller, so that nothing seeps through
        return _small(pixels, self.size)


class BonesMasked:
    """Fill the bones with the mean of the rest of the film, and go on as `GrayscaleTruncation` does.

    The bones are those of a mask beside the film: of ``films/a.dcm`` it is ``masks/a.png``, with an organ in each bit
    of its pixels, as simulated films have them. Their outlines stay to be seen.

    Parameters
    ----------
    planes : sequence of int
        Bits of the mask that are bone, 0 to 15.
    size : int
        Side of the result in pixels.

    Raises
    ------
    ConfigError
        A bit or the size is out of range.
    """

    note = "Negative control: the model sees films whose bones are filled in."

    def __init__(self, planes: Sequence[int], size: int = 512) -> None:
        if not planes or not all(0 <= plane < 16 for plane in planes):
            raise ConfigError(f"planes {list(planes)} are not bits 0 to 15 of a mask", "preprocessing.planes")
        self.bits = sum({1 << plane for plane in planes})
        self.size, self.truncate = size, GrayscaleTruncation(size)

    def __call__(self, film: Film) -> np.ndarray:
        """Return the film without bones as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film has no mask, or one that is not of this film or marks no bone.
        """
        bone = self._bone(film)
        pixels = film.pixels.copy()
        pixels[bone] = round(film.pixels[~bone].mean())
        return self.truncate(Film(pixels, film.bits))

    def _bone(self, film: Film) -> np.ndarray:
        if film.path is None:
            raise DataError("a film that is from no file has no organ mask beside it")
        file = film.path.absolute().parent.parent / MASKS / f"{film.path.stem}.png"
        mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED) if file.is_file() else None
        if mask is None:
            mend = "use preprocessing=bones_masked on films with organ masks, such as dataset=phantom_chest"
            raise DataError(f"no organ mask can be read at {file}", str(film.path), mend)
        (height, width), shape = film.pixels.shape, mask.shape
        if mask.ndim != 2 or abs(shape[0] * width - shape[1] * height) > height + width:
            raise DataError(f"the mask {file} of shape {shape} is not of this film, {height} × {width}", str(film.path))
        bone = np.asarray(mask.astype(np.uint16) & self.bits > 0, np.uint8)
        wider = cv2.dilate(bone, np.ones((3, 3), np.uint8))  # a film is less sharp than its mask
        marked = cv2.resize(wider, (width, height), interpolation=cv2.INTER_NEAREST) > 0
        if not 0 < marked.mean() < 1:
            raise DataError(f"the mask {file} marks {'no' if not marked.any() else 'nothing but'} bone", str(film.path))
        return marked


class VendorOnly:
    """Show of a film what its file tells of the detector and no pixel of it: five flat bands of grey.

    From the top: rows, columns, bits, distance between rows, distance between columns; black where there is none.

    Parameters
    ----------
    size : int
        Side of the result in pixels.
    """

    note = "Negative control: the model sees what the file tells of the detector, and no pixel of the film."

    def __init__(self, size: int = 512) -> None:
        self.size = _checked(size)

    def __call__(self, film: Film) -> np.ndarray:
        """Return the bands as uint8, shape (size, size)."""
        told = np.array([*film.pixels.shape, film.bits, *(film.spacing_mm or (0.0, 0.0))])
        greys = np.rint(255 * np.minimum(told / FULL_SCALE, 1)).astype(np.uint8)
        band = np.arange(self.size) * len(greys) // self.size
        return np.repeat(greys[band, None], self.size, axis=1)


def _checked(size: int) -> int:
    if size < MIN_SIZE:
        raise ConfigError(f"size is {size}, but must be {MIN_SIZE} or more", "preprocessing.size")
    return size


def _small(pixels: np.ndarray, size: int) -> np.ndarray:
    small = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return np.rint(small).clip(0, 255).astype(np.uint8)
