"""Map a function over items in several processes, in order; the death of a process costs one item."""

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

WORTH_A_PROCESS = 16  # items: a process takes a second to start, in which another reads about as many films
HOPELESS = 3  # deaths in a row: the items are not the cause


def parallel_map(function: Callable[[A], B], items: Sequence[A], died: Callable[[A], B]) -> Generator[B]:
    """Yield `function(item)` for each item, in order, from as many processes as there are cores.

    The processes are spawned, not forked: a fork can hang after torch or OpenCV has started threads. A few items are
    done in this process.

    Parameters
    ----------
    function : callable
        Defined at the top level of a module, or an instance of such a class; a spawned process imports that module.
    items : sequence
    died : callable
        Gives the result for an item that killed its process (a decoder crashed, memory ran out).

    Raises
    ------
    RunError
        Every process dies, whatever the item. The usual cause is a script that calls this function at its top level:
        each spawned process imports the script and calls it again.
    """
    workers = min(cores(), len(items) // WORTH_A_PROCESS)
    if workers < 2:
        yield from map(function, items)
        return
    done, deaths, at_once = 0, 0, workers
    while done < len(items):
        # A dead process breaks its pool, which does not say at which item; so the next items are done one at a time.
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


def apart(function: Callable[[A], B], items: Sequence[A], died: Callable[[A], B]) -> Generator[B]:
    """As `parallel_map`, in one other process, for items each of which may kill it."""
    done = 0
    while done < len(items):
        try:
            for result in _pooled(function, items[done:], 1):
                yield result
                done += 1
        except BrokenProcessPool:
            yield died(items[done])
            done += 1


def _pooled(function: Callable[[A], B], items: Sequence[A], workers: int) -> Generator[B]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_process)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_process() -> None:
    """Leave Ctrl-C to the parent, end when the parent is killed, and use one core."""
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
