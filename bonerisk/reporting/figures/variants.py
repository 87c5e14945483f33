"""The images that a spine film is made into: spine DeepSurv's six variants, of one film."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from bonerisk.errors import DataError
from bonerisk.preprocessing.spine import SpineImage, SpinePatches
from bonerisk.preprocessing.spine_variants import six_variants
from bonerisk.reporting.figures.films import shown

TABLE = "variants.csv"
SIZE = 480  # pixels of a picture's height


def write_variants(rows: pd.DataFrame, like: SpineImage | SpinePatches, folder: Path) -> None:
    """Write a PNG of each variant of the first film that may be shown, and `variants.csv`, which names them.

    Parameters
    ----------
    rows : DataFrame
        A cohort's rows: image_id, image_path and the columns of `like`.
    like : SpineImage or SpinePatches
        What the model's images are made by.
    folder : Path
        Made here; empty but for the table's head if no film can be shown.
    """
    folder.mkdir(parents=True)
    rows = rows.reset_index(drop=True)
    images: dict[str, np.ndarray] = {}
    for index, film in shown(rows.index, rows["image_id"], rows.set_index("image_id")["image_path"]):
        row: dict[Hashable, object] = rows.loc[index].to_dict()
        try:
            images = six_variants(replace(film, row={str(name): value for name, value in row.items()}), like, SIZE)
        except DataError:
            continue  # it is listed among the rejected
        break
    names = [(f"{number:02d}.png", name) for number, name in enumerate(images)]
    for (file, _), image in zip(names, images.values(), strict=True):
        cv2.imwrite(str(folder / file), image if image.ndim == 2 else np.concatenate(image))
    pd.DataFrame(names, columns=["file", "variant"]).to_csv(folder / TABLE, index=False)
