"""The store of decoded images: each film is read and preprocessed once; later epochs map one array from disk."""

from __future__ import annotations

import json
import logging
import math
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.errors import DataError, RowsRefusedError, RunError
from bonerisk.imaging.decode import FACTS, Decoded, Decoder, Source
from bonerisk.imaging.film import Colour, Film
from bonerisk.imaging.lock import locked
from bonerisk.imaging.parallel import apart, parallel_map
from bonerisk.imaging.unfinished import IMAGES, Unfinished, table_of
from bonerisk.progress import track
from bonerisk.runs.hashing import sha256

INDEX, FAILURES = "index.parquet", "failures.parquet"
HASHES = "hashes.json"  # SHA-256 of both
WAITING = "another run is reading the same films: waiting"
DELETE = "delete the folder and run again"
MAKE_ROOM = "free space there, or choose another folder with paths.data; films read so far are not read again"
DIED = "the process that read the film was killed: its decoder crashed, or memory ran out"
MOST_REASONS = 5  # in an error
SPARE_BYTES = 64 * 2**20  # of the disk, for the tables

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Store:
    """Preprocessed images on disk.

    Parameters
    ----------
    folder : Path
    images : np.memmap, uint8, shape (n, h, w) or (n, k, h, w)
        Read-only; one image for each film that could be used.
    index : DataFrame
        One row for each image, in their order: image_id and image_path; of the film in its file height_px, width_px,
        bits, row_spacing_mm and column_spacing_mm (missing if unknown), perceptual (bytes; copies of an image have
        similar ones), and crc32 of the image.
    failures : DataFrame
        image_id, image_path and reason of the films that could not be used.
    """

    folder: Path
    images: np.ndarray
    index: pd.DataFrame
    failures: pd.DataFrame

    @cached_property
    def rows(self) -> pd.Series:
        """Row in `images` by image_id."""
        return pd.Series(np.arange(len(self.index)), index=self.index["image_id"], name="row")

    def positions(self, image_ids: Iterable[str]) -> np.ndarray:
        """Rows (m,) int64 in `images` of some films, in their order, whose images are as they were written.

        An image is read and compared with its checksum when it is first asked for; later ones cost nothing.

        Raises
        ------
        RunError
            An image has changed since.
        """
        found = self.rows.loc[list(image_ids)].to_numpy()
        crc32 = self.index["crc32"].to_numpy()
        for row in np.unique(found[~self._verified[found]]):
            if zlib.crc32(self.images[row].tobytes()) != crc32[row]:
                what = f"the image of film {self.index['image_id'][row]} has changed since it was written"
                raise RunError(what, str(self.folder), DELETE)
            self._verified[row] = True
        return found

    @cached_property
    def _verified(self) -> np.ndarray:
        return np.zeros(len(self.index), bool)


def build(
    folder: Path,
    films: pd.DataFrame,
    transform: Callable[[Film], np.ndarray],
    shape: tuple[int, ...],
    columns: Sequence[str] = (),
    colour: Colour = "refuse",
) -> Store:
    """Open the store in `folder`; read the films first if it does not exist yet.

    The folder gets its name only when it is complete. The caller chooses the name, which must change with everything
    that changes the images: the films, their values in `columns`, and `transform`. A build that was killed continues
    where it stopped. If several processes want the same store, one builds it and the others wait.

    Parameters
    ----------
    folder : Path
    films : DataFrame
        image_id, image_path, and `columns`.
    transform : callable
        A preprocessing: from a film to a uint8 array of `shape`. It is pickled. If it raises a DataError for a film,
        the film is listed in the failures.
    shape : tuple of int
        Shape of each image: (h, w) or (k, h, w), in pixels.
    columns : sequence of str
        Columns of `films` whose values each film brings in `Film.row`.
    colour : {"refuse", "luminance"}
        As `bonerisk.imaging.read.read` takes it.

    Raises
    ------
    DataError
        `films` is empty, has an image_id twice, or none of its films could be used; then it is a `RowsRefusedError`
        with the failures.
    RunError
        The folder cannot be written, the disk is full, or the store in it holds other films.
    ValueError
        The transform gave an image of another shape or dtype, which is a bug.
    """
    _check(films)
    decoder = Decoder(transform, shape, colour)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_name(f".{folder.name}.lock")
        if not folder.exists():
            with locked(lock, WAITING):
                if not folder.exists():
                    _write(folder, films, decoder, columns)
            return _open(folder, films, shape)
        found = _open(folder, films, shape)
        if (found.failures["reason"] != DIED).all():
            return found
        with locked(lock, WAITING):
            return _read_again(_open(folder, films, shape), films, decoder, columns)
    except OSError as error:
        raise RunError(f"the images can't be written: {error.strerror}", str(folder), MAKE_ROOM) from error


def film_rows(films: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, object]]:
    """Values of each film in some columns, as `Film.row` has them: None where one is missing.

    >>> film_rows(pd.DataFrame({"spacing_mm": [0.2, float("nan")], "view": ["PA", None]}), ["spacing_mm", "view"])
    [{'spacing_mm': 0.2, 'view': 'PA'}, {'spacing_mm': None, 'view': None}]
    """
    asked = films[list(columns)].astype(object)
    values = asked.where(asked.notna(), None)
    return [dict(zip(columns, row, strict=True)) for _, *row in values.itertuples(name=None)]


def _check(films: pd.DataFrame) -> None:
    if films.empty:
        raise DataError("there is no film to read", mend="check the cohort's flow: a step dropped every film")
    twice = films.loc[films["image_id"].astype(str).duplicated(), "image_id"].unique()
    if len(twice):
        listed = ", ".join(map(str, twice[:5])) + (", …" if len(twice) > 5 else "")
        raise DataError(f"{len(twice)} image_id occur more than once: {listed}", mend="give each film its own image_id")


def _write(
    folder: Path,
    films: pd.DataFrame,
    decoder: Decoder,
    columns: Sequence[str],
) -> None:
    shape = decoder.shape
    named = films[["image_id", "image_path"]].astype(str).reset_index(drop=True)
    unfinished = Unfinished(folder.with_name(f".{folder.name}.unfinished"), named, shape)
    done = unfinished.done()
    if len(done):
        log.info(f"{len(done)} of {len(films)} films were read by a run that was stopped: continuing from there")
    rows = zip(named["image_path"], film_rows(films, columns), strict=True)
    sources = [Source(Path(path), row) for path, row in rows][len(done) :]
    _refuse_if_full(folder.parent, len(sources), shape)
    decoded = parallel_map(decoder, sources, died=_died)
    try:
        # Closed at once on Ctrl-C: otherwise the pool would first read all films in its queue.
        with closing(decoded) as results:
            outcomes = unfinished.append(track(results, "reading films", len(sources)), done)
        _write_tables(unfinished.folder, outcomes)
    except (OSError, RunError, MemoryError):  # the user mends it, and the next build continues
        raise
    except Exception:  # a bug, or no film can be used: the next build would meet it again
        shutil.rmtree(unfinished.folder, ignore_errors=True)
        raise
    unfinished.forget_parts()
    unfinished.folder.rename(folder)


def _refuse_if_full(folder: Path, films: int, shape: tuple[int, ...]) -> None:
    needed, free = films * math.prod(shape) + SPARE_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        space = f"need {needed / 2**30:.2f} GiB, the disk has {free / 2**30:.2f} GiB left"
        raise RunError(f"the images of {films} films {space}", str(folder), MAKE_ROOM)


def _died(source: Source) -> Decoded:
    return Decoded(reason=DIED)


def _write_tables(folder: Path, outcomes: pd.DataFrame) -> None:
    failed = outcomes["reason"].notna()
    failures = outcomes.loc[failed, ["image_id", "image_path", "reason"]]
    if failed.all():
        kinds = failures.groupby("reason", sort=False)["reason"].size().head(MOST_REASONS)
        listed = "\n".join(f"{reason} ({count})" for reason, count in kinds.items())
        what, first = f"none of the {len(failed)} films could be read:\n{listed}", failures["image_path"].iloc[0]
        raise RowsRefusedError(what, f"the first: {first}", rejected=failures)
    index = outcomes.loc[~failed, ["image_id", "image_path", *FACTS]].reset_index(drop=True)
    numbers = dict.fromkeys(("height_px", "width_px", "bits", "crc32"), "int64")
    index.astype(numbers).to_parquet(folder / INDEX, index=False)
    failures.to_parquet(folder / FAILURES, index=False)
    hashes = {name: sha256(folder / name) for name in (INDEX, FAILURES)}
    (folder / HASHES).write_text(json.dumps(hashes), encoding="utf-8")


def _read_again(store: Store, films: pd.DataFrame, decoder: Decoder, columns: Sequence[str]) -> Store:
    """The store with those films for which memory was short, as far as it suffices now; they come last."""
    died = store.failures.loc[store.failures["reason"] == DIED, "image_id"]
    again = films[films["image_id"].astype(str).isin(died)].reset_index(drop=True)
    log.info(f"{len(again)} films whose reading was killed before are read again")
    rows = zip(again["image_path"], film_rows(again, columns), strict=True)
    with closing(apart(decoder, [Source(Path(path), row) for path, row in rows], died=_died)) as results:
        decoded = list(results)
    if not any(of.image is not None for of in decoded):
        return store
    named = again[["image_id", "image_path"]].astype(str)
    outcomes = pd.concat(
        [store.index, store.failures[~store.failures["image_id"].isin(died)], table_of(named, decoded)]
    )
    new = store.folder.with_name(f".{store.folder.name}.{secrets.token_hex(4)}")
    new.mkdir()
    images = [store.images, *(of.image[None] for of in decoded if of.image is not None)]
    np.save(new / IMAGES, np.concatenate(images))
    _write_tables(new, outcomes)
    old = store.folder.rename(new.with_name(f"{new.name}.old"))
    new.rename(store.folder)
    shutil.rmtree(old)
    return _read(store.folder)


def verify(folder: Path) -> None:
    """Refuse a store whose tables or images are not as they were written.

    Raises
    ------
    RunError
    """
    found = _read(folder)
    found.positions(found.index["image_id"])


def _open(folder: Path, films: pd.DataFrame, shape: tuple[int, ...]) -> Store:
    found = _read(folder)
    known = set(found.index["image_id"]) | set(found.failures["image_id"])
    if known != set(films["image_id"].astype(str)) or found.images.shape != (len(found.index), *shape):
        raise RunError("the store holds other films, or images of another shape", str(folder), DELETE)
    return found


def _read(folder: Path) -> Store:
    try:
        for name, digest in json.loads((folder / HASHES).read_text(encoding="utf-8")).items():
            if sha256(folder / name) != digest:
                raise ValueError(f"{name} has changed since it was written")
        images = np.load(folder / IMAGES, mmap_mode="r")
        index, failures = pd.read_parquet(folder / INDEX), pd.read_parquet(folder / FAILURES)
    except (OSError, ValueError) as error:
        raise RunError(f"the store of images is damaged: {error}", str(folder), DELETE) from error
    return Store(folder, images, index, failures)
