"""Which killed training `resume=…` continues."""

from __future__ import annotations

from pathlib import Path

from bonerisk.errors import ConfigError
from bonerisk.runs.find import StoredRun, find

RESUME_FILE = "resume.ckpt"  # written after each epoch, removed when the training ends


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
