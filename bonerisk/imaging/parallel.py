"""A map over processes, in order, that outlives a process's death and leaves none behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from bonerisk.errors import RunError
from bonerisk.runs.environment import cores

A = TypeVar("A")
B = TypeVar("B")

WORTH_A_PROCESS = 16  # items: starting a process takes a second, in which that many films are read
HOPELESS = 3  # deaths in a row: it can't be the items, then


def parallel_map(function: Callable[[A], B], items: Sequence[A], died: Callable[[A], B]) -> Generator[B]:
    """Yield `function(item)` for each item, in order, from as many processes as there are cores.

    The processes are spawned, not forked: a fork after torch or OpenCV has started threads can hang. Few items are
    done in this process.

    Parameters
    ----------
    function : callable
        Defined at the top of a module, or an instance of a class that is; a spawned process imports that module only.
    items : sequence
    died : callable
        Gives the result for an item whose process was killed by it (a decoder crashed, memory ran out).

    Raises
    ------
    RunError
        Every process dies, whatever the item: most often a script that calls this at its top level, which each
        spawned process imports and so calls again.
    """
    workers = min(cores(), len(items) // WORTH_A_PROCESS)
    if workers < 2:
        yield from map(function, items)
        return
    done, deaths, at_once = 0, 0, workers
    while done < len(items):
        # A dead process breaks its pool, which can't say over which item; so the next are done one at a time.
        try:
            for result in _pooled(function, items[done:], at_once):
                yield result
                done, deaths = done + 1, 0
        except BrokenProcessPool as error:
            if at_once == 1:
                yield died(items[done])
                done, deaths = done + 1, deaths + 1
            if deaths == HOPELESS:
                mend = 'call from under `if __name__ == "__main__":` in a script of your own, or free memory'
                raise RunError("the processes that read the films die one after another", mend=mend) from error
            at_once = workers if at_once == 1 else 1


def _pooled(function: Callable[[A], B], items: Sequence[A], workers: int) -> Generator[B]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_process)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_process() -> None:
    """Leave Ctrl-C to the parent, end when it is killed, and use one core."""
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
