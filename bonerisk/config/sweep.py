"""The one adapter between a command line and `hydra.main`: it hands arguments over and brings outcomes back."""

from __future__ import annotations

import contextlib
import io
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

from bonerisk.config.check import check, opened, quoted
from bonerisk.config.exist import demand
from bonerisk.config.film_arguments import with_films
from bonerisk.config.recorded import put_runs
from bonerisk.config.tree import config_dir
from bonerisk.errors import BoneriskError, RunError
from bonerisk.runs.folder import folder_of, replacing, stamp
from bonerisk.runs.sweeps import SWEEP_RECORD, SWEEP_TABLE, write_table
from bonerisk.streams import to_nowhere

# Hydra makes no folder and no log of its own; a sweep's folder holds the result of each job.
log = logging.getLogger(__name__)

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
    number : int, optional
        Of the job in a sweep, from 0.
    """

    command: str
    config: DictConfig
    choices: dict[str, str]
    overrides: list[str]
    command_line: list[str]
    number: int | None = None


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
    warned: set[str] = field(default_factory=set)  # what a sweep's jobs have warned of: each is shown once

    def __call__(self, config: DictConfig) -> None:
        """Do the job and keep its result; a sweep's results go to its folder, since workers share no memory."""
        sys.argv = self.argv  # Lightning and others start processes from what the user typed
        if multiprocessing.get_start_method() not in multiprocessing.get_all_start_methods():
            multiprocessing.set_start_method("spawn", force=True)  # joblib's worker names one that its children lack
        settings = HydraConfig.get()
        OmegaConf.resolve(config)
        choices = {key: value for key, value in settings.runtime.choices.items() if not key.startswith("hydra/")}
        overrides = [text.lstrip("+") for text in settings.overrides.task]
        number = settings.job.num if settings.mode == RunMode.MULTIRUN else None
        outcome = self._attempt(Order(self.command, config, choices, overrides, self.argv, number))
        if number is not None:
            path = Path(settings.sweep.dir) / f"{settings.job.num}.json"
            path.write_text(json.dumps(vars(outcome)), encoding="utf-8")
        else:
            self.outcomes.append(outcome)

    def _attempt(self, order: Order) -> JobResult:
        of = "" if order.number is None else f"[{order.number}] "
        try:
            # standard output carries run folders only
            with contextlib.redirect_stdout(sys.stderr), _log_shown(of, self.warned):
                if of:
                    log.info("%s", " ".join(text for text in order.overrides if text not in self.argv))
                put_runs(order.config, order.choices)
                return JobResult(0, str(self.job(order)), order.overrides)
        except BoneriskError as error:
            tell(error, of)
            return JobResult(error.exit_code, folder_of(error), order.overrides)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = str(getattr(error, "filename", None) or f"{Path(last.filename).name}:{last.lineno}")
            told = RunError(f"{type(error).__name__}: {error}", where, "the traceback is in run.log")
            tell(_with_notes(told, error), of)
            return JobResult(1, folder_of(error), order.overrides)


def _with_notes(error: Exception, source: Exception) -> Exception:
    for note in getattr(source, "__notes__", []):
        error.add_note(note)
    return error


@dataclass
class _Line(logging.Formatter):
    """A message alone, after the job's number and, from WARNING on, the name of its level."""

    of: str

    def format(self, record: logging.LogRecord) -> str:
        """One line of the log."""
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"{self.of}{level}{record.getMessage()}"


@contextlib.contextmanager
def _log_shown(of: str, warned: set[str]) -> Iterator[None]:
    """Show what bonerisk logs, from INFO on, on standard error; a warning that is in `warned` is not shown again."""

    def new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        known = record.levelno >= logging.WARNING and text in warned
        warned.add(text)
        return not known

    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.INFO)
    handler.setFormatter(_Line(of))
    handler.addFilter(new)
    logger = logging.getLogger("bonerisk")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def tell(error: BaseException, of: str = "") -> None:
    """Print an error on standard error, in the one form of all errors, after the number of its job."""
    print("\n".join([f"{of}error: {error}", *getattr(error, "__notes__", [])]), file=sys.stderr, flush=True)


def execute(command: str, job: Job, overrides: list[str], flags: list[str]) -> int:
    """Check a command line and do it, once or as a sweep; print run folders; return the exit code.

    Parameters
    ----------
    command : str
        Name of a primary file.
    job : callable
        From an `Order` to the run's folder.
    overrides : list of str
        In Hydra's grammar; an expression (`quoted`) may be as a shell hands it over, and films of ``predict`` are
        arguments of their own.
    flags : list of str
        Hydra's flags, as ``--multirun`` or ``--cfg job``.
    """
    try:
        overrides = quoted(with_films(overrides) if command == "predict" else overrides)
        config = check(command, overrides, multirun="--multirun" in flags, printing="--cfg" in flags)
        if not flags:
            demand(command, config)
    except BoneriskError as error:
        tell(error)
        return error.exit_code
    task = SweepTask(command, job, sys.argv)
    overrides = opened(command, overrides, config)
    if "--cfg" in flags:
        with contextlib.redirect_stdout(io.StringIO()) as shown:  # Hydra shows a traceback if it can't write
            failed = _hand_over(task, [*flags, *overrides, *_ONCE])
        print(shown.getvalue(), end="", flush=True)
        return failed
    if "--multirun" not in flags:
        failed = _hand_over(task, [*flags, *overrides, *_ONCE])
        told = [_show(outcome.run) for outcome in task.outcomes if outcome.exit_code == 0]
        return max([failed, *told, *(outcome.exit_code for outcome in task.outcomes)])
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
    write_table(folder)
    print(f"the jobs and their scores: {folder / SWEEP_TABLE}", file=sys.stderr, flush=True)
    runs = [outcome.run for outcome in outcomes if outcome.exit_code == 0]
    shown = [_show(str(path)) for path in (*runs, folder)]
    return max([*shown, *(outcome.exit_code for outcome in outcomes or [JobResult(1)])])


def _show(run: str | None) -> int:
    """Print a run's folder; return the exit code."""
    try:
        print(run, flush=True)
    except OSError as error:
        to_nowhere(sys.stdout)
        what = f"the run is finished, but standard output can't be written: {error.strerror}"
        tell(RunError(what, str(run)))
        return 1
    return 0
