"""A whole's rates beside its parts'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.partitions import POOLED, partitions, pooled
from bonerisk.audit.rates import printed
from bonerisk.audit.tables import Printed

TITLE = "A total that its subgroups can't give"


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Sensitivity, specificity and accuracy of the whole are those of the parts, weighed by their patients."""
    units = [unit for table in document for unit in table.units]
    for shared, kind, parts in partitions(units):
        for whole in (unit for unit in units if unit.words == shared):
            for name in POOLED:
                given = pooled(parts, name)
                if given is None or name not in printed(whole):
                    continue
                number, (low, high) = printed(whole)[name], given
                if number.admits(low, high):
                    yield None
                    continue
                size = max(low - number.value, number.value - high)
                where, note = f"{whole.label}: {name}", f"mean of the subgroups by {kind}, {parts[0].table}"
                yield Finding(whole.table, where, whole.said[name].text, f"{low:.3f} to {high:.3f}", size, note)
