"""The store of decoded images: each film is read and preprocessed once, later epochs map one array from disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from bonerisk.errors import DataError, RunError
from bonerisk.imaging.decode import Decoded, Decoder
from bonerisk.imaging.film import Film
from bonerisk.imaging.parallel import parallel_map
from bonerisk.progress import track

IMAGES, INDEX, FAILURES = "images.npy", "index.parquet", "failures.parquet"
FACTS = ["height_px", "width_px", "bits", "row_spacing_mm", "column_spacing_mm"]
DELETE = "delete the folder and run again"
MAKE_ROOM = "free space there, or choose another folder with paths.data"
SPARE_BYTES = 64 * 2**20  # left free on the disk, for the tables


@dataclass(frozen=True, eq=False)
class Store:
    """Preprocessed images on disk.

    Parameters
    ----------
    folder : Path
    images : np.memmap, uint8, shape (n, height, width)
        Read-only; one for each film that could be read.
    index : DataFrame
        A row an image, in their order: image_id, image_path, and of the film as it was in its file height_px,
        width_px, bits, row_spacing_mm, column_spacing_mm (empty where unknown).
    failures : DataFrame
        image_id, image_path, reason of the films that could not be read.
    """

    folder: Path
    images: np.ndarray
    index: pd.DataFrame
    failures: pd.DataFrame

    @cached_property
    def rows(self) -> pd.Series:
        """Row in `images` by image_id."""
        return pd.Series(np.arange(len(self.index)), index=self.index["image_id"], name="row")


def build(folder: Path, films: pd.DataFrame, transform: Callable[[Film], np.ndarray], shape: tuple[int, int]) -> Store:
    """Open the store in `folder`, reading the films first where it isn't there yet.

    The folder appears under its name only when it is complete. Its name is the caller's, and must change with
    whatever changes the images (the films, `transform`).

    Parameters
    ----------
    folder : Path
    films : DataFrame
        Columns image_id and image_path.
    transform : callable
        From a film to a uint8 array of `shape`, such as a preprocessing; must survive pickling. A film for which it
        raises a DataError counts as one that could not be read.
    shape : tuple of int
        Height and width of the images.

    Raises
    ------
    DataError
        An image_id stands twice in `films`, there are none, or none could be read.
    RunError
        The folder can't be written, the disk is full, or the store in it holds other films.
    """
    _check(films)
    if not folder.exists():
        try:
            _write(folder, films, transform, shape)
        except OSError as error:
            raise RunError(f"the images can't be written: {error.strerror}", str(folder), MAKE_ROOM) from error
    return _open(folder, films, shape)


def _check(films: pd.DataFrame) -> None:
    if films.empty:
        raise DataError("there is no film to read", mend="check the cohort's flow: a step dropped every film")
    twice = films.loc[films["image_id"].astype(str).duplicated(), "image_id"].unique()
    if len(twice):
        listed = ", ".join(map(str, twice[:5])) + (", …" if len(twice) > 5 else "")
        raise DataError(f"{len(twice)} image_id stand more than once: {listed}", mend="give each film its own image_id")


def _write(folder: Path, films: pd.DataFrame, transform: Callable[[Film], np.ndarray], shape: tuple[int, int]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    needed, free = len(films) * shape[0] * shape[1] + SPARE_BYTES, shutil.disk_usage(folder.parent).free
    if needed > free:
        space = f"need {needed / 2**30:.2f} GiB, the disk has {free / 2**30:.2f} GiB left"
        raise RunError(f"the images of {len(films)} films {space}", str(folder.parent), MAKE_ROOM)
    paths = [Path(path) for path in films["image_path"]]
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
        unfinished = Path(name) / "store"  # inside, because the folder that tempfile makes is closed to others
        unfinished.mkdir()
        decoded = parallel_map(Decoder(transform, shape), paths, died=_died)
        # Closed at once on Ctrl-C: left to itself, the pool would first read every film that still waits.
        with closing(decoded) as results, (unfinished / IMAGES).open("wb") as file:
            outcomes = list(_append(file, track(results, "reading films", len(paths)), shape))
        _write_tables(unfinished, films, outcomes)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process has finished the same store meanwhile
                raise


def _died(path: Path) -> Decoded:
    return Decoded(reason="the process that read the film was killed: its decoder crashed, or memory ran out")


def _append(file: BinaryIO, results: Iterator[Decoded], shape: tuple[int, int]) -> Iterator[Decoded]:
    """Write the images one after the other as a .npy file, and yield what else is known of each film."""
    count = 0
    _write_header(file, count, shape)
    for result in results:
        if result.image is not None:
            file.write(result.image.data)
            count += 1
        yield Decoded(None, result.facts, result.reason)
    file.seek(0)
    _write_header(file, count, shape)


def _write_header(file: BinaryIO, count: int, shape: tuple[int, int]) -> None:
    """NumPy pads this header so that its length doesn't change with the number of rows."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, header)


def _write_tables(folder: Path, films: pd.DataFrame, outcomes: list[Decoded]) -> None:
    reasons = pd.Series([outcome.reason for outcome in outcomes], dtype=object)
    failed = reasons.notna().to_numpy()
    named = films[["image_id", "image_path"]].astype(str).reset_index(drop=True)
    failures = named[failed].assign(reason=reasons[failed])
    if failed.all():
        first = failures.iloc[0]
        raise DataError(f"none of the {len(films)} films could be read; the first: {first.reason}", first.image_path)
    facts = pd.DataFrame([outcome.facts for outcome in outcomes if outcome.facts], columns=FACTS)
    facts = facts.astype({"row_spacing_mm": "Float64", "column_spacing_mm": "Float64"})
    index = named[~failed].reset_index(drop=True).join(facts)
    index.to_parquet(folder / INDEX, index=False)
    failures.to_parquet(folder / FAILURES, index=False)


def _open(folder: Path, films: pd.DataFrame, shape: tuple[int, int]) -> Store:
    try:
        images = np.load(folder / IMAGES, mmap_mode="r")
        index, failures = pd.read_parquet(folder / INDEX), pd.read_parquet(folder / FAILURES)
    except (OSError, ValueError) as error:
        raise RunError(f"the store of images is damaged: {error}", str(folder), DELETE) from error
    known = set(index["image_id"]) | set(failures["image_id"])
    if known != set(films["image_id"].astype(str)) or images.shape != (len(index), *shape):
        raise RunError("the store holds other films or sizes than asked for", str(folder), DELETE)
    return Store(folder, images, index, failures)
