"""Whether runs, the runs behind them and what they read are as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bonerisk.errors import RunError
from bonerisk.runs.find import StoredRun, load, verify

UNCHECKED = ("images", "embeddings")  # folders, whose own checksums are verified when they are read


@dataclass(frozen=True)
class Verified:
    """What was found of one run.

    Attributes
    ----------
    folder : Path
    files : int
        Files that were read, those the run wrote and those it read.
    faults : list of str
        One for each file that is gone or has changed, and for an unreadable record.
    """

    folder: Path
    files: int
    faults: list[str]


def verified(run: StoredRun) -> Iterator[Verified]:
    """A run and all runs behind it, the nearest first, each once."""
    waiting, seen = [run.folder], set[Path]()
    while waiting:
        folder = waiting.pop(0)
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        try:
            found = load(folder)
        except RunError as error:
            yield Verified(folder, 0, [error.what])
            continue
        yield _one(found)
        waiting += found.parents


def _one(run: StoredRun) -> Verified:
    written = [(run.folder / name, digest) for name, digest in run.written.items()]
    read = [
        ((run.folder / item["path"]).resolve(), item["sha256"])
        for item in run.record["inputs"]
        if item["kind"] not in UNCHECKED and item["kind"] != "run"
    ]
    faults = []
    for path, digest in (*written, *read):
        try:
            verify(path, digest)
        except RunError as error:
            faults.append(f"{error.what}: {path}")
    return Verified(run.folder, len(written) + len(read), faults)
