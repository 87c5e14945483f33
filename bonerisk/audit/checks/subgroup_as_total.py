"""A whole that has the numbers of a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.partitions import POOLED, partitions, pooled
from bonerisk.audit.rates import printed
from bonerisk.audit.tables import Printed, Unit

TITLE = "A subgroup's numbers printed as those of the whole"
ENOUGH = 4  # equal rates; fewer are soon equal by chance


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """The whole doesn't have all rates of one part, where the parts together give others."""
    units = [unit for table in document for unit in table.units]
    for shared, _, parts in partitions(units):
        for whole in (unit for unit in units if unit.words == shared):
            given = {name: pooled(parts, name) for name in POOLED if name in printed(whole)}
            if not any(given.values()):
                continue
            wrong = [name for name, range_ in given.items() if range_ and not printed(whole)[name].admits(*range_)]
            for part in parts:
                same = [name for name, number in printed(part).items() if _value(whole, name) == number.value]
                if len(same) < max(ENOUGH, len(printed(part)) - 1) or not wrong:
                    yield None
                    continue
                texts = "; ".join(f"{name} {whole.said[name].text}" for name in same)
                note = f"equal to {part.table}, {part.label}"
                yield Finding(whole.table, whole.label, texts, "what the parts together give", None, note)


def _value(unit: Unit, name: str) -> float | None:
    number = printed(unit).get(name)
    return number.value if number else None
