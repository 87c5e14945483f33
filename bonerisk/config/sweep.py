"""The one adapter between a command line and `hydra.main`: it hands arguments over and brings outcomes back."""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from bonerisk.config.check import check, opened
from bonerisk.config.tree import config_dir
from bonerisk.errors import BoneriskError, ConfigError, RunError
from bonerisk.runs.find import SWEEP_RECORD
from bonerisk.runs.folder import folder_of, replacing, stamp

# Hydra makes no folder and no log of its own; a sweep's folder holds the result of each job.
_ONCE = ["hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none"]


@dataclass(frozen=True)
class Order:
    """One job to do: its resolved configuration and what the user typed to get it.

    Attributes
    ----------
    command : str
        The subcommand.
    config : DictConfig
        Resolved, without ``hydra``.
    choices : dict of str to str
        The option chosen in each group.
    overrides : list of str
        As given to this job, a sweep's values inserted.
    command_line : list of str
        As typed.
    """

    command: str
    config: DictConfig
    choices: dict[str, str]
    overrides: list[str]
    command_line: list[str]


Job = Callable[[Order], Path]


@dataclass
class JobResult:
    """Result of a job: exit code, 0 or that of its error, and its run folder if it was made."""

    exit_code: int
    run: str | None = None
    overrides: list[str] = field(default_factory=list)


@dataclass
class SweepTask:
    """What Hydra calls, here or in a launcher's worker: it never raises, so that no launcher loses the other jobs."""

    command: str
    job: Job
    argv: list[str]
    outcomes: list[JobResult] = field(default_factory=list)

    def __call__(self, config: DictConfig) -> None:
        """Do the job and keep its result; a sweep's results go to its folder, since workers share no memory."""
        sys.argv = self.argv  # Lightning and others start processes from what the user typed
        if multiprocessing.get_start_method() not in multiprocessing.get_all_start_methods():
            multiprocessing.set_start_method("spawn", force=True)  # joblib's worker names one that its children lack
        settings = HydraConfig.get()
        OmegaConf.resolve(config)
        choices = {key: value for key, value in settings.runtime.choices.items() if not key.startswith("hydra/")}
        order = Order(self.command, config, choices, [text.lstrip("+") for text in settings.overrides.task], self.argv)
        outcome = _attempt(self.job, order)
        if settings.mode == RunMode.MULTIRUN:
            path = Path(settings.sweep.dir) / f"{settings.job.num}.json"
            path.write_text(json.dumps(vars(outcome)), encoding="utf-8")
        else:
            self.outcomes.append(outcome)


def _attempt(job: Job, order: Order) -> JobResult:
    try:
        with contextlib.redirect_stdout(sys.stderr), _log_shown():  # standard output carries run folders only
            return JobResult(0, str(job(order)), order.overrides)
    except BoneriskError as error:
        tell(error)
        return JobResult(error.exit_code, folder_of(error), order.overrides)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = str(getattr(error, "filename", None) or f"{Path(last.filename).name}:{last.lineno}")
        tell(_with_notes(RunError(f"{type(error).__name__}: {error}", where, "the traceback is in run.log"), error))
        return JobResult(1, folder_of(error), order.overrides)


def _with_notes(error: Exception, source: Exception) -> Exception:
    for note in getattr(source, "__notes__", []):
        error.add_note(note)
    return error


class _Line(logging.Formatter):
    """A message alone, with the name of its level in front from WARNING on."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of the log."""
        prefix = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return prefix + super().format(record)


@contextlib.contextmanager
def _log_shown() -> Iterator[None]:
    """Show what bonerisk logs, from INFO on, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.INFO)
    handler.setFormatter(_Line("%(message)s"))
    logger = logging.getLogger("bonerisk")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def tell(error: BaseException) -> None:
    """Print an error on standard error, in the one form of all errors."""
    print("\n".join([f"error: {error}", *getattr(error, "__notes__", [])]), file=sys.stderr, flush=True)


def execute(command: str, job: Job, overrides: list[str], flags: list[str]) -> int:
    """Check a command line and do it, once or as a sweep; print run folders; return the exit code.

    Parameters
    ----------
    command : str
        Name of a primary file.
    job : callable
        From an `Order` to the run's folder.
    overrides : list of str
        In Hydra's grammar.
    flags : list of str
        Hydra's flags, as ``--multirun`` or ``--cfg job``.
    """
    try:
        config = check(command, overrides, multirun="--multirun" in flags, printing="--cfg" in flags)
    except ConfigError as error:
        tell(error)
        return error.exit_code
    task = SweepTask(command, job, sys.argv)
    overrides = opened(command, overrides, config)
    if "--multirun" not in flags:
        failed = _hand_over(task, [*flags, *overrides, *_ONCE])
        for outcome in task.outcomes:
            _show(outcome)
        return max([failed, *(outcome.exit_code for outcome in task.outcomes)])
    folder = Path(config.paths.outputs) / "sweeps" / stamp()
    failed = 1
    try:
        failed = _hand_over(task, [*flags, *overrides, *_ONCE, f"hydra.sweep.dir='{folder}'", "hydra.sweep.subdir=."])
    finally:  # an interrupted sweep, too, reports what was done
        code = _conclude(folder, task)
    return max(code, failed)


def _hand_over(task: SweepTask, arguments: list[str]) -> int:
    """Call `hydra.main` as from a command line; return 1 if Hydra or a launcher failed, which then has said why."""
    typed = sys.argv
    sys.argv = [typed[0], *arguments]
    try:
        hydra.main(config_path=str(config_dir()), config_name=task.command, version_base="1.3")(task)()
    except SystemExit as error:
        return int(bool(error.code))
    finally:
        sys.argv = typed
    return 0


def _conclude(folder: Path, task: SweepTask) -> int:
    """Record the results of a sweep's jobs, in sweep order; print the run folders; return the highest exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = sorted(folder.glob("[0-9]*.json"), key=lambda path: int(path.stem))
    outcomes = [JobResult(**json.loads(path.read_text(encoding="utf-8"))) for path in parts]
    record = {"command": task.command, "command_line": task.argv, "jobs": [vars(outcome) for outcome in outcomes]}
    with replacing(folder / SWEEP_RECORD) as path:
        path.write_text(json.dumps(record, indent=1), encoding="utf-8")
    for part in parts:
        part.unlink()
    for outcome in outcomes:
        _show(outcome)
    print(folder, flush=True)
    return max((outcome.exit_code for outcome in outcomes), default=1)


def _show(outcome: JobResult) -> None:
    if outcome.exit_code == 0:
        print(outcome.run, flush=True)
