"""SHA-256 of files (cached by path, size and time of change) and of configurations."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType

from bonerisk.errors import RunError
from bonerisk.progress import track

CACHE_NAME = ".hashes.sqlite"


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of `value` as canonical JSON: equal values have equal hashes, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 (hex) of one file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_cached(paths: Sequence[Path], data: Path) -> list[str | None]:
    """SHA-256 of many files, in their order; a file whose size and time of change are in the cache is not read again.

    A file that can't be read gives None. The cache lies under `data`; it is locked only for single rows, since several
    commands may hash at the same time.

    Raises
    ------
    RunError
        The cache can't be written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(data / CACHE_NAME, timeout=60)) as cache:
            with cache:
                cache.execute("CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, size, mtime_ns, sha256)")
            return [_one(cache, path) for path in track(paths, "hashing films")]
    except (OSError, sqlite3.Error) as error:
        mend = "free some space, or set paths.data to a folder that you can write to"
        raise RunError(f"the hashes of films can't be kept: {error}", str(data / CACHE_NAME), mend) from error


def _one(cache: sqlite3.Connection, path: Path) -> str | None:
    try:
        key, status = os.fsencode(path.resolve()).decode(errors="backslashreplace"), path.stat()  # SQLite wants UTF-8
        row = cache.execute("SELECT size, mtime_ns, sha256 FROM hashes WHERE path = ?", (key,)).fetchone()
        if row is not None and row[:2] == (status.st_size, status.st_mtime_ns):
            return row[2]
        digest = sha256(path)
    except OSError:
        return None
    with cache:
        cache.execute("REPLACE INTO hashes VALUES (?, ?, ?, ?)", (key, status.st_size, status.st_mtime_ns, digest))
    return digest


def sha256_of_code(*packages: ModuleType) -> str:
    """SHA-256 (hex) of all source files of packages: what they made is stale once their code has changed."""
    files = sorted(path for package in packages for root in package.__path__ for path in Path(root).rglob("*.py"))
    return fingerprint([sha256(path) for path in files])
