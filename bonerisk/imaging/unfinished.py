"""An unfinished store: if the process that reads films is killed, the next one continues from what is on the disk.

Images are appended to one file. Each part of `PART` films has a table of their facts and failures, which is written
after their images are on the disk. Images after the last recorded part are ignored.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from bonerisk.imaging.decode import FACTS, Decoded

IMAGES = "images.npy"
PART = 256  # films
DTYPES = {  # explicit, because a column of a part may be empty
    "image_id": "object",
    "image_path": "object",
    "reason": "object",
    **dict.fromkeys(FACTS, "Int64"),
    **dict.fromkeys(("row_spacing_mm", "column_spacing_mm"), "Float64"),
    "perceptual": "object",
}
NAMES = ["image_id", "image_path"]
_EMPTY = pd.DataFrame(columns=list(DTYPES)).astype(DTYPES)


@dataclass(frozen=True)
class Unfinished:
    """The part of a store that is already in `folder`.

    Parameters
    ----------
    folder : Path
    films : DataFrame
        All films of the store: image_id and image_path, text, indexed from 0.
    shape : tuple of int
        Shape of each image: (h, w) or (k, h, w).
    """

    folder: Path
    films: pd.DataFrame
    shape: tuple[int, ...]

    def done(self) -> pd.DataFrame:
        """Rows of the films that need not be read again, with columns `DTYPES`; delete what cannot be used."""
        try:
            done = self._there()
        except (OSError, ValueError):  # there is nothing, or it was damaged when the machine went down
            done = None
        if done is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return _EMPTY
        return done

    def append(self, results: Iterator[Decoded], done: pd.DataFrame) -> pd.DataFrame:
        """Write the images of the films after `done`, one result for each, and return the rows of all films."""
        parts, count = [done], int(done["reason"].isna().sum())
        self.folder.mkdir(exist_ok=True)
        with (self.folder / IMAGES).open("r+b" if len(done) else "wb") as file:
            _write_header(file, 0, self.shape)
            file.seek(count * math.prod(self.shape), os.SEEK_CUR)
            file.truncate()
            for start in range(len(done), len(self.films), PART):
                rows = self.films.iloc[start : start + PART]
                outcomes = [_written(file, result) for result in islice(results, len(rows))]
                file.flush()
                os.fsync(file.fileno())
                parts.append(table_of(rows, outcomes))
                self._keep(parts[-1], start)
                count += int(parts[-1]["reason"].isna().sum())
            file.seek(0)
            _write_header(file, count, self.shape)
        return pd.concat(parts, ignore_index=True)

    def forget_parts(self) -> None:
        """Delete the tables of the parts."""
        for path in self.folder.glob("part-*"):
            path.unlink()

    def _keep(self, part: pd.DataFrame, start: int) -> None:
        path = self.folder / f"part-{start:09}.parquet"
        part.to_parquet(path.with_suffix(".new"), index=False)
        path.with_suffix(".new").rename(path)

    def _there(self) -> pd.DataFrame | None:
        """Rows of the parts; None if they are rows of other films or some of their images are lost."""
        parts = [pd.read_parquet(path) for path in sorted(self.folder.glob("part-*.parquet"))]
        done = pd.concat([_EMPTY, *parts], ignore_index=True).astype(DTYPES)
        with (self.folder / IMAGES).open("rb") as file:
            np.lib.format.read_magic(file)
            shape = np.lib.format.read_array_header_1_0(file)[0]
            held = (self.folder / IMAGES).stat().st_size - file.tell()
        same = shape[1:] == self.shape and done[NAMES].equals(self.films.head(len(done))[NAMES])
        return done if same and held >= done["reason"].isna().sum() * math.prod(self.shape) else None


def _written(file: BinaryIO, result: Decoded) -> Decoded:
    if result.image is not None:
        file.write(result.image.data)
    return Decoded(None, result.facts, result.reason)


def table_of(films: pd.DataFrame, outcomes: list[Decoded]) -> pd.DataFrame:
    """Rows of films, with columns `DTYPES`."""
    facts = [outcome.facts or (None,) * len(FACTS) for outcome in outcomes]
    reasons = pd.Series([outcome.reason for outcome in outcomes], name="reason", dtype=object)
    table = films.reset_index(drop=True).join(reasons)
    return table.join(pd.DataFrame(facts, columns=list(FACTS), dtype=object)).astype(DTYPES)


def _write_header(file: BinaryIO, count: int, shape: tuple[int, ...]) -> None:
    """NumPy pads this header, so that its length does not change with the number of rows."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, header)
