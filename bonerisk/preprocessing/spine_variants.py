"""The six images that spine DeepSurv compares, all of one film."""

from __future__ import annotations

import numpy as np

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.preprocessing.spine import SpineImage, SpinePatches
from bonerisk.preprocessing.spine_drawing import Drawing


def six_variants(film: Film, like: SpineImage | SpinePatches, size: int) -> dict[str, np.ndarray]:
    """Each variant's image by its name.

    Parameters
    ----------
    film : Film
        With the columns of `like` in its row.
    like : SpineImage or SpinePatches
        The variant in use: it says how bodies are known and films are aligned. Without bodies of its own, masks beside
        the film are tried.
    size : int
        Side of an image, and of all patches together, in pixels.

    Returns
    -------
    dict
        uint8 (size, size), or (5, size // 5, size // 5) of patches; without masked ones where the film's bodies are not
        known.

    Raises
    ------
    DataError
        As of `SpineImage`.

    References
    ----------
    Spine DeepSurv, Table 2.
    """
    drawing, known, folder = Drawing(film), like.bodies.chosen or "masks", like.bodies.masks.folder
    masks, align = str(folder) if folder else None, like.align
    found: dict[str, np.ndarray] = {}
    for masked in (False, True):
        bodies = known if masked else None
        variants: dict[str, SpineImage | SpinePatches] = {
            "L1–L5": SpineImage("l5", bodies=bodies, masks=masks, align=align, size=size),
            "L1–L4": SpineImage("l4", bodies=bodies, masks=masks, align=align, size=size),
            "L1–L5 patches": SpinePatches(bodies=bodies, masks=masks, align=align, size=size // 5),
        }
        for name, variant in variants.items():
            try:
                found[f"{name} {'with' if masked else 'without'} masks"] = variant.draw(drawing)
            except DataError:
                if not masked:
                    raise
    return found
