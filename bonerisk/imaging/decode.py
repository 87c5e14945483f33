"""What a worker process does with one film; imports little, so that the process starts fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.read import read


@dataclass(frozen=True, eq=False)
class Decoded:
    """A film's image and facts (height, width, bits, row and column spacing), or the reason why there are none."""

    image: np.ndarray | None = None
    facts: tuple[int | float | None, ...] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Decoder:
    """Read a film and make it the image that `transform` makes of it, of `shape`."""

    transform: Callable[[Film], np.ndarray]
    shape: tuple[int, int]

    def __call__(self, path: Path) -> Decoded:
        """Return a reason instead of an image where the film can't be used; anything else that is raised is a bug."""
        try:
            film = read(path)
            image = self.transform(film)
        except DataError as error:
            return Decoded(reason=error.what)
        if image.shape != self.shape or image.dtype != np.uint8:
            raise ValueError(f"the preprocessing gave {image.dtype} {image.shape}, not uint8 {self.shape}")
        return Decoded(np.ascontiguousarray(image), (*film.pixels.shape, film.bits, *(film.spacing_mm or (None, None))))
