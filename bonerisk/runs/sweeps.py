"""Runs that a sweep's folder stands for: all of them in a report, the best in an evaluation."""

from __future__ import annotations

import contextlib
import csv
import json
import logging
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from bonerisk.errors import ConfigError, RunError
from bonerisk.runs.find import STATUSES, StoredRun, find, load
from bonerisk.runs.folder import replacing
from bonerisk.runs.run_record import TuningScore

SWEEP_RECORD, SWEEP_TABLE = "sweep.json", "sweep.csv"

log = logging.getLogger(__name__)


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
        statuses = ("finished",) if text == "latest" else STATUSES
        runs = runs_of(Path(text)) if is_sweep(text) else [find(text, outputs, commands, statuses)]
        found |= {run.folder.resolve(): run for run in runs}
    return list(found.values())


def trainings(texts: str | Sequence[str], outputs: Path) -> list[StoredRun]:
    """The finished trainings that a user names; a sweep's folder stands for the one that is best on tuning.

    Raises
    ------
    ConfigError
        None is named, there is no such training, or no run of a sweep has a score on tuning.
    """
    named = [texts] if isinstance(texts, str) else texts
    if not named:
        raise ConfigError("no run is named", "run=[]", "run=latest, or the folder of a run of bonerisk train")
    return [best_of(Path(text)) if is_sweep(text) else find(text, outputs, ["train"]) for text in named]


def is_sweep(text: str) -> bool:
    """Whether a text names a sweep's folder."""
    return (Path(text) / SWEEP_RECORD).is_file()


def runs_of(sweep: Path) -> list[StoredRun]:
    """The runs of a sweep, in its order, those that failed included."""
    jobs = json.loads((sweep / SWEEP_RECORD).read_text(encoding="utf-8"))["jobs"]
    return [load(Path(job["run"])) for job in jobs if job["run"]]


def best_of(sweep: Path) -> StoredRun:
    """The run of a sweep with the best score on the tuning split, the first among equals; the log says which.

    Raises
    ------
    ConfigError
        No finished training of the sweep has such a score.
    """
    ranked = by_tuning(runs_of(sweep))
    scores = [run.record.get("tuning") for run in ranked]
    if not scores or scores[0] is None:
        mend = "name one of its runs: run=RUN"
        raise ConfigError("no finished training of this sweep has a score on the tuning split", str(sweep), mend)
    best = ranked[0]
    log.info("%s: the best of %d runs by tuning is %s (%s)", sweep, len(ranked), best.folder, told(best))
    return best


def by_tuning(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Runs by their score on tuning, best first; those without one last, in their order."""

    def key(run: StoredRun) -> tuple[bool, float]:
        tuning = run.record.get("tuning")
        return (True, 0.0) if tuning is None or run.status != "finished" else (False, -tuning["value"])

    return sorted(runs, key=key)


def write_table(sweep: Path) -> None:
    """Write sweep.csv: a row a job, best first by tuning; its settings, its score, its status and its folder."""
    jobs = json.loads((sweep / SWEEP_RECORD).read_text(encoding="utf-8"))["jobs"]
    settings = [dict(text.split("=", 1) for text in job["overrides"] if "=" in text) for job in jobs]
    keys = dict.fromkeys(key for given in settings for key in given)
    varied = [key for key in keys if len({given.get(key) for given in settings}) > 1]
    rows = []
    for number, (job, given) in enumerate(zip(jobs, settings, strict=True)):
        tuning = _tuning_of(job["run"])
        scored = {"score": tuning["score"], "tuning": tuning["value"]} if tuning else {"score": "", "tuning": ""}
        status = {"status": "failed" if job["exit_code"] else "finished", "run": job["run"] or ""}
        rows.append({"job": number, **{key: given.get(key, "") for key in varied}, **scored, **status})
    rows.sort(key=lambda row: -math.inf if row["tuning"] == "" else float(row["tuning"]), reverse=True)
    with replacing(sweep / SWEEP_TABLE) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["job", *varied, "score", "tuning", "status", "run"])
        writer.writeheader()
        writer.writerows(rows)


def _tuning_of(run: str | None) -> TuningScore | None:
    with contextlib.suppress(RunError):  # there is no record if the folder could not be made
        return load(Path(run)).record.get("tuning") if run else None
    return None


def told(run: StoredRun) -> str:
    """A run's score on tuning in words, as "tuning AUC 0.812"; empty if it has none."""
    tuning = run.record.get("tuning")
    return f"tuning {tuning['score']} {tuning['value']:.3f}" if tuning else ""
