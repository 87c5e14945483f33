"""Counts of parts and wholes, in one table and between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.partitions import partitions
from bonerisk.audit.tables import Printed, Unit

TITLE = "Counts that don't add up or change between places"
Counts = tuple[str, str, tuple[int, ...]]  # table, what was counted, the counts


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Women and men, and all bands of age, are as many as the whole; the same patients are as many everywhere."""
    for table in document:
        yield from _declared(table)
    units = [unit for table in document for unit in table.units]
    counted: dict[tuple[frozenset[str], str], list[Counts]] = {}
    for unit in units:
        if unit.classes and "n" in unit.said and ("negatives" in unit.said or unit.confusion):
            n, whole, note = unit.said["n"], sum(unit.classes), f"{unit.classes[0]:,} and {unit.classes[1]:,}"
            apart = float(abs((n.count or 0) - whole))
            yield Finding(unit.table, unit.label, n.text, f"{whole:,}", apart, note) if apart else None
        for what, counts in _counts(unit):
            counted.setdefault((unit.words, what), []).append((unit.table, unit.label, counts))
    for shared, kind, parts in partitions(units):
        for what in ("with and without", "n"):
            each = [dict(_counts(part)).get(what) for part in parts]
            if all(each):
                total = tuple(sum(column) for column in zip(*each, strict=True))
                name = f"{' '.join(sorted(shared)) or 'all'}, sum by {kind}"
                counted.setdefault((shared, what), []).append((parts[0].table, name, total))
    told = set()  # places that differ in both classes need not be told again of their sum
    for (_, what), places in sorted(counted.items(), key=lambda each: each[0][1], reverse=True):
        first, *others = places
        for other in others:
            pair = (first[:2], other[:2])
            if first[:2] == other[:2] or pair in told:
                continue
            if first[2] == other[2]:
                yield None
                continue
            told.add(pair)
            size = float(max(abs(a - b) for a, b in zip(first[2], other[2], strict=True)))
            yield Finding(other[0], f"{other[1]}: {what}", _text(other[2]), _text(first[2]), size, ", ".join(first[:2]))


def _counts(unit: Unit) -> Iterator[tuple[str, tuple[int, ...]]]:
    if unit.classes and ("negatives" in unit.said or unit.confusion):
        yield "with and without", unit.classes
    said = unit.said["n"].count if "n" in unit.said else unit.facts.get("n") if unit.name else None
    whole = [cell for cell in unit.counted.values() if cell.percent]
    if said is None and len(whole) > 1 and abs(sum(cell.percent.value for cell in whole if cell.percent) - 1) < 0.02:
        said = sum(cell.count or 0 for cell in whole)
    if said is not None:
        yield "n", (said,)


def _declared(table: Printed) -> Iterator[Finding | None]:
    """Sums that the document says there are: of rows in each column, or of columns in each row."""
    rows = {row[0]: cells for row, cells in zip(table.rows, table.cells, strict=True)}
    columns = {head: [cells[i] for cells in table.cells] for i, head in enumerate(table.columns)}
    for sum_ in table.sums:
        total, parts = str(sum_["total"]), [str(part) for part in sum_["parts"]]  # type: ignore[attr-defined]
        lines, across = (rows, list(table.columns)) if total in rows else (columns, [row[0] for row in table.rows])
        for i, label in enumerate(across):
            counts = [lines[name][i].count for name in (total, *parts)]
            if None in counts:
                continue
            whole, summed = counts[0], sum(counts[1:])  # type: ignore[arg-type]
            where, note = f"{total}, {label}", "sum of " + ", ".join(parts)
            printed, size = lines[total][i].text, float(abs(summed - whole))  # type: ignore[operator]
            yield None if summed == whole else Finding(table.number, where, printed, f"{summed:,}", size, note)


def _text(counts: tuple[int, ...]) -> str:
    return " and ".join(f"{count:,}" for count in counts)
