"""A lock file that processes hold in turn; the system releases it when its holder dies."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock `path`, a file that is created here and removed again.

    Parameters
    ----------
    path : Path
        In an existing folder.
    waiting : str
        Logged once if another process holds it.

    Raises
    ------
    OSError
        The file can't be written, or its file system has no locks.
    """
    file = _taken(path, waiting)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: a waiting process finds it gone and makes a new one
        os.close(file)


def _taken(path: Path, waiting: str) -> int:
    import fcntl  # POSIX only

    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting:
                    log.info(waiting)
                waiting = ""
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, path):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
