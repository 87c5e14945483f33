"""A flow of patients: who was left out, and who was left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.numbers import Cell
from bonerisk.audit.tables import Printed

TITLE = "A flow that doesn't add up"
OUT = re.compile(r"^(?:(?P<of>.*): ?)?(left out|excluded|removed|dropped|exclusions?)$", re.IGNORECASE)
LEFT = re.compile(r"^(?:(?P<of>.*): ?)?(left|remaining|included|kept|remain)$", re.IGNORECASE)
BEGIN = re.compile(r"^of ([\d,]+)$")


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """At each step, those left before less those left out are those left."""
    for table in document:
        out = {found["of"]: i for i, head in enumerate(table.columns) if (found := OUT.match(head))}
        left = {found["of"]: i for i, head in enumerate(table.columns) if (found := LEFT.match(head))}
        for of, column in out.items():
            gone = [cells[column] for cells in table.cells]
            if of in left:
                yield from _steps(table, gone, [cells[left[of]] for cells in table.cells], of or "")
            elif left and (begin := BEGIN.match(table.rows[0][column])):
                yield from _whole(
                    table, gone, int(begin.group(1).replace(",", "")), next(iter(left.values())), of or ""
                )


def _steps(table: Printed, gone: list[Cell], left: list[Cell], of: str) -> Iterator[Finding | None]:
    before, leaving = None, 0
    for row, out, now in zip(table.rows, gone, left, strict=True):
        leaving += out.count or 0
        if now.count is None:
            continue
        if before is not None:
            expected = before - leaving
            note, where = f"{before:,} less {leaving:,}", ", ".join(filter(None, (of, row[0])))
            size = float(abs(expected - now.count))
            yield None if expected == now.count else Finding(table.number, where, now.text, f"{expected:,}", size, note)
        before, leaving = now.count, 0


def _whole(table: Printed, gone: list[Cell], begin: int, left: int, of: str) -> Iterator[Finding | None]:
    """A column that says of how many patients it leaves some out, beside another that has those left in the end."""
    leaving = sum(cell.count or 0 for cell in gone)
    end = [cells[left] for cells in table.cells if cells[left].count is not None][-1]
    assert end.count is not None
    expected, where = begin - leaving, f"{of}: from the first step to the last"
    size, note = float(abs(expected - end.count)), f"{begin:,} less {leaving:,}"
    yield None if expected == end.count else Finding(table.number, where, end.text, f"{expected:,}", size, note)
