"""What stands in the place of a run where none is recorded: a model used from Python."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bonerisk.runs.folder import Run, stamp


class Unrecorded(Run):
    """A run without a record: nothing that it reads is hashed; files, which are rare, go to a temporary folder."""

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f"bonerisk-{stamp()}"
        super().__init__(folder, {"inputs": [], "outputs": [], "notes": []}, {})

    def reads(self, kind: str, path: Path, digest: str | None = None, parent: Path | None = None) -> Path:
        """The path alone."""
        return path

    @contextlib.contextmanager
    def writes(self, kind: str, name: str) -> Iterator[Path]:
        """As `Run.writes`; the folder is made now, and stays, since errors name files in it."""
        self.folder.mkdir(exist_ok=True)
        with super().writes(kind, name) as path:
            yield path

    def save(self) -> None:
        """Nothing: there is no record."""
