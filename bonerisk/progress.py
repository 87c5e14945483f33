"""Progress of anything that takes over two seconds, on standard error."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

DELAY_S = 2.0  # shorter work shows nothing
PLAIN_EVERY_S = 15.0  # between lines, if standard error is not a terminal


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield `items` and show progress: a rich bar on a terminal, else a plain line now and then.

    The log says at the end how long it took.

    Parameters
    ----------
    items : iterable
    description : str
        What is being done, as "reading films".
    total : int, optional
        Number of items; by default `len(items)`, if known.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    start, done = time.monotonic(), 0
    for item in _bar(items, description, total) if sys.stderr.isatty() else _lines(items, description, total):
        yield item
        done += 1
    seconds = time.monotonic() - start
    if seconds > DELAY_S:
        log.info("%s: %d in %s", description, done, f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min")


def _bar(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    start = time.monotonic()
    task = progress.add_task(description, total=total)
    try:
        for item in items:
            yield item
            progress.advance(task)
            if not progress.live.is_started and time.monotonic() - start > DELAY_S:
                progress.start()
    finally:
        progress.stop()


def _lines(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    start = time.monotonic()
    due = start + DELAY_S
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now >= due:
            due = now + PLAIN_EVERY_S
            rate = done / max(now - start, 1e-9)
            print(f"{description}: {done}{f' of {total}' if total else ''}, {rate:.3g}/s", file=sys.stderr, flush=True)
