"""Find runs by path, timestamp or ``latest``, and check them against their records."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from bonerisk.documents import read_json, read_yaml
from bonerisk.errors import ConfigError, DataError, RunError
from bonerisk.runs.folder import CONFIG, RECORD, SCHEMA_VERSION, process_start
from bonerisk.runs.hashing import sha256
from bonerisk.runs.run_record import RunRecord

STATUSES = ("finished", "failed", "running", "killed", "elsewhere")
REPORTED = ("prepare", "extract", "train", "pseudolabel", "evaluate")  # subcommands whose runs a report reads

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredRun:
    """A run on disk.

    Attributes
    ----------
    folder : Path
    record : dict
        Content of ``run.json``.
    """

    folder: Path
    record: RunRecord

    @property
    def command(self) -> str:
        """The subcommand that made it."""
        return self.record["command"]

    @property
    def name(self) -> str:
        """Name of the model or dataset."""
        return self.record["name"]

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved configuration.

        Raises
        ------
        RunError
            It has changed since the run wrote it.
        """
        content: dict[str, Any] = read_yaml(self.path(CONFIG))
        return content

    @property
    def status(self) -> str:
        """``finished``, ``failed`` or ``running``; ``killed`` if its process is gone.

        ``elsewhere``: recorded as running on another host, which can't be checked from here.
        """
        process = self.record["process"]
        if self.record["status"] != "running":
            return self.record["status"]
        if process["host"] != socket.gethostname():
            return "elsewhere"
        started = process_start(process["pid"])
        alive = started == process["started"] if process["started"] else _exists(process["pid"])
        return "running" if alive else "killed"

    @property
    def ours(self) -> bool:
        """Whether this process makes it now."""
        process = self.record["process"]
        return self.status == "running" and process["pid"] == os.getpid()

    @property
    def state(self) -> str:
        """Its status in words, after "it": "has failed (no space left)", "is recorded as running on host node17"."""
        process, reason = self.record["process"], (self.record["error"] or "").partition("\n")[0]
        return {
            "finished": "is finished",
            "failed": f"has failed ({reason})" if reason else "has failed",
            "killed": "was killed",
            "running": f"is still running (process {process['pid']})",
            "elsewhere": f"is recorded as running on host {process['host']}",
        }[self.status]

    @property
    def parents(self) -> list[Path]:
        """Folders of the runs it read, each once."""
        return parents_of(self.folder, self.record)

    @cached_property
    def written(self) -> dict[str, str]:
        """SHA-256 of each artifact by its name, a path in the folder."""
        return {item["path"]: item["sha256"] for item in self.record["outputs"]}

    def names(self, pattern: str) -> list[str]:
        """Sorted names of artifacts that a pattern fits: ``figures/*.svg``."""
        return sorted(name for name in self.written if PurePosixPath("/", name).match(f"/{pattern}"))

    def path(self, name: str) -> Path:
        """An artifact, verified against the hash in the record when it is first asked for.

        Raises
        ------
        RunError
            The run wrote none of this name, or it is gone, or has changed since.
        """
        path = self.folder / name
        if name not in self.written:
            mend = "name a finished run" if self.status != "finished" else "do it again: an earlier version wrote it"
            raise RunError(f"the run has no {name} (status: {self.status})", str(self.folder), mend)
        if name not in self._verified:
            verify(path, self.written[name])
            self._verified.add(name)
        return path

    @cached_property
    def _verified(self) -> set[str]:
        return set()


def verify(path: Path, digest: str) -> None:
    """Refuse a file of a run that is not as the run wrote it.

    Raises
    ------
    RunError
        It is gone, can't be read, or has another SHA-256.
    """
    try:
        found = sha256(path)
    except OSError as error:
        what = f"{path.name} can't be read: {error.strerror}"
        raise RunError(what, str(path), "bring it back, or repeat the run") from error
    if found != digest:
        raise RunError(f"{path.name} has changed since the run wrote it", str(path), "bring it back, or repeat the run")


def parents_of(folder: Path, record: RunRecord) -> list[Path]:
    """Folders of the runs that a run has read, each once; `record` is what its ``run.json`` holds."""
    named = dict.fromkeys(item["parent"] for item in record["inputs"] if item["parent"])
    return [Path(os.path.normpath(folder / name)) for name in named]


def load(folder: Path) -> StoredRun:
    """Read a run folder's record.

    Raises
    ------
    RunError
        There is no record, or it is not one of this version.
    """
    path = folder / RECORD
    try:
        content = read_json(path)
    except (OSError, DataError) as error:
        raise RunError(
            f"can't read the run's record: {getattr(error, 'what', error)}",
            str(path),
            "name a folder that bonerisk made",
        ) from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        what = f"the record has schema version {version}, not {SCHEMA_VERSION}"
        raise RunError(what, str(path), "repeat the run with this version of bonerisk")
    return StoredRun(folder, content)


def find(
    text: str, outputs: Path, commands: Iterable[str], statuses: Iterable[str] = ("finished",), holding: str = RECORD
) -> StoredRun:
    """The run that `text` names: a path, the beginning of its timestamp, or ``latest``.

    The log says which run is taken for anything but a path, and warns of a newer one that ``latest`` passes over.

    Parameters
    ----------
    text : str
    outputs : Path
    commands : iterable of str
        Subcommands whose runs are searched.
    statuses : iterable of str
        What its status may be.
    holding : str
        A file that it must hold, unless it is named by its path.

    Raises
    ------
    ConfigError
        No run matches, or more than one.
    """
    commands, statuses = tuple(commands), tuple(statuses)
    if (Path(text) / RECORD).is_file():
        run = load(Path(text))
        if run.command not in commands or run.status not in statuses:
            what = f"it is a run of `{run.command}` that {run.state}"
            raise ConfigError(what, text, f"name a {' or '.join(statuses)} run of {' or '.join(commands)}")
        return run
    folders = [
        folder for command in commands for folder in outputs.glob(f"{command}/*/*") if (folder / holding).is_file()
    ]
    named = [folder for folder in folders if text == "latest" or folder.name.startswith(text)]
    known = sorted(_readable(named), key=lambda run: (run.record["started"], run.folder.stat().st_mtime))
    found = [run for run in known if run.status in statuses]
    if not found or (len(found) > 1 and text != "latest"):
        raise ConfigError(*_unfound(text, outputs, commands, statuses, found, known, holding))
    log.info("%s: %s", text, found[-1].folder)
    for newer in known[known.index(found[-1]) + 1 :]:
        if not newer.ours:
            log.warning("a newer run is not taken: %s %s", newer.folder, newer.state)
    return found[-1]


def _readable(folders: list[Path]) -> Iterator[StoredRun]:
    """Runs of this version, by timestamp; others are skipped."""
    for folder in sorted(folders, key=lambda folder: folder.name):
        with contextlib.suppress(RunError):
            yield load(folder)


def _unfound(
    text: str,
    outputs: Path,
    commands: tuple[str, ...],
    statuses: tuple[str, ...],
    found: list[StoredRun],
    known: list[StoredRun],
    holding: str,
) -> tuple[str, str, str]:
    where = ", ".join(f"{outputs / command}/" for command in commands)
    if found:
        return (
            f"{len(found)} runs have a timestamp that begins with {text!r}",
            where,
            "name one: " + ", ".join(run.folder.name for run in found[:5]),
        )
    newest = f"the newest, {known[-1].folder.name}, {known[-1].state}; " if known else ""
    if holding != RECORD:
        what = f"there is no run {text!r} that could be continued: none holds {holding}"
        return what, where, f"{newest}start anew"
    kind = "" if statuses == STATUSES else f"{' or '.join(statuses)} "
    mend = f"{newest}`bonerisk {commands[0]} …` makes one; RUN is a path, the beginning of a run's timestamp, or latest"
    return f"there is no {kind}run {text!r}", where, mend


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
