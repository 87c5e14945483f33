"""The shape of a square image, of a size in which bone can be seen, and a film's region squeezed into it."""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.errors import ConfigError

MIN_SIZE = 16  # pixels; no bone can be seen in fewer


def square(size: int) -> tuple[int, int]:
    """Height and width of a square image.

    Parameters
    ----------
    size : int
        Side in pixels.

    Raises
    ------
    ConfigError
        The size is under 16 pixels.

    Examples
    --------
    >>> square(224)
    (224, 224)
    """
    if size < MIN_SIZE:
        raise ConfigError(f"size is {size}, but must be {MIN_SIZE} or more", "preprocessing.size")
    return size, size


def squeezed(region: np.ndarray, size: int) -> np.ndarray:
    """Share (size, size) float32 of each pixel that a region (height, width) covers, after resizing to a square."""
    return cv2.resize(region.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA).clip(0, 1)
