"""A rate that is no share of the patients it is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bonerisk.audit.finding import Finding
from bonerisk.audit.rates import counts_of, printed
from bonerisk.audit.tables import Printed

TITLE = "A rate that no whole number of patients gives"


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Sensitivity is a whole number of the cases, specificity one of the others, accuracy one of all (GRIM)."""
    for unit in (unit for table in document for unit in table.units):
        if unit.classes is None or unit.confusion:
            continue
        of = {"sensitivity": unit.classes[0], "specificity": unit.classes[1], "accuracy": sum(unit.classes)}
        for name, number in printed(unit).items():
            if name not in of or not of[name] or number.half * 2 * of[name] >= 1:
                continue  # so few decimals, or so many patients, that there is always one
            if len(counts_of(number, of[name])):
                yield None
                continue
            nearest = round(number.value * of[name])
            value = nearest / of[name]
            note = f"the nearest share of {of[name]:,} is {nearest:,}"
            size = float(np.abs(value - number.value))
            yield Finding(unit.table, f"{unit.label}: {name}", unit.said[name].text, f"{value:.4f}", size, note)
