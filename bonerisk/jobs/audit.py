"""`bonerisk audit`: a printed table checked against itself."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from bonerisk.audit.audit import audit as check
from bonerisk.audit.read import read
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.reporting.sections.published import printed_by
from bonerisk.runs.folder import replacing

log = logging.getLogger(__name__)


def audit(order: Order) -> Path:
    """Write findings.csv, what can't be true of the numbers in a file or paper, and checks.csv, what was compared."""
    table = str(order.config.table)
    path = printed_by(table.removeprefix("published/")) if table.startswith("published/") else Path(table)
    document = read(path)
    with run_folder(order, re.sub(r"[^\w.-]+", "_", path.stem).strip("._-") or "table") as run:
        run.reads("table", path)
        findings, applied = check(document)
        for name, frame in (("findings", findings), ("checks", applied)):
            with replacing(run.folder / f"{name}.csv") as unfinished:
                frame.to_csv(unfinished, index=False)
            run.wrote(name, f"{name}.csv")
        for row in findings.itertuples():
            log.info(
                "%s, %s: %s, by the other numbers %s (%s)", row.table, row.where, row.printed, row.recomputed, row.note
            )
        done = applied[applied["compared"] > 0]
        counts = len(findings), int(applied["compared"].sum()), len(done), len(applied)
        log.info("%d findings in %d comparisons; %d of %d checks had something to compare", *counts)
    return run.folder
