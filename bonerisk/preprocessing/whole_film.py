"""The whole film in a rectangle of fixed size, for a network that finds points on it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film

SMALLEST = 64  # pixels of a side; no vertebra can be found in fewer
LEAST = 0.5  # of the film's greys: less is what resizing rounds off a film of one


class WholeFilm:
    """Shrink a film until it fits a rectangle, scale its own minimum and maximum to 0–255, and pad it with zeros.

    The range is that of the small image, in which a single hot pixel is averaged away. Nothing is cut off, and the
    film's aspect is kept, but for rounding to whole pixels.

    Parameters
    ----------
    height, width : int
        Of the image, in pixels.

    Raises
    ------
    ConfigError
        A side is under 64 pixels.

    References
    ----------
    Spine DeepSurv, "Image preprocessing and deep learning techniques".

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(0, 4096, (500, 200), dtype=np.uint16)
    >>> transform = WholeFilm(height=100, width=80)
    >>> image = transform(Film(pixels, bits=12))
    >>> image.shape, np.flatnonzero(image.any(axis=0))[[0, -1]].tolist()
    ((100, 80), [20, 59])
    >>> transform.onto((500, 200)).round(6).tolist()
    [[0.2, 0.0, 19.6], [0.0, 0.2, -0.4]]
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = None

    def __init__(self, height: int = 384, width: int = 384) -> None:
        if min(height, width) < SMALLEST:
            what = f"the image is {height} × {width} pixels, but each side must have {SMALLEST} or more"
            raise ConfigError(what, "preprocessing.height, preprocessing.width")
        self.height, self.width, self.shape = height, width, (height, width)

    def __call__(self, film: Film) -> np.ndarray:
        """The film as uint8, shape (height, width).

        Raises
        ------
        DataError
            The film is blank.
        """
        small = self._placed(film.pixels)
        inside = small[self._box(film.pixels.shape)]
        low, high = float(inside.min()), float(inside.max())
        if high - low < LEAST:
            raise DataError("the film is blank", mend="leave the film out")
        inside[...] = np.rint((inside - low) * (255 / (high - low)))
        return small.astype(np.uint8)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (height, width) float32 of each pixel that a region of the film covers; 0 in the padding."""
        return self._placed(region).clip(0, 1)

    def onto(self, shape: tuple[int, int]) -> np.ndarray:
        """Matrix (2, 3) from pixels of a film of `shape` (rows, columns) to pixels of the image."""
        rows, columns = self._box(shape)
        across, down = (columns.stop - columns.start) / shape[1], (rows.stop - rows.start) / shape[0]
        start = columns.start + (across - 1) / 2, rows.start + (down - 1) / 2
        return np.array([[across, 0, start[0]], [0, down, start[1]]])

    def _box(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Rows and columns of the image that show a film of this shape: in its middle."""
        scale = min(self.height / shape[0], self.width / shape[1])
        sides = [max(1, round(scale * edge)) for edge in shape]
        starts = [(whole - side) // 2 for whole, side in zip(self.shape, sides, strict=True)]
        rows, columns = (slice(start, start + side) for start, side in zip(starts, sides, strict=True))
        return rows, columns

    def _placed(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of the film, float32, in their place in the image; 0 around it."""
        rows, columns = self._box(pixels.shape)
        size = (columns.stop - columns.start, rows.stop - rows.start)
        image = np.zeros(self.shape, np.float32)
        image[rows, columns] = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return image
