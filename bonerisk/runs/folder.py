"""A run being written: one folder with everything needed to repeat it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import socket
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bonerisk.errors import RunError
from bonerisk.runs.environment import environment
from bonerisk.runs.hashing import fingerprint, sha256
from bonerisk.runs.run_record import RunRecord

SCHEMA_VERSION = 2  # 1 had no hash of the configuration
RECORD, CONFIG = "run.json", "config.yaml"
_RUN_NOTE = "  run:   "
# Keys that change no artifact and no number: where things lie, what a run is called, and runs named by their path
# (their content is in the inputs' hashes).
_NOT_FINGERPRINTED = {"paths", "name", "run", "runs", "resume", "batch_size"}


def stamp() -> str:
    """Name of a run or sweep started now: UTC time and 8 random hex digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its name at the end; on an error nothing is left."""
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


@dataclass
class Run:
    """A run folder under way; use `record` to make one.

    Attributes
    ----------
    folder : Path
    record : dict
        What ``run.json`` holds, see the contract.
    """

    folder: Path
    record: RunRecord
    _config: Mapping[str, object] = field(repr=False)

    def reads(self, kind: str, path: Path, digest: str | None = None, parent: Path | None = None) -> Path:
        """Note an input, its path relative to the run folder; `digest` is its SHA-256 if `path` is a folder.

        Returns `path`.
        """
        digest, origin = digest or sha256(path), self._relative(parent) if parent else None
        self.record["inputs"].append({"kind": kind, "path": self._relative(path), "sha256": digest, "parent": origin})
        self.save()  # so that a killed run, too, records what it read
        return path

    @contextlib.contextmanager
    def writes(self, kind: str, name: str) -> Iterator[Path]:
        """Yield a temporary path for an artifact (a file, or a folder to make); hash, rename and note it at the end."""
        path = self.folder / name
        with replacing(path) as temporary:
            yield temporary
        self.wrote(kind, name)

    def wrote(self, kind: str, name: str) -> None:
        """Hash and note an artifact (a file, or a folder of them) that lies complete under its final name."""
        path = self.folder / name
        files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        again = {str(file.relative_to(self.folder)) for file in files}
        self.record["outputs"] = [item for item in self.record["outputs"] if item["path"] not in again]
        for file in files:
            within = str(file.relative_to(self.folder))
            self.record["outputs"].append({"kind": kind, "path": within, "sha256": sha256(file), "parent": None})
        self.save()

    def note(self, text: str) -> None:
        """Note a caveat that a reader of the report must see."""
        if text not in self.record["notes"]:
            self.record["notes"].append(text)

    def save(self) -> None:
        """Write the record, replacing the old one in one step."""
        with replacing(self.folder / RECORD) as path:
            path.write_text(json.dumps(self.record, indent=1, default=str), encoding="utf-8")

    def close(self, status: str, error: BaseException | None = None) -> None:
        """Set the final status, times and fingerprint, and save the record for the last time."""
        config = {key: value for key, value in self._config.items() if key not in _NOT_FINGERPRINTED}
        inputs = sorted((item["kind"], item["sha256"]) for item in self.record["inputs"])
        self.record["fingerprint"] = fingerprint({"schema": SCHEMA_VERSION, "config": config, "inputs": inputs})
        self.record |= {"status": status, "finished": _now(), "error": str(error) if error is not None else None}
        self.save()

    def _relative(self, path: Path) -> str:
        return os.path.relpath(path, self.folder)


@contextlib.contextmanager
def record(
    command: str,
    name: str,
    *,
    outputs: Path,
    config: Mapping[str, object],
    choices: dict[str, str],
    overrides: list[str],
    command_line: list[str],
) -> Iterator[Run]:
    """Make a run folder, yield it to be filled, and record how it ended.

    Parameters
    ----------
    command, name : str
        The folder is ``outputs/<command>/<name>/<stamp>``.
    outputs : Path
    config : dict
        Resolved configuration, saved as ``config.yaml`` (an artifact).
    choices, overrides, command_line
        As the user gave them.

    Raises
    ------
    RunError
        The folder can't be made.
    """
    folder = outputs / command / name / stamp()
    try:
        folder.mkdir(parents=True)
        (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        handler = logging.FileHandler(folder / "run.log", encoding="utf-8")
        run = Run(folder, _first_record(command, name, config, choices, overrides, command_line), config)
        run.wrote("config", CONFIG)
    except OSError as error:
        mend = "free some space, or set paths.outputs to a folder that you can write to"
        raise RunError(f"can't make a run folder: {error.strerror}", str(folder), mend) from error
    with _logging_to(handler):
        try:
            yield run
        except BaseException as error:
            logging.getLogger(__name__).debug("%s", traceback.format_exc())
            error.add_note(f"{_RUN_NOTE}{folder}")
            with contextlib.suppress(OSError):  # a full disk must not hide the first error
                run.close("failed", error if str(error) else RunError("interrupted"))
            raise
        run.close("finished")


def folder_of(error: BaseException) -> str | None:
    """The run folder in which an error was raised, as `record` noted it."""
    notes = [note for note in getattr(error, "__notes__", []) if note.startswith(_RUN_NOTE)]
    return notes[0].removeprefix(_RUN_NOTE) if notes else None


def _first_record(
    command: str,
    name: str,
    config: Mapping[str, object],
    choices: dict[str, str],
    overrides: list[str],
    command_line: list[str],
) -> RunRecord:
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "name": name,
        "command_line": [Path(command_line[0]).name, *command_line[1:]] if command_line else [],
        "choices": choices,
        "overrides": overrides,
        "seeds": dict(_seeds(config)),
        "status": "running",
        "error": None,
        "started": _now(),
        "finished": None,
        "fingerprint": None,
        "process": {"host": socket.gethostname(), "pid": os.getpid(), "started": process_start(os.getpid())},
        **environment(),
        "notes": [],
        "inputs": [],
        "outputs": [],
    }


def process_start(pid: int) -> str | None:
    """When a process of this machine started, in clock ticks since boot: its number alone may be used again."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return None


def _seeds(config: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _seeds(value, f"{prefix}{key}.")
        elif key == "seed" or key.endswith("_seed"):
            yield f"{prefix}{key}", value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def _logging_to(handler: logging.FileHandler) -> Iterator[None]:
    logger = logging.getLogger("bonerisk")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
