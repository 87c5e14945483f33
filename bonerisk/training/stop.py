"""A training that is told to stop, as by a scheduler whose time is up, stops between two steps."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether the process was told to stop.

    Attributes
    ----------
    name : str
        The signal, ``SIGTERM`` or ``SIGHUP``; empty as long as there was none.
    """

    name = ""

    @contextlib.contextmanager
    def listening(self) -> Iterator[Stop]:
        """Note signals, and tell them to processes that this one has started, instead of ending at once.

        One that is ignored, as SIGHUP by `nohup`, stays so. Only a main thread hears signals.
        """
        main = threading.current_thread() is threading.main_thread()
        heard = [number for number in SIGNALS if main and signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._note) for number in heard}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.name = signal.Signals(number).name
        for child in multiprocessing.active_children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid or 0, number)
