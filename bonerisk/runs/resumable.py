"""Which training that was stopped `resume=…` continues, and that no two do."""

from __future__ import annotations

import os
from pathlib import Path

from bonerisk.errors import ConfigError, RunError
from bonerisk.runs.find import StoredRun, find, load
from bonerisk.runs.folder import Run

RESUME_FILE = "resume.ckpt"  # written after each epoch, removed when the run is finished
RESUMED = "resume"  # kind of the input that is a checkpoint
CLAIM = "resumed_by"  # in the folder of a training: the folder of the run that continues it


def resumable(text: str, outputs: Path) -> StoredRun:
    """The killed or failed training that `text` names.

    A training recorded as running on another host may still run there: it must be named, not found as ``latest``.

    Raises
    ------
    ConfigError
        There is none, it ended before its first epoch did, or the newest may run on another host.
    """
    run = find(text, outputs, ["train"], ("killed", "failed", "elsewhere"), holding=RESUME_FILE)
    if text == "latest" and run.status == "elsewhere":
        what = f"the newest training that can be continued {run.state}"
        mend = f"if it runs there no more, continue it by resume={run.folder.name}"
        raise ConfigError(what, str(run.folder), mend)
    if not (run.folder / RESUME_FILE).exists():
        raise ConfigError("it ended before its first epoch did", str(run.folder), "train anew, without resume=")
    return run


def claim(stopped: StoredRun, run: Run) -> None:
    """Note that a run continues a training, so that no other does, unless this one fails.

    Raises
    ------
    ConfigError
        Another run continues it, or has done so.
    """
    path, mine = stopped.folder / CLAIM, os.path.relpath(run.folder, stopped.folder)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(mine)
    except FileExistsError:
        other = Path(os.path.normpath(stopped.folder / path.read_text(encoding="utf-8")))
        try:
            found = load(other)
        except RunError:
            found = stopped  # the other was removed
        if found.status not in ("killed", "failed"):
            what = f"{other.name} continues it, which {found.state.removeprefix('it ')}"
            raise ConfigError(what, str(stopped.folder), "wait for that run, or continue it if it stops") from None
        path.write_text(mine, encoding="utf-8")


def forget(run: Run) -> None:
    """Remove the checkpoint of a finished run, and the one that it went on from."""
    origins = (run.folder / item["path"] for item in run.record["inputs"] if item["kind"] == RESUMED)
    for path in (run.folder / RESUME_FILE, *origins):
        path.unlink(missing_ok=True)
