"""What a worker process does with one film; imports little, so that the process starts fast."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bonerisk.errors import DataError
from bonerisk.imaging.film import Colour, Film
from bonerisk.imaging.perceptual import perceptual
from bonerisk.imaging.read import read

KEPT_BYTES = 32 * 2**20 - 2**13  # the largest size that glibc learns from
FACTS = ("height_px", "width_px", "bits", "row_spacing_mm", "column_spacing_mm", "coloured", "perceptual", "crc32")


class Source(NamedTuple):
    """Where a film lies, and its values in the columns that a transform asks for (`Film.row`)."""

    path: Path
    row: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Decoded:
    """A film's image and facts (values of `FACTS`), or the reason why there are none."""

    image: np.ndarray | None = None
    facts: tuple[int | float | bool | bytes | None, ...] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Decoder:
    """Read a film and transform it to its image.

    Parameters
    ----------
    transform : callable
        From a film to a uint8 array of `shape`.
    shape : tuple of int
        (h, w) or (k, h, w).
    colour : {"refuse", "luminance"}
        As `bonerisk.imaging.read.read` takes it.

    Raises
    ------
    ValueError
        `shape` is of another form. This is a bug of the transform that declares it.
    """

    transform: Callable[[Film], np.ndarray]
    shape: tuple[int, ...]
    colour: Colour = "refuse"

    def __post_init__(self) -> None:
        if len(self.shape) not in (2, 3) or min(self.shape) < 1:
            raise ValueError(f"{_name(self.transform)} declares images of shape {self.shape}, not (h, w) or (k, h, w)")

    def __call__(self, source: Source) -> Decoded:
        """The film's image, or the reason if the film cannot be used.

        Raises
        ------
        ValueError
            The image is not uint8 of `shape`. This is a bug of the transform, as is any other exception.
        """
        _keep_memory()
        try:
            film = replace(read(source.path, self.colour), row=source.row)
            image = self.transform(film)
        except DataError as error:
            return Decoded(reason=error.what)
        if image.shape != self.shape or image.dtype != np.uint8:
            given = f"{image.dtype} {image.shape}"
            raise ValueError(f"{_name(self.transform)} gave an image of {given}, not uint8 {self.shape}")
        image = np.ascontiguousarray(image)
        size, spacing = film.pixels.shape, film.spacing_mm or (None, None)
        facts = (*size, film.bits, *spacing, film.coloured, perceptual(film), zlib.crc32(image.tobytes()))
        return Decoded(image, facts)


def _name(transform: Callable[[Film], np.ndarray]) -> str:
    return f"{type(transform).__module__}.{type(transform).__qualname__}"


def _keep_memory() -> None:
    """Let the C library keep the memory of arrays for the next film; getting it anew can take half of the time.

    glibc returns freed blocks to the system above a threshold, which rises to the largest block freed so far.
    """
    np.empty(KEPT_BYTES, np.uint8)
