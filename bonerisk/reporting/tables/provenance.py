"""What was run: all that is needed to repeat it, a column a fact and a row a run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.numbers import MISSING
from bonerisk.runs.environment import Checkout
from bonerisk.runs.find import StoredRun

PACKAGES = ("python", "bonerisk", "torch", "timm", "lightning", "numpy", "pandas", "scikit-learn")  # that move numbers


def provenance(runs: Sequence[StoredRun]) -> Table:
    """Facts of each run, under its folder as a heading."""
    rows = [(_folder(run), fact, text) for run in runs for fact, text in _facts(run).items() if text]
    frame = pd.DataFrame(rows, columns=["Run", "Fact", "Value"])
    return Table("provenance", "What was run", frame, group="Run")


def _facts(run: StoredRun) -> dict[str, str]:
    record = run.record
    packages = record.get("packages") or {}
    return {
        "Command": shlex.join(["bonerisk", *record["command_line"][1:]]),
        "Status": f"{run.status}: {record['error']}" if record.get("error") else run.status,
        "Started": _time(record["started"]) + _duration(record["started"], record.get("finished")),
        "Choices": ", ".join(f"{group}={option}" for group, option in record["choices"].items()),
        "Overrides": ", ".join(record["overrides"]) or "none",
        "Seeds": ", ".join(f"{name} {value}" for name, value in record["seeds"].items()),
        "Code": _code(record.get("git"), packages),
        "Packages": ", ".join(f"{name} {packages[name]}" for name in PACKAGES if name in packages),
        "Device": record.get("device") or "",
        "Threads": str(record.get("threads", "")),
        "Licence of the encoder's weights": record.get("licence") or "",
        "Reference standard": record.get("reference_standard") or "",
        "Read runs": ", ".join(str(parent) for parent in run.parents),
        "Fingerprint": record.get("fingerprint") or MISSING,
    }


def _folder(run: StoredRun) -> str:
    return "/".join(run.folder.parts[-3:])


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d %B %Y, %H:%M:%S UTC}"


def _duration(started: str, finished: str | None) -> str:
    if not finished:
        return ""
    seconds = round((datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds())
    hours, rest = divmod(seconds, 3600)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest // 60} min"] * (rest >= 60) + [f"{rest % 60} s"]
    return ", took " + " ".join(parts)


def _code(git: Checkout | None, packages: dict[str, str]) -> str:
    if not git:
        return f"installed package {packages.get('bonerisk', '')}".strip()
    dirty = ", with uncommitted changes (their diff is in run.json)" if git["dirty"] else ", clean"
    return f"commit {git['commit'] or 'none yet'}{dirty}"
