"""SHA-256 of files (cached by path, size, inode and times of change) and of configurations."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType

from bonerisk.documents import regular
from bonerisk.errors import DataError, RunError
from bonerisk.progress import track

CACHE_NAME = ".hashes.sqlite"


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of `value` as canonical JSON: equal values have equal hashes, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 (hex) of one file's bytes."""
    with regular(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_cached(paths: Sequence[Path], data: Path) -> list[str | None]:
    """SHA-256 (hex) of many files, in their order; a file that the cache knows as it is now is not read again.

    It is known by its size, inode, and times of change of content and of inode. The last can't be set, so that a file
    that was exchanged for one of equal size and time is read. A file that can't be read gives None. The cache lies
    under `data`; it is locked only for single rows, since several commands may hash at the same time. A damaged one is
    made anew.

    Raises
    ------
    RunError
        The cache can't be written.
    """
    path = data / CACHE_NAME
    try:
        data.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT, 0o600))  # it holds the names of films
        with closing(sqlite3.connect(path, timeout=60)) as cache:
            with cache:
                cache.execute("CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, facts TEXT, sha256 TEXT)")
            return [_one(cache, path) for path in track(paths, "hashing films")]
    except (OSError, sqlite3.OperationalError) as error:
        mend = "free some space, or set paths.data to a folder that you can write to"
        raise RunError(f"the hashes of films can't be kept: {error}", str(path), mend) from error
    except sqlite3.DatabaseError:  # damaged, or no cache of ours
        path.unlink()
        return sha256_cached(paths, data)


def _one(cache: sqlite3.Connection, path: Path) -> str | None:
    try:
        key, status = os.fsencode(path.resolve()).decode(errors="backslashreplace"), path.stat()  # SQLite wants UTF-8
        facts = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
        row = cache.execute("SELECT sha256 FROM files WHERE path = ? AND facts = ?", (key, facts)).fetchone()
        if row is not None:
            return row[0]
        digest = sha256(path)
    except (OSError, DataError):
        return None
    with cache:
        cache.execute("REPLACE INTO files VALUES (?, ?, ?)", (key, facts, digest))
    return digest


def sha256_of_code(*packages: ModuleType) -> str:
    """SHA-256 (hex) of all source files of packages: what they made is stale once their code has changed."""
    files = sorted(path for package in packages for root in package.__path__ for path in Path(root).rglob("*.py"))
    return fingerprint([sha256(path) for path in files])
