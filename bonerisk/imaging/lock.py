"""A lock that processes take in turn, held by a file, and let go by the system when its holder dies."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock `path`, a file that is made here and taken away again.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    waiting : str
        What the log says, once, where another process holds it.

    Raises
    ------
    OSError
        The file can't be written, or its file system knows no locks.
    """
    file = _taken(path, waiting)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held, so that who waits for it finds it gone and makes a new one
        os.close(file)


def _taken(path: Path, waiting: str) -> int:
    import fcntl  # of POSIX alone

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
