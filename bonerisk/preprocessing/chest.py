"""Chest films made ready for an encoder."""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film

MIN_SIZE = 16  # pixels; there is no bone to be seen in fewer


class GrayscaleTruncation:
    """Clip a film to the range of its centre, as OsPenScreen does, so that markers and collimation don't set the scale.

    Minimum and maximum are taken at full resolution in the central rectangle of half the height and half the width;
    the whole film is clipped to them, brought to 0–255 and resized to a square, without keeping the aspect.

    Parameters
    ----------
    size : int
        Side of the result in pixels.
    percentile : float, optional
        Clip at this percentile of the centre and at 100 minus it, instead of at minimum and maximum, which a single
        hot pixel moves. Under 50.

    References
    ----------
    OsPenScreen, "Model development and activation map".
    """

    def __init__(self, size: int = 512, percentile: float | None = None) -> None:
        if size < MIN_SIZE:
            raise ConfigError(f"size is {size}, but must be {MIN_SIZE} or more", "preprocessing.size")
        if percentile is not None and not 0 <= percentile < 50:
            where, mend = "preprocessing.percentile", "choose one from 0 to under 50, or null for minimum and maximum"
            raise ConfigError(f"no range lies between the percentiles {percentile} and {100 - percentile}", where, mend)
        self.size, self.percentile = size, percentile

    def __call__(self, film: Film) -> np.ndarray:
        """Return the film as uint8, shape (size, size).

        Raises
        ------
        DataError
            The centre of the film has one value only.
        """
        height, width = film.pixels.shape
        low, high = self._range(film.pixels[height // 4 : height - height // 4, width // 4 : width - width // 4])
        if low == high:
            raise DataError(f"the central half of the film is blank: every pixel is {low}", mend="leave the film out")
        # Rescaling is linear, so it may follow the resizing: a sixth of the time, and rounded once instead of twice.
        clipped = np.clip(film.pixels, low, high).astype(np.float32)
        small = cv2.resize(clipped, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.rint((small - low) * (255.0 / (high - low))).clip(0, 255).astype(np.uint8)

    def _range(self, centre: np.ndarray) -> tuple[int, int]:
        if self.percentile is None:
            return int(centre.min()), int(centre.max())
        below = np.cumsum(np.bincount(centre.ravel())) / centre.size
        low, high = np.searchsorted(below, [self.percentile / 100, 1 - self.percentile / 100])
        return max(int(low), int(centre.min())), int(high)
