"""The index of a folder of DICOM films: their headers, kept so that only new and changed files are read again."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args, get_type_hints
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bonerisk.errors import DataError, RunError
from bonerisk.imaging.headers import Header, Refused, read_headers
from bonerisk.imaging.parallel import parallel_map
from bonerisk.progress import track

VERSION = b"3"  # of the results of `read_header`: raise it with every change there
CHUNK = 64  # files per task
KEEP_EVERY_S = 60.0  # so that a killed run loses little of what it has read

ARROW = {str: pa.string(), date: pa.date32(), float: pa.float64(), int: pa.int64()}
FILE = [("path", pa.binary()), ("size", pa.int64()), ("mtime_ns", pa.int64())]  # a path need not be valid UTF-8
FIELDS = [(name, ARROW[(get_args(hint) or (hint,))[0]]) for name, hint in get_type_hints(Header).items()]
SCHEMA = pa.schema([*FILE, ("kind", pa.string()), ("reason", pa.string()), *FIELDS])


@dataclass(frozen=True, eq=False)
class Index:
    """What a folder holds.

    Parameters
    ----------
    films : DataFrame
        One row per DICOM image, by path: path (relative to the folder, with "/"), and the fields of
        `headers.Header`; two files may have the same image_id. Bytes of a path that are no UTF-8 are escaped by
        PEP 383, so that Python can open it.
    refused : DataFrame
        file, reason: files that are damaged or can't be read, and symbolic links that leave the folder.
    counts : dict of int
        files, and among them films, refused, other (no DICOM image); read (new or changed); vanished.
    """

    films: pd.DataFrame
    refused: pd.DataFrame
    counts: dict[str, int]


class _File(NamedTuple):
    path: bytes  # relative to the folder
    size: int
    mtime_ns: int
    real: str  # where it lies, without symbolic links


def index(folder: Path, store: Path) -> Index:
    """The headers of all files below `folder`, except those whose name or folder begins with a dot.

    A file of the folder that is found only by a symbolic link is read, too; a link that leads out of the folder is
    refused.

    Parameters
    ----------
    folder : Path
    store : Path
        Parquet file of the index. Files whose size and time of change are still the same are not read again. If it is
        damaged, or of another version or folder, it is made anew.

    Raises
    ------
    DataError
        There is no such folder.
    RunError
        The store can't be written.
    """
    if not folder.is_dir():
        raise DataError("there is no such folder", str(folder), "give the folder that holds the DICOM files")
    root = os.path.realpath(folder)
    refused: list[tuple[str, str]] = []
    files = sorted(track(_walk(root, refused), "finding files"))
    known = _load(store, SCHEMA.with_metadata({b"version": VERSION, b"folder": os.fsencode(root)}))
    stored = list(zip(*(known[name].to_pylist() for name, _ in FILE), strict=True))
    kept = set(stored)
    fresh = [file for file in files if file[:3] not in kept]
    vanished = len({path for path, *_ in stored} - {file.path for file in files})
    table = _merge(known, _read(fresh, known, store), files)
    if fresh or vanished:
        _save(table, store)
    counts = {"files": len(files) + len(refused), "read": len(fresh), "vanished": vanished}
    return _index(table, refused, counts)


def _walk(root: str, refused: list[tuple[str, str]]) -> Iterator[_File]:
    """Files below `root`; symbolic links are followed last, when most of their targets are known."""
    inside = root.rstrip(os.sep) + os.sep
    seen: set[str] = set()
    links = [("", root)]
    while links:
        batch, links = sorted(links), []
        for path, link in batch:
            try:
                target = os.path.realpath(link, strict=True)
            except OSError as error:
                refused.append((path, f"the symbolic link leads nowhere: {error.strerror}"))
                continue
            if target == root or target.startswith(inside):
                yield from _below(path, target, seen, links, refused)
            else:
                refused.append((path, "the symbolic link leads out of the folder"))


def _below(
    path: str, real: str, seen: set[str], links: list[tuple[str, str]], refused: list[tuple[str, str]]
) -> Iterator[_File]:
    """A file, or those of a folder and its folders, that are not `seen`; symbolic links are put into `links`."""
    waiting = [(path, real)]
    while waiting:
        path, real = waiting.pop()
        if real in seen:
            continue
        seen.add(real)
        try:
            status = Path(real).stat()
            if not stat.S_ISDIR(status.st_mode):
                yield _File(os.fsencode(path), status.st_size, status.st_mtime_ns, real)
                continue
            with os.scandir(real) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        kind = links if entry.is_symlink() else waiting
                        kind.append((f"{path}/{entry.name}" if path else entry.name, entry.path))
        except OSError as error:
            refused.append((path, f"it can't be read: {error.strerror}"))


def _load(store: Path, schema: pa.Schema) -> pa.Table:
    """The table in the store, empty if it can't be trusted."""
    try:
        with pq.ParquetFile(store, page_checksum_verification=True) as file:
            table = file.read()
    except (OSError, pa.ArrowException):
        return schema.empty_table()
    return table if table.schema.equals(schema, check_metadata=True) else schema.empty_table()


def _read(files: Sequence[_File], known: pa.Table, store: Path) -> pa.Table:
    """Rows of `files`, in their order; from time to time they are saved together with the `known` ones."""
    chunks = [[file.real for file in files[start : start + CHUNK]] for start in range(0, len(files), CHUNK)]
    rows: list[tuple[object, ...]] = []
    due = time.monotonic() + KEEP_EVERY_S
    # Closed at once on Ctrl-C: left to itself, the pool would first read every file that still waits.
    with closing(parallel_map(read_headers, chunks, died=_died)) as results:
        headers = track((header for chunk in results for header in chunk), "reading headers", len(files))
        for file, header in zip(files, headers, strict=True):
            rows.append((*file[:3], *_outcome(header)))
            if time.monotonic() > due:
                _save(_merge(known, _table(rows, known.schema), files[: len(rows)]), store)
                due = time.monotonic() + KEEP_EVERY_S
    return _table(rows, known.schema)


def _died(chunk: Sequence[str]) -> list[Header | Refused]:
    return [Refused("the process that read its header was killed: memory ran out", "unread")] * len(chunk)


def _outcome(header: Header | Refused) -> tuple[object, ...]:
    return (
        (header.kind, header.reason, *[None] * len(FIELDS)) if isinstance(header, Refused) else ("film", None, *header)
    )


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(list(column), kind) for column, kind in zip(columns, schema.types, strict=True)], schema)


def _merge(known: pa.Table, fresh: pa.Table, files: Iterable[_File]) -> pa.Table:
    """A row for each of `files`, `fresh` where there is one, else `known`."""
    table = pa.concat_tables([known, fresh])
    row = {path: number for number, path in enumerate(table["path"].to_pylist())}
    return table.take(pa.array([row[file.path] for file in files], pa.int64()))


def _save(table: pa.Table, store: Path) -> None:
    """Write to a temporary name: crashes and concurrent writers cannot corrupt the store."""
    unfinished = store.with_name(f".{store.name}-{uuid4().hex}")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        try:
            pq.write_table(table.filter(pc.not_equal(table["kind"], "unread")), unfinished, write_page_checksum=True)
            unfinished.replace(store)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        mend = "free some space, or set paths.data to a folder that you can write to"
        raise RunError(f"the films' index can't be written: {error.strerror or error}", str(store), mend) from error


def _index(table: pa.Table, links: list[tuple[str, str]], counts: dict[str, int]) -> Index:
    kind = table["kind"]
    films = _frame(table.filter(pc.equal(kind, "film")), ["path", *Header._fields])
    films = films.astype({"film_date": "datetime64[ns]", "birth_date": "datetime64[ns]"})
    bad = _frame(table.filter(pc.is_in(kind, pa.array(["damaged", "unread"]))), ["path", "reason"])
    refused = pd.concat([bad.set_axis(["file", "reason"], axis=1), pd.DataFrame(links, columns=["file", "reason"])])
    other = table.num_rows - len(films) - len(bad)
    counts = {"films": len(films), "refused": len(refused), "other": other, **counts}
    return Index(films, refused.sort_values("file", ignore_index=True), counts)


def _frame(table: pa.Table, columns: list[str]) -> pd.DataFrame:
    frame = table.select(columns).replace_schema_metadata().to_pandas(date_as_object=False)
    return frame.assign(path=frame["path"].map(os.fsdecode).astype(object))
