"""p-values beside intervals, and beside the means and counts that they compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.measures import RATIOS, measure
from bonerisk.audit.numbers import Cell, Number
from bonerisk.audit.p_values import of_counts, of_means, of_ratio
from bonerisk.audit.tables import SIZE, Printed

TITLE = "A p-value that its estimates don't give"
FREE = 1.25  # by which the printed p may differ from usual tests', which it may not be one of
LIKELIHOOD = 3.0  # by which another test than Wald's may differ from the interval's p


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """An interval of a ratio excludes 1 if p < 0.05 and holds it otherwise; groups' p follows from means or counts."""
    for table in document:
        yield from _ratios(table)
        yield from _groups(table)


def _ratios(table: Printed) -> Iterator[Finding | None]:
    for unit in table.units:
        p = unit.said.get("p_value")
        for name in RATIOS:
            cell = unit.said.get(name)
            if p is None or p.number is None or cell is None or cell.estimate is None:
                continue
            low, high = of_ratio(cell.estimate)
            where, printed = f"{unit.label}: {name}", f"{cell.text}, p {p.text}"
            fits = _fits(p, low / LIKELIHOOD, min(high * LIKELIHOOD, 1.0))
            yield None if fits else Finding(table.number, where, printed, _range(low, high), None, "of the interval")


def _groups(table: Printed) -> Iterator[Finding | None]:
    sized = [(i, found) for i, head in enumerate(table.columns) if (found := SIZE.search(head))]
    p = next((i for i, head in enumerate(table.columns) if measure(head) == "p_value"), None)
    if p is None or len(sized) != 2:
        return
    (left, n_left), (right, n_right) = ((i, int(found.group(1).replace(",", ""))) for i, found in sized)
    for row, cells in zip(table.rows, table.cells, strict=True):
        a, b, of = cells[left], cells[right], cells[p]
        if of.number is None:
            continue
        if a.sd and b.sd:
            values = of_means(a, n_left, b, n_right)
        elif (
            a.count is not None
            and b.count is not None
            and a.percent
            and b.percent
            and max(a.count - n_left, b.count - n_right) <= 0
        ):
            values = of_counts(a.count, n_left, b.count, n_right)
        else:
            continue
        low, high = min(values), max(values)
        fits = _fits(of, low / FREE, min(high * FREE, 1.0))
        note = f"{a.text} of {n_left:,}, {b.text} of {n_right:,}"
        yield None if fits else Finding(table.number, row[0], of.text, _range(low, high), None, note)


def _fits(p: Cell, low: float, high: float) -> bool:
    number: Number | None = p.number
    assert number is not None
    if p.sign:
        return low < number.high if p.sign == "<" else high > number.low
    return number.admits(low, high)


def _range(low: float, high: float) -> str:
    return f"p {low:.2g}" if high < 1.05 * low else f"p {low:.2g} to {high:.2g}"
