"""The run folder of an order."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bonerisk.cohort.recorded import write_rejected
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, RowsRefusedError
from bonerisk.runs.folder import Run, record


@contextlib.contextmanager
def run_folder(order: Order, name: str) -> Iterator[Run]:
    """Record the order as a run called `name` (the model or the dataset) and yield it to be filled.

    If so many rows are refused that nothing can be done, the run keeps the list of them.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ConfigError(f"{name!r} can't name a folder", "name", "use letters, digits, '_', '-' and '.' only")
    config: dict[str, Any] = OmegaConf.to_container(order.config, resolve=True)  # type: ignore[assignment]
    with record(
        order.command,
        name,
        outputs=Path(order.config.paths.outputs),
        config=config,
        choices=order.choices,
        overrides=order.overrides,
        command_line=order.command_line,
    ) as run:
        try:
            yield run
        except RowsRefusedError as error:
            if error.rejected is not None:
                write_rejected(error.rejected, run)
            raise
