"""From a cohort of films to their embeddings, made where they are not there yet."""

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
from bonerisk.models.films import decode, hashed, refuse_copies, without_failures
from bonerisk.models.frozen import Frozen
from bonerisk.runs.folder import Run
from bonerisk.runs.hashing import fingerprint

if TYPE_CHECKING:
    from torch import nn

BATCH = 64  # films at a time
UNREADABLE = "the file can't be opened"


@dataclass(frozen=True)
class Embedded:
    """A cohort of films that have an embedding, and where it lies.

    Parameters
    ----------
    cohort : Cohort
    store : Embeddings
    sha256 : mapping
        Of each film by image_id.
    failures : DataFrame
        image_id, image_path, reason of the films that have none.
    """

    cohort: Cohort
    store: Embeddings
    sha256: Mapping[str, str | None]
    failures: pd.DataFrame

    def of(self, table: pd.DataFrame) -> np.ndarray:
        """Embeddings (n, width) float32 of a table's films, in its order."""
        return self.store.read(self.hashes(table["image_id"]))

    def hashes(self, names: pd.Series) -> list[str]:
        """SHA-256 of some films."""
        return [str(self.sha256[name]) for name in names]


def embedded(
    cohort: Cohort, frozen: Frozen, run: Run, data: Path, batch_size: int = BATCH, shard: str = ""
) -> Embedded:
    """The embeddings of a cohort's films: films are read, decoded and encoded only if they never were.

    They are kept by what decides them: the film's bytes, the preprocessing, the encoder with its weights, and the code
    of these. So they are found again whatever cohort a film is in, and those of another encoder never are.

    Parameters
    ----------
    shard : str
        Which part of the work this is: processes with the same wait for each other.

    Raises
    ------
    ConfigError, DataError, RunError
        No films, none that can be read, copies of a film in two splits, or no room on the disk.
    """
    sha256 = hashed(cohort, data)
    wanted = [digest for digest in sha256.values() if digest]
    folder = data / "embeddings" / frozen.digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{shard or 'all'}.lock", "another run is encoding the same films: waiting"):
        store = Embeddings.open(folder)
        missing = store.missing(wanted)
        if missing:
            _encode(cohort, sha256, missing, frozen, store, run, data, batch_size)
    run.reads("embeddings", folder, digest=fingerprint([frozen.digest, sorted(wanted)]))
    absent = set(store.missing(wanted))
    held = {name: digest for name, digest in sha256.items() if digest and digest not in absent}
    facts = store.facts(list(held.values())).set_index(pd.Index(list(held)))
    failures = _failures(cohort, sha256, facts["reason"])
    readable = without_failures(cohort, failures)
    refuse_copies(readable, sha256, facts["perceptual"], run)
    return Embedded(readable, store, sha256, failures)


def _encode(
    cohort: Cohort,
    sha256: Mapping[str, str | None],
    missing: Sequence[str],
    frozen: Frozen,
    store: Embeddings,
    run: Run,
    data: Path,
    batch_size: int,
) -> None:
    """Add the embeddings of the missing films to the store, and why some can have none."""
    from bonerisk.embeddings.extract import extract

    encoder = frozen.build()  # before the films: weights that don't fit stop here
    found = decode(cohort, sha256, frozen.preprocessing, data)
    if found.note:
        run.note(found.note)
    todo = set(missing)
    failed = found.images.failures
    failed = failed.assign(sha256=failed["image_id"].map(sha256))
    lasting = failed["sha256"].isin(todo) & (failed["reason"] != DIED)  # with more memory it may be read
    failed = failed[lasting].drop_duplicates("sha256")
    if len(failed):
        nothing = np.zeros((len(failed), encoder.width), np.float32)
        store.append(list(failed["sha256"]), [None] * len(failed), list(failed["reason"]), nothing)
    index = found.images.index.assign(sha256=found.images.index["image_id"].map(sha256))
    index = index[index["sha256"].isin(todo)].drop_duplicates("sha256").sort_values("sha256")
    rows = found.images.rows.loc[index["image_id"]].to_numpy()
    given = rows, list(index["sha256"]), list(index["perceptual"])
    run.record["device"] = extract(cast("nn.Module", encoder), found.images.images, *given, store, batch_size)


def _failures(cohort: Cohort, sha256: Mapping[str, str | None], reason: pd.Series) -> pd.DataFrame:
    films = cohort.table[["image_id", "image_path"]]
    unread = films["image_id"].map(sha256).isna()
    why = films["image_id"].map(reason).mask(~films["image_id"].isin(reason.index), DIED).mask(unread, UNREADABLE)
    return films.assign(reason=why)[why.notna()].reset_index(drop=True)
