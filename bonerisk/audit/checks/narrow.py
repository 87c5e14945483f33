"""Intervals beside the number of patients that they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.intervals import proportion, ranking
from bonerisk.audit.measures import RANKINGS
from bonerisk.audit.rates import printed
from bonerisk.audit.tables import Printed, Unit

TITLE = "An interval narrower than its patients allow"
# Of the narrowest usual interval; assumed, and tried on tables with and without errors (scripts/bench_audit.py). An
# area's depends on the distributions of the scores, and near 1 no longer follows Hanley and McNeil.
LEAST = {"rate": 0.75, "ranking": 0.5}
NEAR_ONE = 0.94


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """95 % intervals of rates, areas and C-indices are about as wide as as many patients make them."""
    for unit in (unit for table in document for unit in table.units):
        for name, cell in unit.said.items():
            narrowest, of = _narrowest(unit, name)
            if cell.estimate is None or not narrowest:
                continue
            estimate = cell.estimate.over(unit.scale)
            if estimate.upper.high - estimate.lower.low >= narrowest:
                yield None
                continue
            width = estimate.upper.value - estimate.lower.value
            where, wanted, note = f"{unit.label}: {name}", f"wider than {narrowest:.3f}", f"{width:.3f} wide, of {of}"
            yield Finding(unit.table, where, cell.text, wanted, narrowest - width, note)


def _narrowest(unit: Unit, name: str) -> tuple[float, str]:
    """The least width that passes, as a share, and what makes it; 0: not told."""
    number = unit.said[name].number
    if unit.classes is None or min(unit.classes) == 0 or number is None:
        return 0.0, ""
    (with_it, without), value = unit.classes, number.over(unit.scale).value
    if name in RANKINGS and value <= NEAR_ONE:
        low, high = ranking(max(value, 0.5), with_it, without)
        return LEAST["ranking"] * (high - low), f"{with_it:,} with and {without:,} without"
    n = _patients(unit, with_it, without).get(name)
    if not n or not 0 <= value <= 1:
        return 0.0, ""
    return LEAST["rate"] * min(high - low for low, high in proportion(value, n)), f"{n:,.0f} patients"


def _patients(unit: Unit, with_it: int, without: int) -> dict[str, float]:
    """Of how many each rate is; of PPV and NPV, by the other rates."""
    rates = printed(unit)
    of: dict[str, float] = {"sensitivity": with_it, "specificity": without, "accuracy": with_it + without}
    if "sensitivity" in rates and "specificity" in rates:
        positive = rates["sensitivity"].high * with_it + (1 - rates["specificity"].low) * without
        of |= {"ppv": positive, "npv": with_it + without - positive}
    return of
