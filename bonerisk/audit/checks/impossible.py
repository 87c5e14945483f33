"""A value that nothing can have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.measures import RATIOS, SHARES
from bonerisk.audit.tables import Printed

TITLE = "A value outside its range"
COUNTS = ("tp", "tn", "fp", "fn", "n", "events", "positives", "negatives")


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Rates, areas and p-values lie between 0 and 1, ratios above 0, counts are whole and not negative."""
    for unit in (unit for table in document for unit in table.units):
        for name, cell in unit.said.items():
            assert cell.number is not None
            if name not in (*SHARES, *COUNTS, *RATIOS, "p_value"):
                continue
            number = cell.number.over(unit.scale) if name in SHARES else cell.number
            low, high = (0.0, 1.0) if name in (*SHARES, "p_value") else (0.0, float("inf"))
            yield (
                None
                if number.admits(low, high)
                else Finding(
                    unit.table,
                    f"{unit.label}: {name}",
                    cell.text,
                    f"{low:g} to {high:g}",
                    None,
                    "the range it can have",
                )
            )
