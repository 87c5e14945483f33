"""Resume a killed training: find the run, check that it may be resumed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from bonerisk.config.build import plain
from bonerisk.errors import ConfigError, DataError
from bonerisk.runs.differences import differences
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run
from bonerisk.runs.resumable import RESUME_FILE, RESUMED, claim, resumable


def run_to_resume(config: DictConfig, run: Run) -> StoredRun | None:
    """The killed or failed run that this one resumes; with the same configuration, and no other run."""
    if config.resume is None:
        return None
    stopped = resumable(config.resume, Path(config.paths.outputs))
    different = sorted(differences(plain(config), plain(stopped.config)))
    if different:
        typed = shlex.join(stopped.record["command_line"][1:])
        mend = f"repeat its command with resume={config.resume}: bonerisk {typed}"
        raise ConfigError(f"the run to resume had other values of {', '.join(different)}", str(stopped.folder), mend)
    claim(stopped, run)
    return stopped


def checkpoint_of(killed: StoredRun, run: Run, table: pd.DataFrame) -> Path:
    """The checkpoint to resume from; DataError if films or cohort have changed."""
    before = {item["sha256"] for item in killed.record["inputs"] if item["kind"] == "images"}
    now = {item["sha256"] for item in run.record["inputs"] if item["kind"] == "images"}
    if before != now or not pd.read_parquet(killed.path("cohort.parquet")).equals(table):
        raise DataError("the films or the cohort have changed since", str(killed.folder), "train anew, without resume=")
    return run.reads(RESUMED, killed.folder / RESUME_FILE, parent=killed.folder)
