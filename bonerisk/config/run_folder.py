"""The run folder of an order."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bonerisk.cohort.table import REJECTED
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, NothingLeftError
from bonerisk.runs.folder import Run, record


@contextlib.contextmanager
def run_folder(order: Order, name: str) -> Iterator[Run]:
    """Record the order as a run called `name` (the model or the dataset) and yield it to be filled."""
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
        except NothingLeftError as error:
            if error.rejected is not None:
                with run.writes("rejected", "rejected.csv") as path:
                    error.rejected.reindex(columns=list(REJECTED)).astype({"row": "Int64"}).to_csv(path, index=False)
            raise
