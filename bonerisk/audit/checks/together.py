"""Rates beside each other: no table of patients has them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bonerisk.audit.finding import Finding
from bonerisk.audit.rates import matrices, prevalences, printed
from bonerisk.audit.tables import Printed, Unit

TITLE = "Rates that can't stand together"


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Sensitivity, specificity and the sizes of both classes determine the other rates; without sizes, PPV, NPV,
    accuracy and F1 must agree on one prevalence."""
    for unit in (unit for table in document for unit in table.units):
        rates = printed(unit)
        others = [name for name in rates if name not in ("sensitivity", "specificity")]
        if unit.confusion or not others or not {"sensitivity", "specificity"} <= rates.keys():
            continue
        allowed = matrices(unit)
        yield from _with_sizes(unit, allowed, others) if allowed else _without(unit, others)


def _with_sizes(unit: Unit, allowed: dict[str, np.ndarray], others: list[str]) -> Iterator[Finding | None]:
    rates = printed(unit)
    assert unit.classes is not None
    sizes = f"with {unit.classes[0]:,} and without {unit.classes[1]:,}, sensitivity and specificity as printed"
    for name in others:
        values = allowed[name][~np.isnan(allowed[name])]
        if not len(values) or ((values >= rates[name].low) & (values <= rates[name].high)).any():
            yield None
            continue
        low, high = values.min(), values.max()
        size = max(low - rates[name].value, rates[name].value - high)
        range_ = f"{low:.4f}" if high - low < 5e-5 else f"{low:.4f} to {high:.4f}"
        yield Finding(unit.table, f"{unit.label}: {name}", unit.said[name].text, range_, float(size), sizes)


def _without(unit: Unit, others: list[str]) -> Iterator[Finding | None]:
    allowed = list(prevalences(printed(unit)))
    if len(allowed) < 2:
        return
    least, most = max(allowed, key=lambda each: each[1]), min(allowed, key=lambda each: each[2])
    if least[1] <= most[2]:
        yield None
        return
    text = "; ".join(f"{name} {unit.said[name].text}" for name in ("sensitivity", "specificity", *others))
    said = f"{most[0]} allows a prevalence up to {most[2]:.3f}, {least[0]} none under {least[1]:.3f}"
    yield Finding(unit.table, unit.label, text, said, least[1] - most[2], "no prevalence gives all of them")
