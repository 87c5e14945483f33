"""The store of embeddings: each film is encoded once, found by a hash, and mapped from disk.

A store is a folder of parts. A part is an uncompressed Arrow file with a row for each film; it is written once and
never changed. The caller chooses the folder's name, which must change with everything that changes all embeddings: the
encoder, its weights, the preprocessing. A film's hash is the SHA-256 of everything that decides its own embedding: its
bytes, or, if the preprocessing reads columns of the cohort, its bytes and its values in them.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bonerisk.errors import RunError
from bonerisk.progress import track
from bonerisk.runs.folder import replacing

Array = np.ndarray

HASH_BYTES = 32  # of a SHA-256
CHECKSUM = b"crc32"  # among the metadata of a part
GROUP_BYTES = 2**25  # of embeddings in a row group of `embeddings.parquet`; memory holds about four groups
MAKE_ROOM = "free some space there and run again; what is written so far is not computed again"
DELETE = "delete it and run again: only its films are computed again"

_HASH, _KEY = pa.binary(HASH_BYTES), f"S{HASH_BYTES}"  # in the order of the hex digits


@dataclass
class Embeddings:
    """Embeddings on disk; several processes may read and append at once.

    Use `open`. Each call sees what other processes have appended before.

    Parameters
    ----------
    folder : Path
        It appears with the first part; if it does not exist, the store is empty.

    Attributes
    ----------
    width : int or None
        Numbers in an embedding; None while the store is empty.
    """

    folder: Path
    width: int | None = None
    _parts: dict[str, pa.RecordBatch] = field(default_factory=dict, repr=False)
    _verified: set[str] = field(default_factory=set, repr=False)
    _index: tuple[Array, Array] | None = field(default=None, repr=False)

    @classmethod
    def open(cls, folder: Path) -> Embeddings:
        """Open the store in `folder`; only the hashes of its films are read.

        Raises
        ------
        RunError
            A part is damaged, or its embeddings have another width than those of the others.
        """
        store = cls(folder)
        store._look()
        return store

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """The `hashes` (SHA-256 of films, hex) that the store does not hold: sorted, each once."""
        wanted = np.unique(_binary(hashes))
        found, _ = self._find(wanted)
        absent = wanted[~found].tobytes().hex()
        return [absent[start : start + 2 * HASH_BYTES] for start in range(0, len(absent), 2 * HASH_BYTES)]

    def append(
        self,
        hashes: Sequence[str],
        perceptual: Sequence[bytes | None],
        reasons: Sequence[str | None],
        embeddings: Array,
    ) -> None:
        """Write one part. Either all of its films are in the store afterwards, or none.

        Parameters
        ----------
        hashes : sequence of str, length n
            SHA-256 of each film, hex.
        perceptual : sequence of bytes or None, length n
            Copies of an image have similar ones; None if the film could not be read.
        reasons : sequence of str or None, length n
            Why a film has no embedding; None if it has one.
        embeddings : ndarray of shape (n, width), float32
            Any finite values for a film with a reason.

        Raises
        ------
        RunError
            The width is not the store's, or the part cannot be written.
        """
        self._look()
        width = embeddings.shape[1]
        if self.width not in (None, width):
            what = f"the store holds embeddings of {self.width} numbers, these have {width}"
            raise RunError(what, str(self.folder), "give each encoder a store of its own")
        keys = _binary(hashes)
        columns = [
            pa.FixedSizeBinaryArray.from_buffers(_HASH, len(keys), [None, pa.py_buffer(keys)]),
            pa.array(perceptual, pa.binary()),
            pa.array(reasons, pa.string()),
            pa.FixedSizeListArray.from_arrays(pa.array(embeddings.astype(np.float32).ravel()), width),
        ]
        part = pa.record_batch(columns, schema=_schema(width))
        part = part.replace_schema_metadata({CHECKSUM: _checksum(part)})
        # Named by its films: a process that computes the same films at the same time replaces the part by an equal one.
        path = self.folder / f"part-{hashlib.sha256(keys.tobytes()).hexdigest()[:32]}.arrow"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary, temporary.open("wb") as file:
                with pa.ipc.new_file(file, part.schema) as writer:
                    writer.write_batch(part)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            what = f"the embeddings can't be written: {error.strerror or error}"
            raise RunError(what, str(self.folder), MAKE_ROOM) from error

    def read(self, hashes: Sequence[str]) -> Array:
        """Embeddings (n, width) float32 of films, in the order of `hashes`; they are all the memory that it needs.

        Raises
        ------
        RunError
            The store does not hold a film, or holds no embedding of it.
        """
        where = self._where(hashes)
        out = np.empty((len(where), self.width or 0), np.float32)
        for part, rows, positions in self._visit(where):
            reasons = part.column("reason").take(rows)
            if reasons.null_count < len(rows):
                at = reasons.is_valid().index(True).as_py()
                what, mend = f"a film has no embedding: {reasons[at]}", "leave out films whose `facts` give a reason"
                raise RunError(what, f"{self.folder}, film {hashes[positions[at]]}", mend)
            out[positions] = part.column("embedding").values.to_numpy().reshape(part.num_rows, -1)[rows]
        return out

    def verify(self) -> None:
        """Refuse parts that are not as they were written.

        Raises
        ------
        RunError
        """
        for name in self._parts:
            self._verify(name)

    def facts(self, hashes: Sequence[str]) -> pd.DataFrame:
        """The columns perceptual and reason of films, in the order of `hashes`.

        Raises
        ------
        RunError
            The store does not hold a film.
        """
        where = self._where(hashes)
        facts = {name: np.empty(len(where), object) for name in ("perceptual", "reason")}
        for part, rows, positions in self._visit(where):
            for name, values in facts.items():
                values[positions] = part.column(name).take(rows).to_numpy(zero_copy_only=False)
        return pd.DataFrame(facts)

    def write_parquet(self, table: pd.DataFrame, path: Path) -> None:
        """Write `embeddings.parquet`: image_id, patient_id and embedding, sorted by image_id.

        Its bytes depend on the films and their embeddings alone, not on the order of the table or on the parts. Memory
        holds a few row groups of 32 MiB, for any number of films.

        Parameters
        ----------
        table : DataFrame
            image_id (each once), patient_id, and sha256, the film's hash in hex; copies may share one.
        path : Path

        Raises
        ------
        RunError
            The store does not hold a film or its embedding, or the file cannot be written.
        """
        order = table["image_id"].astype(str).to_numpy().argsort(kind="stable")
        width = self.width or 0
        size = max(GROUP_BYTES // (4 * max(width, 1)), 1)
        schema = pa.schema(
            {"image_id": pa.string(), "patient_id": pa.string(), "embedding": pa.list_(pa.float32(), width)}
        )
        try:
            with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
                for start in track(range(0, len(table), size), f"writing embeddings, {size} films at a time"):
                    films = table.iloc[order[start : start + size]]
                    values = pa.array(self.read(list(films["sha256"])).ravel())
                    names = [pa.array(films[name].astype(str), pa.string()) for name in ("image_id", "patient_id")]
                    writer.write_batch(
                        pa.record_batch([*names, pa.FixedSizeListArray.from_arrays(values, width)], schema=schema),
                        row_group_size=size,
                    )
        except OSError as error:
            what = f"the embeddings can't be written: {error.strerror or error}"
            raise RunError(what, str(path), MAKE_ROOM) from error

    def _look(self) -> None:
        """Map the parts that are new since the last call."""
        for path in sorted(self.folder.glob("part-*.arrow")):
            if path.name not in self._parts:
                part = _mapped(path)
                width = part.schema.field("embedding").type.list_size
                if self.width not in (None, width):
                    what = f"a part holds embeddings of {width} numbers, another of {self.width}"
                    raise RunError(what, str(path), DELETE)
                self._parts[path.name], self.width, self._index = part, width, None

    def _sorted(self) -> tuple[Array, Array]:
        """Keys of all films, sorted, and their rows, counted over all parts."""
        self._look()
        if self._index is None:
            keys = np.concatenate([np.empty(0, _KEY), *map(_keys, self._parts.values())])
            order = keys.argsort(kind="stable")
            self._index = keys[order], order
        return self._index

    def _find(self, wanted: Array) -> tuple[Array, Array]:
        """Which keys are held (n,), and the rows of those that are, counted over all parts."""
        held, rows = self._sorted()
        places = np.searchsorted(held, wanted)
        found = places < len(held)
        found[found] = held[places[found]] == wanted[found]
        return found, rows[places[found]]

    def _where(self, hashes: Sequence[str]) -> Array:
        """Row (n,) of each film, counted over all parts."""
        found, rows = self._find(_binary(hashes))
        if not found.all():
            first = hashes[int(found.argmin())]
            what = f"{(~found).sum()} of {len(found)} films have no embedding; the first: {first}"
            raise RunError(what, str(self.folder), "run `bonerisk extract model=… dataset=…` for these films")
        return rows

    def _visit(self, where: Array) -> Iterator[tuple[pa.RecordBatch, Array, Array]]:
        """Yield each part that holds one of the films, the rows in it, and their positions in `where`."""
        ends = np.cumsum([part.num_rows for part in self._parts.values()])
        order = where.argsort(kind="stable")
        cuts = np.searchsorted(where[order], ends)
        parts = zip(self._parts.items(), ends, [0, *cuts][:-1], cuts, strict=True)
        for (name, part), end, first, last in parts:
            if first < last:
                positions = order[first:last]
                self._verify(name)
                yield part, where[positions] - (end - part.num_rows), positions

    def _verify(self, name: str) -> None:
        """Compare a part with its checksum when it is first read."""
        if name in self._verified:
            return
        part = self._parts[name]
        if (part.schema.metadata or {}).get(CHECKSUM) != _checksum(part):
            what = "a part of the embeddings is damaged: it has changed since it was written"
            raise RunError(what, str(self.folder / name), DELETE)
        self._verified.add(name)


def _checksum(part: pa.RecordBatch) -> bytes:
    """CRC-32 of all values of a part."""
    found = 0
    for column in part.columns:
        for buffer in column.buffers():
            found = zlib.crc32(buffer or b"", found)
    return b"%08x" % found


def _schema(width: int) -> pa.Schema:
    return pa.schema(
        {
            "sha256": _HASH,
            "perceptual": pa.binary(),
            "reason": pa.string(),
            "embedding": pa.list_(pa.float32(), width),
        }
    )


def _mapped(path: Path) -> pa.RecordBatch:
    """Map a part without reading it; its file is closed, because a process may open only about a thousand."""
    try:
        with pa.memory_map(str(path)) as file:
            part = pa.ipc.open_file(file).get_batch(0)
        if part.schema == _schema(part.schema.field("embedding").type.list_size):
            return part
        reason = "it has other columns"
    except (OSError, ValueError, KeyError, AttributeError) as error:
        reason = str(error)
    raise RunError(f"a part of the embeddings is damaged: {reason}", str(path), DELETE)


def _keys(part: pa.RecordBatch) -> Array:
    return np.frombuffer(part.column("sha256").buffers()[1], _KEY, part.num_rows)


def _binary(hashes: Sequence[str]) -> Array:
    return np.frombuffer(bytes.fromhex("".join(hashes)), _KEY)
