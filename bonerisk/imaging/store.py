"""The store of decoded images: each film is read and preprocessed once, later epochs map one array from disk."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.errors import DataError, RunError
from bonerisk.imaging.decode import FACTS, Decoded, Decoder
from bonerisk.imaging.film import Film
from bonerisk.imaging.lock import locked
from bonerisk.imaging.parallel import parallel_map
from bonerisk.imaging.unfinished import IMAGES, Unfinished
from bonerisk.progress import track

INDEX, FAILURES = "index.parquet", "failures.parquet"
DELETE = "delete the folder and run again"
MAKE_ROOM = "free space there, or choose another folder with paths.data; films read so far are not read again"
DIED = "the process that read the film was killed: its decoder crashed, or memory ran out"
SPARE_BYTES = 64 * 2**20  # left free on the disk, for the tables

log = logging.getLogger(__name__)


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
        width_px, bits, row_spacing_mm, column_spacing_mm (empty where unknown), perceptual (bytes, by which copies of
        an image are found).
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
    whatever changes the images (the films, `transform`). A build that was killed is taken up where it stopped, and of
    several processes that want the same store one builds it while the others wait.

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
            folder.parent.mkdir(parents=True, exist_ok=True)
            with locked(folder.with_name(f".{folder.name}.lock"), "another run is reading the same films: waiting"):
                if not folder.exists():
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
    named = films[["image_id", "image_path"]].astype(str).reset_index(drop=True)
    unfinished = Unfinished(folder.with_name(f".{folder.name}.unfinished"), named, shape)
    done = unfinished.done()
    if len(done):
        log.info(f"{len(done)} of {len(films)} films were read by a run that was stopped: going on from there")
    paths = [Path(path) for path in named["image_path"][len(done) :]]
    _refuse_if_full(folder.parent, len(paths), shape)
    decoded = parallel_map(Decoder(transform, shape), paths, died=_died)
    try:
        # Closed at once on Ctrl-C: left to itself, the pool would first read every film that still waits.
        with closing(decoded) as results:
            outcomes = unfinished.append(track(results, "reading films", len(paths)), done)
        _write_tables(unfinished.folder, outcomes)
    except (OSError, RunError, MemoryError):  # mended by the user, after which it goes on
        raise
    except Exception:  # a bug, or no film can be read: the same would come again
        shutil.rmtree(unfinished.folder, ignore_errors=True)
        raise
    unfinished.forget_parts()
    unfinished.folder.rename(folder)


def _refuse_if_full(folder: Path, films: int, shape: tuple[int, int]) -> None:
    needed, free = films * shape[0] * shape[1] + SPARE_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        space = f"need {needed / 2**30:.2f} GiB, the disk has {free / 2**30:.2f} GiB left"
        raise RunError(f"the images of {films} films {space}", str(folder), MAKE_ROOM)


def _died(path: Path) -> Decoded:
    return Decoded(reason=DIED)


def _write_tables(folder: Path, outcomes: pd.DataFrame) -> None:
    failed = outcomes["reason"].notna()
    failures = outcomes.loc[failed, ["image_id", "image_path", "reason"]]
    if failed.all():
        first = failures.iloc[0]
        raise DataError(f"none of the {len(failed)} films could be read; the first: {first.reason}", first.image_path)
    index = outcomes.loc[~failed, ["image_id", "image_path", *FACTS]].reset_index(drop=True)
    index.astype(dict.fromkeys(("height_px", "width_px", "bits"), "int64")).to_parquet(folder / INDEX, index=False)
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
