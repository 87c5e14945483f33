"""SHA-256 of files (cached by path, size and time of change) and of configurations."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

CACHE_NAME = ".hashes.sqlite"


def fingerprint(value: Any) -> str:
    """SHA-256 (hex) of `value` as canonical JSON: what is equal hashes equal, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 (hex) of one file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_cached(paths: Iterable[Path], data: Path) -> dict[Path, str]:
    """SHA-256 of many files; one whose size and time of change stand in the cache under `data` is not read again.

    Raises
    ------
    OSError
        A file can't be read.
    """
    data.mkdir(parents=True, exist_ok=True)
    hashes = {}
    with closing(sqlite3.connect(data / CACHE_NAME, timeout=60)) as cache, cache:
        cache.execute("CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, size, mtime_ns, sha256)")
        for path in paths:
            key, status = str(path.resolve()), path.stat()
            row = cache.execute("SELECT size, mtime_ns, sha256 FROM hashes WHERE path = ?", (key,)).fetchone()
            if row is None or row[:2] != (status.st_size, status.st_mtime_ns):
                row = (status.st_size, status.st_mtime_ns, sha256(path))
                cache.execute("REPLACE INTO hashes VALUES (?, ?, ?, ?)", (key, *row))
            hashes[path] = row[2]
    return hashes


def sha256_of_code(*packages: ModuleType) -> str:
    """SHA-256 (hex) of the source files of packages: what they made is stale once their code has changed."""
    files = sorted(path for package in packages for root in package.__path__ for path in Path(root).glob("*.py"))
    return fingerprint([sha256(path) for path in files])
