"""Find runs by path, timestamp or ``latest``, and check them against their records."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bonerisk.errors import ConfigError, RunError
from bonerisk.runs.folder import RECORD, SCHEMA_VERSION, process_start
from bonerisk.runs.hashing import sha256
from bonerisk.runs.run_record import RunRecord

SWEEP_RECORD = "sweep.json"
STATUSES = ("finished", "failed", "running", "killed", "elsewhere")


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
        """The resolved configuration."""
        return yaml.safe_load((self.folder / "config.yaml").read_text(encoding="utf-8"))

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
    def parents(self) -> list[Path]:
        """Folders of the runs it read, each once."""
        return parents_of(self.folder, self.record)

    def path(self, name: str) -> Path:
        """An artifact, verified against the hash in the record.

        Raises
        ------
        RunError
            It is not there, or has changed since the run wrote it.
        """
        known = {item["path"]: item["sha256"] for item in self.record["outputs"]}
        path = self.folder / name
        if name not in known or not path.is_file():
            raise RunError(f"the run has no {name} (status: {self.status})", str(self.folder), "name a finished run")
        if sha256(path) != known[name]:
            raise RunError(f"{name} has changed since the run wrote it", str(path), "repeat the run")
        return path


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
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"can't read the run's record: {error}", str(path), "name a folder that bonerisk made"
        ) from error
    if content.get("schema_version") != SCHEMA_VERSION:
        what = f"the record has schema version {content.get('schema_version')}, not {SCHEMA_VERSION}"
        raise RunError(what, str(path), "repeat the run with this version of bonerisk")
    return StoredRun(folder, content)


def find(
    text: str, outputs: Path, commands: Iterable[str], statuses: Iterable[str] = ("finished",), holding: str = RECORD
) -> StoredRun:
    """The run that `text` names: a path, the beginning of its timestamp, or ``latest``.

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
            what = f"it is a {run.status} run of `{run.command}`"
            raise ConfigError(what, text, f"name a {' or '.join(statuses)} run of {' or '.join(commands)}")
        return run
    folders = [
        folder for command in commands for folder in outputs.glob(f"{command}/*/*") if (folder / holding).is_file()
    ]
    named = [folder for folder in folders if text == "latest" or folder.name.startswith(text)]
    found = [run for run in _readable(named) if run.status in statuses]
    if not found or (len(found) > 1 and text != "latest"):
        raise ConfigError(*_unfound(text, outputs, commands, statuses, found, holding))
    return max(found, key=lambda run: (run.record["started"], run.folder.stat().st_mtime))


def _readable(folders: list[Path]) -> Iterator[StoredRun]:
    """Runs of this version, by timestamp; others are skipped."""
    for folder in sorted(folders, key=lambda folder: folder.name):
        with contextlib.suppress(RunError):
            yield load(folder)


def _unfound(
    text: str, outputs: Path, commands: tuple[str, ...], statuses: tuple[str, ...], found: list[StoredRun], holding: str
) -> tuple[str, str, str]:
    where = ", ".join(f"{outputs / command}/" for command in commands)
    if found:
        return (
            f"{len(found)} runs have a timestamp that begins with {text!r}",
            where,
            "name one: " + ", ".join(run.folder.name for run in found[:5]),
        )
    mend = f"`bonerisk {commands[0]} …` makes one; RUN is a path, the beginning of a run's timestamp, or latest"
    kind = "" if statuses == STATUSES else f"{' or '.join(statuses)} "
    what = f"there is no {kind}run {text!r}" + (f" that holds {holding}" if holding != RECORD else "")
    return what, where, mend


def expand(texts: Iterable[str], outputs: Path, commands: Iterable[str]) -> list[StoredRun]:
    """The runs that `texts` name, each once, whatever their status; a sweep's folder stands for its runs.

    Raises
    ------
    ConfigError, RunError
        As `find` and `load`.
    """
    commands = tuple(commands)
    found: dict[Path, StoredRun] = {}
    for text in texts:
        record = Path(text) / SWEEP_RECORD
        if record.is_file():
            jobs = json.loads(record.read_text(encoding="utf-8"))["jobs"]
            runs = [load(Path(job["run"])) for job in jobs if job["run"]]
        else:
            runs = [find(text, outputs, commands, ("finished",) if text == "latest" else STATUSES)]
        found |= {run.folder.resolve(): run for run in runs}
    return list(found.values())


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
