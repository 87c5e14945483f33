"""Standard output and standard error as they are: of any encoding, full, or closed."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


def open_streams() -> None:
    """Let both escape what their encoding lacks; a closed standard output fails at its first line, as a full one does.

    A closed or full standard error loses its lines, rather than ending work that has lasted for hours.
    """
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stderr = _Lossy(sys.stderr)


def to_nowhere(stream: TextIO) -> None:
    """Let a stream that can't be written lose what it still holds, so that the end of the process does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Lossy:
    """A stream that loses lines where it would raise."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            to_nowhere(self._stream)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            to_nowhere(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
