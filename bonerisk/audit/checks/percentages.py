"""Percentages beside the counts that they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.tables import Printed, Unit

TITLE = "Percentages that their counts don't give"
NEAR = 0.02  # within which the percentages of a whole add up to 1, when each is rounded or one is wrong


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """A percentage is its count's share of the head's n, or of the counts beside it where these make up a whole."""
    for table in document:
        units = [unit for unit in table.units if unit.counted]
        whole = sum(map(_is_whole, units)) * 2 >= len(units) > 0
        for unit in units:
            of = unit.facts.get("n") or (sum(cell.count or 0 for cell in unit.counted.values()) if whole else 0)
            shares = {label: (cell.count or 0) / of for label, cell in unit.counted.items()} if of else {}
            fits = {label: unit.counted[label].percent.admits(share) for label, share in shares.items()}  # type: ignore[union-attr]
            if not whole and sum(fits.values()) * 2 < len(fits):
                continue  # they are of something else than n, as of those without missing values
            for label, share in shares.items():
                cell = unit.counted[label]
                assert cell.percent is not None
                size = 100 * abs(share - cell.percent.value)
                where, recomputed = f"{unit.label}: {label}", f"{100 * share:.2f}%"
                yield (None if fits[label] else Finding(table.number, where, cell.text, recomputed, size, f"of {of:,}"))


def _is_whole(unit: Unit) -> bool:
    if unit.confusion:
        return True
    percents = [cell.percent.value for cell in unit.counted.values() if cell.percent]
    return len(percents) > 1 and abs(sum(percents) - 1) <= NEAR
