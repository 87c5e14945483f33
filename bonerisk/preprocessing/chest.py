"""Chest films for an encoder, as OsPenScreen prepares them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.preprocessing.square import square, squeezed


class GrayscaleTruncation:
    """Clip a film to the range of its centre, so that markers and collimation do not set the scale.

    Minimum and maximum are those of the central rectangle of half the height and half the width, at full resolution.
    The whole film is clipped to them, scaled to 0–255 and resized to a square. The aspect ratio is not kept.

    Parameters
    ----------
    size : int
        Side of the image in pixels.
    percentile : float, optional
        Clip at this percentile of the centre and at 100 minus it. None: at minimum and maximum, which a single hot
        pixel can move. Under 50.

    Raises
    ------
    ConfigError
        The size or the percentile is out of range.

    References
    ----------
    OsPenScreen, "Model development and activation map".

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(0, 4096, (2500, 2048), dtype=np.uint16)
    >>> image = GrayscaleTruncation(size=512)(Film(pixels, bits=12))
    >>> image.shape, image.dtype
    ((512, 512), dtype('uint8'))
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = None

    def __init__(self, size: int = 512, percentile: float | None = None) -> None:
        self.size, self.shape = size, square(size)
        if percentile is not None and not 0 <= percentile < 50:
            where, mend = "preprocessing.percentile", "choose one from 0 to under 50, or null for minimum and maximum"
            raise ConfigError(f"no range lies between the percentiles {percentile} and {100 - percentile}", where, mend)
        self.percentile = percentile

    def __call__(self, film: Film) -> np.ndarray:
        """The film as uint8, shape (size, size).

        Raises
        ------
        DataError
            All pixels in the centre of the film have one value.
        """
        height, width = film.pixels.shape
        low, high = self._range(film.pixels[height // 4 : height - height // 4, width // 4 : width - width // 4])
        if low == high:
            raise DataError(f"the central half of the film is blank: every pixel is {low}", mend="leave the film out")
        # Rescaling is linear, so it may follow the resizing: a sixth of the time, and rounded once instead of twice.
        clipped = np.clip(film.pixels, low, high).astype(np.float32)
        small = cv2.resize(clipped, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.rint((small - low) * (255.0 / (high - low))).clip(0, 255).astype(np.uint8)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers."""
        return squeezed(region, self.size)

    def _range(self, centre: np.ndarray) -> tuple[int, int]:
        if self.percentile is None:
            return int(centre.min()), int(centre.max())
        below = np.cumsum(np.bincount(centre.ravel())) / centre.size
        low, high = np.searchsorted(below, [self.percentile / 100, 1 - self.percentile / 100])
        return max(int(low), int(centre.min())), int(high)
