"""What a worker process does with one film; imports little, so that the process starts fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.perceptual import perceptual
from bonerisk.imaging.read import read

KEPT_BYTES = 32 * 2**20 - 2**13  # the most that glibc learns from
FACTS = ("height_px", "width_px", "bits", "row_spacing_mm", "column_spacing_mm", "perceptual")


@dataclass(frozen=True, eq=False)
class Decoded:
    """A film's image and facts (values of `FACTS`), or the reason why there are none."""

    image: np.ndarray | None = None
    facts: tuple[int | float | bytes | None, ...] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Decoder:
    """Read a film and make it the image that `transform` makes of it, of `shape`."""

    transform: Callable[[Film], np.ndarray]
    shape: tuple[int, int]

    def __call__(self, path: Path) -> Decoded:
        """Return a reason instead of an image where the film can't be used; anything else that is raised is a bug."""
        _keep_memory()
        try:
            film = read(path)
            image = self.transform(film)
        except DataError as error:
            return Decoded(reason=error.what)
        if image.shape != self.shape or image.dtype != np.uint8:
            raise ValueError(f"the preprocessing gave {image.dtype} {image.shape}, not uint8 {self.shape}")
        facts = (*film.pixels.shape, film.bits, *(film.spacing_mm or (None, None)), perceptual(film))
        return Decoded(np.ascontiguousarray(image), facts)


def _keep_memory() -> None:
    """Let the C library keep the memory of arrays for the next film, else half of the time can go to getting it anew.

    glibc hands freed blocks back to the system from a size on, which rises to that of the largest block freed so far.
    """
    np.empty(KEPT_BYTES, np.uint8)
