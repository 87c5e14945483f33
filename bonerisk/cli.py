"""The command line: a Typer app that hands its arguments to Hydra; it starts without importing torch."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

import bonerisk
from bonerisk.errors import override
from bonerisk.streams import open_streams, to_nowhere

if TYPE_CHECKING:
    from bonerisk.config.sweep import Order


class GroupsCommand(TyperCommand):
    """A command whose help ends with its configuration groups and their options, read from the files."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Typer's help, then the groups."""
        super().format_help(ctx, formatter)
        _print_groups(str(self.name))


app = typer.Typer(
    name="bonerisk",
    help="Bone risk from ordinary chest and spine films: prepare, extract, train, predict, evaluate, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


# What to type after a command, given its run's folder.
NEXT: dict[str, Callable[[str], str]] = {
    "prepare": lambda run: f"bonerisk train model=… dataset=run {override('dataset.run', run)}",
    "extract": lambda run: "bonerisk train, with the same arguments (without shard and shards)",
    "train": lambda run: f"bonerisk evaluate {override('run', run)}",
    "pseudolabel": lambda run: f"bonerisk train model=… dataset=merged 'dataset.runs=[PREPARE_RUN,{run}]'",
    "evaluate": lambda run: f"bonerisk report {override('runs', run)}",
}

log = logging.getLogger(__name__)


class Shown(StrEnum):
    """What `--cfg` prints."""

    job = "job"
    hydra = "hydra"
    all = "all"


Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Overrides in Hydra's grammar, as training.lr=1e-4", show_default=False),
]
Multirun = Annotated[bool, typer.Option("--multirun", "-m", help="Sweep: a job for each value of key=a,b")]
Cfg = Annotated[Shown | None, typer.Option("--cfg", help="Print the composed configuration")]


@app.command(cls=GroupsCommand)
def prepare(overrides: Overrides = None, multirun: Multirun = False, cfg: Cfg = None) -> None:
    """Check films and tables, and decode the films once: cohort.parquet, flow.csv, rejected.csv."""
    _execute("prepare", overrides, multirun, cfg)


@app.command(cls=GroupsCommand)
def extract(overrides: Overrides = None, multirun: Multirun = False, cfg: Cfg = None) -> None:
    """Encode the films of a cohort: embeddings.parquet, failures.csv."""
    _execute("extract", overrides, multirun, cfg)


@app.command(cls=GroupsCommand)
def train(overrides: Overrides = None, multirun: Multirun = False, cfg: Cfg = None) -> None:
    """Train a model on a cohort: model.safetensors, history.csv, cohort.parquet."""
    _execute("train", overrides, multirun, cfg)


@app.command(cls=GroupsCommand)
def pseudolabel(overrides: Overrides = None, multirun: Multirun = False, cfg: Cfg = None) -> None:
    """Label the films of which a trained model is sure, for further training: cohort.parquet, reliability.csv."""
    _execute("pseudolabel", overrides, multirun, cfg)


@app.command(cls=GroupsCommand)
def predict(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILM… KEY=VALUE", help="Films, folders, patterns; overrides", show_default=False),
    ] = None,
    multirun: Multirun = False,
    cfg: Cfg = None,
) -> None:
    """Score new films, or rows of a table, with a trained model: predictions.csv, rejected.csv, pages."""
    _execute("predict", arguments, multirun, cfg)


@app.command(cls=GroupsCommand)
def evaluate(overrides: Overrides = None, multirun: Multirun = False, cfg: Cfg = None) -> None:
    """Evaluate a trained model: predictions.parquet, metrics.csv, figures."""
    _execute("evaluate", overrides, multirun, cfg)


@app.command(cls=GroupsCommand)
def report(overrides: Overrides = None, multirun: Multirun = False, cfg: Cfg = None) -> None:
    """Write a page with tables and figures from runs: report.html."""
    _execute("report", overrides, multirun, cfg)


@app.command(cls=GroupsCommand)
def audit(
    table: Annotated[list[str], typer.Argument(metavar="TABLE", help="A CSV, metrics.csv, YAML, or published/PAPER")],
    cfg: Cfg = None,
) -> None:
    """Check a printed table against itself: findings.csv, checks.csv."""
    named = table.pop(0).replace("\\", "\\\\").replace('"', '\\"') if "=" not in table[0] else None
    first = [] if named is None else [f'table="{named}"']
    _execute("audit", first + table, False, cfg)


runs = typer.Typer(help="Look after the runs that there are.", no_args_is_help=True)
app.add_typer(runs, name="runs")


@runs.command()
def verify(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A path, the beginning of a run's time, or latest")
    ] = "latest",
    outputs: Annotated[Path, typer.Option(help="Folder of the runs")] = Path("outputs"),
) -> None:
    """Whether a run, the runs behind it and the films and tables that they read are as they were written."""
    from bonerisk.config.sweep import tell
    from bonerisk.errors import BoneriskError
    from bonerisk.jobs.runs import verify

    try:
        raise typer.Exit(0 if verify(run, outputs) else 1)
    except BoneriskError as error:
        tell(error)
        raise typer.Exit(error.exit_code) from None


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version")] = False) -> None:
    """Bone risk from ordinary chest and spine films: prepare, extract, train, predict, evaluate, report."""
    if show:
        typer.echo(bonerisk.__version__)
        raise typer.Exit


def _execute(command: str, overrides: list[str] | None, multirun: bool, cfg: Shown | None) -> None:
    from bonerisk.config.sweep import execute

    flags = (["--multirun"] if multirun else []) + (["--cfg", cfg] if cfg else [])
    try:
        code = execute(command, do, overrides or [], flags)
    except KeyboardInterrupt as error:
        print(f"interrupted: {error}" if str(error) else "interrupted", file=sys.stderr, flush=True)
        os._exit(1)  # the run is recorded; torch takes seconds to tear down
    raise typer.Exit(code)


def do(order: Order) -> Path:
    """Do one job: call the function, in the module, that has the command's name."""
    run: Path = getattr(import_module(f"bonerisk.jobs.{order.command}"), order.command)(order)
    if order.command in NEXT and order.number is None:
        log.info("next: %s", NEXT[order.command](str(run)))
    return run


def _print_groups(command: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from bonerisk.config.tree import Group, groups, settings, subgroups, summary

    console = Console(highlight=False)

    def show(group: Group, default: str) -> None:
        title = f"{group.name}=…  [dim](default: {default})[/dim]"
        table = Table(title=title, title_justify="left", box=None, show_header=False)
        table.add_column(no_wrap=True, style="cyan")
        for option in group.options:
            table.add_row(f"  {option}", summary(group.name, option))
        console.print(table)

    of_options: dict[str, list[tuple[str, Group]]] = {}  # by group, the options that have it
    for group in groups(command).values():
        show(group, {"???": "must be chosen", None: "none"}.get(group.default, str(group.default)))
        for option in group.options:
            for name, inner in subgroups(group.name, option).items():
                of_options.setdefault(name, []).append((option, inner))
    for having in of_options.values():
        by_default: dict[str, list[str]] = {}
        for option, inner in having:
            by_default.setdefault(str(inner.default), []).append(option)
        show(having[0][1], "; ".join(f"{default} with {', '.join(them)}" for default, them in by_default.items()))
    table = Table(title="keys", title_justify="left", box=None, show_header=False)
    for key, text in settings(command).items():
        table.add_row(f"  [cyan]{key}[/cyan]", text)
    console.print(table)
    console.print(f"`bonerisk {command} --cfg job …` prints every key with its value.", style="dim")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"told to stop ({signal.Signals(number).name})")


def main() -> None:
    """Entry point of the console script."""
    open_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):  # end as Ctrl-C does, so that the run is recorded as it ended
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup lets SIGHUP be
            signal.signal(number, _interrupt)
    try:
        app()
    except OSError as error:  # of --help and --cfg: a job's errors are told by then
        to_nowhere(sys.stdout)
        print(f"error: standard output can't be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)
