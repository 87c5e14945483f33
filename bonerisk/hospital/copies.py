"""Several files of one film: the first that can be read stands for it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pandas as pd

from bonerisk.errors import DataError
from bonerisk.imaging.parallel import parallel_map
from bonerisk.imaging.read import read
from bonerisk.progress import track


def spare(films: pd.DataFrame) -> pd.Series:
    """Return which files are not needed, since another file of the same SOPInstanceUID stands for the film.

    A header does not show that the pixels after it are cut off, so files that share a SOPInstanceUID are decoded, the
    next one only where the one before can't be. If none can be read, the first stands.

    Parameters
    ----------
    films : DataFrame
        Columns `image_id`, `image_path`, in the order in which files are preferred.

    Returns
    -------
    Series of bool
        With the index of `films`.
    """
    copies = films[films["image_id"].duplicated(keep=False)]
    stands: dict[str, object] = {}  # image_id: index of its first file that can be read
    for _, tried in copies.groupby(copies.groupby("image_id").cumcount()):
        tried = tried[~tried["image_id"].isin(stands)]
        with closing(parallel_map(_readable, tried["image_path"].tolist(), died=_died)) as results:
            readable = list(track(results, "comparing files of the same film", len(tried)))
        good = tried.loc[readable, "image_id"]
        stands.update(zip(good, good.index, strict=True))
    first = copies["image_id"].drop_duplicates()
    kept = [stands.get(image_id, place) for place, image_id in first.items()]
    return pd.Series(films.index.isin(copies.index.difference(kept)), films.index)


def _readable(path: str) -> bool:
    try:
        read(Path(path), colour="luminance")
    except DataError:
        return False
    return True


def _died(path: str) -> bool:
    return False
