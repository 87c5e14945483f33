"""The embeddings of a cohort's films; missing ones are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.embeddings.store import Embeddings
from bonerisk.imaging.lock import locked
from bonerisk.imaging.store import DIED
from bonerisk.models.films import (
    decode,
    film_hashes,
    folders_hash,
    input_hashes,
    refuse_copies,
    require_columns,
    transform_of,
    without_failures,
)
from bonerisk.models.frozen import Frozen
from bonerisk.parts import Transform
from bonerisk.runs.folder import Run
from bonerisk.runs.hashing import fingerprint

if TYPE_CHECKING:
    from torch import nn

BATCH = 64  # films at a time
UNREADABLE = "the file can't be opened"


@dataclass(frozen=True)
class Embedded:
    """Films that have an embedding, and the store that holds it.

    Parameters
    ----------
    cohort : Cohort
    store : Embeddings
    keys : mapping
        Each film's key in the store, by image_id (`bonerisk.models.films.input_hashes`).
    failures : DataFrame
        image_id, image_path, reason of the films without embedding.
    """

    cohort: Cohort
    store: Embeddings
    keys: Mapping[str, str | None]
    failures: pd.DataFrame

    @property
    def perceptual(self) -> pd.Series:
        """Perceptual hash (bytes) of each film by image_id."""
        names = self.cohort.table["image_id"]
        return self.store.facts(self.hashes(names))["perceptual"].set_axis(pd.Index(names))

    def of(self, table: pd.DataFrame) -> np.ndarray:
        """Embeddings (n, width) float32 of a table's films, in its order."""
        return self.store.read(self.hashes(table["image_id"]))

    def hashes(self, names: pd.Series) -> list[str]:
        """Keys of some films in the store (SHA-256)."""
        return [str(self.keys[name]) for name in names]


def embed_cohort(
    cohort: Cohort, frozen: Frozen, run: Run, data: Path, batch_size: int = BATCH, shard: str = ""
) -> Embedded:
    """The embeddings of a cohort's films; only films that the store lacks are encoded.

    The key covers the film's bytes, its values in the preprocessing's columns, the preprocessing, the encoder, its
    weights and their code. So an embedding is reused in any cohort, never across encoders.

    Parameters
    ----------
    shard : str
        Name of this part of the work; processes of one shard wait for each other.

    Raises
    ------
    ConfigError, DataError, RunError
        There are no films, none can be read, copies of a film lie in two splits, or the disk is full.
    """
    transform = transform_of(frozen.preprocessing)
    require_columns(transform, cohort.table)
    if transform.note:
        run.note(transform.note)
    sha256 = film_hashes(cohort, data)
    folders = folders_hash(frozen.preprocessing, data)
    keys = input_hashes(cohort.table, sha256, transform.columns, cohort.colour, folders)
    wanted = [key for key in keys.values() if key]
    folder = data / "embeddings" / frozen.digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{shard or 'all'}.lock", "another run is encoding the same films: waiting"):
        store = Embeddings.open(folder)
        missing = store.missing(wanted)
        if missing:
            _encode(cohort, keys, missing, frozen, transform, store, run, data, batch_size)
    run.reads("embeddings", folder, digest=fingerprint([frozen.digest, sorted(wanted)]))
    absent = set(store.missing(wanted))
    held = {name: key for name, key in keys.items() if key and key not in absent}
    facts = store.facts(list(held.values())).set_index(pd.Index(list(held)))
    failures = _failures(cohort, keys, facts["reason"])
    readable = without_failures(cohort, failures)
    refuse_copies(readable, sha256, facts["perceptual"], run)
    return Embedded(readable, store, keys, failures)


def _encode(
    cohort: Cohort,
    keys: Mapping[str, str | None],
    missing: Sequence[str],
    frozen: Frozen,
    transform: Transform,
    store: Embeddings,
    run: Run,
    data: Path,
    batch_size: int,
) -> None:
    """Add the embeddings of the missing films to the store, and the reasons of films that can have none."""
    from bonerisk.embeddings.extract import extract

    encoder = frozen.build()  # before the films, so that wrong weights or image shapes stop here
    found = decode(cohort, keys, frozen.preprocessing, transform, data)
    todo = set(missing)
    failed = found.images.failures
    failed = failed.assign(key=failed["image_id"].map(keys))
    lasting = failed["key"].isin(todo) & (failed["reason"] != DIED)  # with more memory it may be read
    failed = failed[lasting].drop_duplicates("key")
    if len(failed):
        nothing = np.zeros((len(failed), encoder.width), np.float32)
        store.append(list(failed["key"]), [None] * len(failed), list(failed["reason"]), nothing)
    index = found.images.index.assign(key=found.images.index["image_id"].map(keys))
    index = index[index["key"].isin(todo)].drop_duplicates("key").sort_values("key")
    rows = found.images.positions(index["image_id"])
    given = rows, list(index["key"]), list(index["perceptual"])
    run.record["device"] = extract(cast("nn.Module", encoder), found.images.images, *given, store, batch_size)


def _failures(cohort: Cohort, keys: Mapping[str, str | None], reason: pd.Series) -> pd.DataFrame:
    films = cohort.table[["image_id", "image_path"]]
    unread = films["image_id"].map(keys).isna()
    why = films["image_id"].map(reason).mask(~films["image_id"].isin(reason.index), DIED).mask(unread, UNREADABLE)
    return films.assign(reason=why)[why.notna()].reset_index(drop=True)
