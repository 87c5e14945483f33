"""Whether runs, the runs behind them and what they read are as they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bonerisk.errors import BoneriskError, RunError
from bonerisk.runs.find import StoredRun, load, verify
from bonerisk.runs.resumable import RESUMED

Check = Callable[[Path], None]


@dataclass(frozen=True)
class Verified:
    """What was found of one run.

    Attributes
    ----------
    folder : Path
    checked : int
        Files and stores that it wrote or read.
    faults : list of str
        One for each that is gone or has changed, and for a record that can't be read.
    """

    folder: Path
    checked: int
    faults: list[str]


def verified(run: StoredRun, stores: Mapping[str, Check]) -> Iterator[Verified]:
    """A run and all runs behind it, the nearest first; nothing is read twice.

    Parameters
    ----------
    run : StoredRun
    stores : mapping
        How inputs that are folders are checked, by their kind; it raises what is wrong.
    """
    waiting, known = [run.folder.resolve()], set[Path]()
    while waiting:
        folder = waiting.pop(0)
        if folder in known:
            continue
        known.add(folder)
        try:
            found = load(folder)
        except RunError as error:
            yield Verified(folder, 0, [error.what])
            continue
        checks = {path: check for path, check in _checks(found, stores).items() if path not in known}
        known |= set(checks)
        yield Verified(folder, len(checks), [text for path, check in checks.items() for text in _fault(path, check)])
        waiting += [parent.resolve() for parent in found.parents]


def _checks(run: StoredRun, stores: Mapping[str, Check]) -> dict[Path, Check]:
    """How each file that a run wrote or read is checked, and each store; a checkpoint it went on from is gone since."""

    def equals(digest: str) -> Check:
        return lambda path: verify(path, digest)

    found = {(run.folder / name).resolve(): equals(digest) for name, digest in run.written.items()}
    for item in run.record["inputs"]:
        path = (run.folder / item["path"]).resolve()
        if item["kind"] != RESUMED:
            found.setdefault(path, stores.get(item["kind"]) or equals(item["sha256"]))
    return found


def _fault(path: Path, check: Check) -> list[str]:
    try:
        check(path)
    except BoneriskError as error:
        return [f"{error.what} ({error.where or path})"]
    return []
