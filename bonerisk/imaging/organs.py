"""Organs on the images that a network sees: their masks, carried through the preprocessing, in several processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from bonerisk.errors import DataError
from bonerisk.imaging.decode import Source
from bonerisk.imaging.film import Colour, Film
from bonerisk.imaging.masks import BONES, Masks, on_film
from bonerisk.imaging.parallel import parallel_map
from bonerisk.imaging.read import read
from bonerisk.imaging.store import DIED, film_rows
from bonerisk.progress import track

BODY = "body"  # no organ: nearly the whole film
ALL_BONES = "bones"  # the bones of a mask together
FULL = 255  # of a covered pixel


class Carrying(Protocol):
    """What is needed of a transform (`bonerisk.parts.Transform`): where a region of a film lies in its image."""

    columns: Sequence[str]

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """How much of each pixel of the image the region covers."""
        ...


@dataclass(frozen=True, eq=False)
class Covered:
    """How much of each pixel of a film's image its organs cover.

    Parameters
    ----------
    organs : dict
        Organ → uint8 of the image's shape, `FULL` where a pixel is covered whole; `ALL_BONES` comes last. Empty if the
        film has no mask.
    reason : str
        Why it has none.
    """

    organs: dict[str, np.ndarray] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Organs:
    """Reads the masks of a film; can be pickled."""

    transform: Carrying
    masks: Masks
    colour: Colour

    def __call__(self, source: Source) -> Covered:
        """The film's organs, or why it has none."""
        try:
            film = replace(read(source.path, self.colour), row=source.row)
            masks = {organ: mask for organ, mask in self.masks.read(film).items() if organ != BODY}
            regions = {organ: on_film(mask, film) for organ, mask in masks.items()}
            if not any(region.any() for region in regions.values()):
                return Covered(reason="the film's mask is empty")
            covered = {organ: self.transform.covered(region, film) for organ, region in regions.items()}
        except DataError as error:
            return Covered(reason=error.what)
        found = {organ: np.rint(FULL * of).astype(np.uint8) for organ, of in covered.items()}
        bones = [found[organ] for organ in BONES if organ in found]
        return Covered(found | ({ALL_BONES: np.maximum.reduce(bones)} if len(bones) > 1 else {}))

    def of(self, films: pd.DataFrame, doing: str) -> Iterator[Covered]:
        """The organs of films (image_path, and the transform's columns), in order; two films of one mask have none."""
        paths = [Path(path) for path in films["image_path"]]
        counts = Counter(path for film in dict.fromkeys(paths) for path in self.masks.files(film))
        shared = {path for path, count in counts.items() if count > 1}
        sources = [Source(*both) for both in zip(paths, film_rows(films, self.transform.columns), strict=True)]
        for path, covered in zip(paths, track(parallel_map(self, sources, _died), doing, len(sources)), strict=True):
            several = shared.intersection(self.masks.files(path)) if shared else ()
            yield Covered(reason=f"films of one name share the mask {min(several)}") if several else covered


def _died(source: Source) -> Covered:
    return Covered(reason=DIED)
