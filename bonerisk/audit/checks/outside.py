"""An estimate that its own interval doesn't hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.tables import Printed

TITLE = "An estimate outside its interval"


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Every estimate lies in its interval, whose limits are in order; an infinite one has an infinite upper limit."""
    for table in document:
        for row, cells in zip(table.rows, table.cells, strict=True):
            for head, cell in zip(table.columns, cells, strict=True):
                if cell.number is None or cell.lower is None or cell.upper is None:
                    continue
                where = ": ".join(filter(None, (", ".join(_labels(table, row)), head)))
                interval = f"{cell.lower.text} to {cell.upper.text}"
                if cell.lower.low > cell.upper.high:
                    yield Finding(table.number, where, cell.text, interval, None, "the lower limit is above the upper")
                elif cell.number.admits(cell.lower.low, cell.upper.high):
                    yield None
                else:
                    nearest = cell.lower if cell.number.value < cell.lower.value else cell.upper
                    far = abs(cell.number.value - nearest.value)
                    note = (
                        "an infinite estimate with a finite interval" if math.isinf(far) else "the interval misses it"
                    )
                    size = None if math.isinf(far) else far
                    yield Finding(table.number, where, cell.text, f"within {interval}", size, note)


def _labels(table: Printed, row: Sequence[str]) -> list[str]:
    """A row's labels: its cells up to the first that holds a number."""
    index = table.rows.index(row)
    labels = []
    for text, cell in zip(row, table.cells[index], strict=True):
        if cell.number is not None:
            break
        labels.append(text)
    return labels or [row[0]]
