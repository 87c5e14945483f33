"""One number, printed in several places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bonerisk.audit.finding import Finding
from bonerisk.audit.tables import Printed

TITLE = "A number that differs between places"


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """In tables that gather what abstract, text and tables say of one thing, all of a row's numbers are one."""
    for table in document:
        if not table.same:
            continue
        for row, cells in zip(table.rows, table.cells, strict=True):
            said = [(head, cell) for head, cell in zip(table.columns[1:], cells[1:], strict=True) if cell.number]
            for (_, first), (head, other) in pairwise(said):
                assert first.number is not None
                assert other.number is not None
                if other.number.admits(first.number.low, first.number.high):
                    yield None
                    continue
                size = abs(first.number.value - other.number.value)
                yield Finding(table.number, f"{row[0]}: {head}", other.text, first.text, size, "as printed before")
