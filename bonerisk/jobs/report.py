"""`bonerisk report`: one page, with tables and figures."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError
from bonerisk.runs.find import REPORTED
from bonerisk.runs.folder import RECORD
from bonerisk.runs.sweeps import expand

log = logging.getLogger(__name__)


def report(order: Order) -> Path:
    """Write report.html from the named runs and the trainings that they evaluated."""
    from bonerisk.reporting.report import write

    config = order.config
    named = [config.runs] if isinstance(config.runs, str) else list(config.runs)
    if not named:
        mend = "write 'runs=[RUN,…]'; RUN is a path, a run's timestamp, or latest"
        raise ConfigError("no run is named", "runs", mend)
    runs = expand(map(str, named), Path(config.paths.outputs), REPORTED)
    with run_folder(order, "_".join(dict.fromkeys(run.name for run in runs))[:60]) as run:
        folders = dict.fromkeys(folder for source in runs for folder in (*source.parents, source.folder))
        for folder in folders:
            if (folder / RECORD).is_file():  # the page names an absent parent
                run.reads("run", folder / RECORD, parent=folder)
        with tempfile.TemporaryDirectory(dir=run.folder) as unfinished:
            write(runs, Path(unfinished))
            for kind, name in (("report", "report.html"), ("tables", "tables"), ("figures", "figures")):
                (Path(unfinished) / name).rename(run.folder / name)
                run.wrote(kind, name)
    log.info("the page: %s", run.folder / "report.html")
    return run.folder
