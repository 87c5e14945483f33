"""Where an estimate lies in its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from bonerisk.audit.finding import Finding
from bonerisk.audit.intervals import proportion, sidedness
from bonerisk.audit.measures import RANKINGS, RATES, RATIOS
from bonerisk.audit.numbers import Estimate
from bonerisk.audit.tables import Printed

TITLE = "An estimate at the edge of its interval"
FREE = math.log(
    2.5
)  # by which one arm may be longer than a usual interval's has it; assumed, see scripts/bench_audit.py


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Intervals of rates and areas are about as lopsided as the exact ones, those of ratios symmetric in logarithms."""
    for unit in (unit for table in document for unit in table.units):
        for name, cell in unit.said.items():
            if cell.estimate is None or name not in (*RATES, *RANKINGS, *RATIOS):
                continue
            estimate = cell.estimate if name in RATIOS else cell.estimate.over(unit.scale)
            usual = _usual(name, estimate)
            if usual is None:
                continue
            low, high = _printed(estimate, math.log if name in RATIOS else float)
            if high >= usual[0] - FREE and low <= usual[1] + FREE:
                yield None
                continue
            below, above = estimate.value.value - estimate.lower.value, estimate.upper.value - estimate.value.value
            note = f"{below:.3g} below the estimate, {above:.3g} above"
            yield Finding(unit.table, f"{unit.label}: {name}", cell.text, "arms more alike", None, note)


def _usual(name: str, estimate: Estimate) -> tuple[float, float] | None:
    """How lopsided usual intervals of this estimate and width are; None: it can't be said."""
    value, lower, upper = estimate.value.value, estimate.lower.value, estimate.upper.value
    if not lower <= value <= upper or math.isinf(upper) or upper == lower:
        return None  # another check's
    if name in RATIOS:
        return (0.0, 0.0) if lower > 0 else None
    if not 0.02 <= value <= 0.98 or upper > 1:
        return None  # so near the end that every interval is lopsided
    n = max(value * (1 - value) * (2 * 1.96 / (upper - lower)) ** 2, 5.0)  # patients that make it so wide
    sides = [sidedness(value, *interval) for interval in proportion(value, n)]
    return min(0.0, *sides), max(0.0, *sides)


def _printed(estimate: Estimate, scale: Callable[[float], float]) -> tuple[float, float]:
    """The least and greatest sidedness of what may have been rounded to the printed numbers."""

    def side(value: float, lower: float, upper: float) -> float:
        arms = [max(scale(far) - scale(near), 1e-12) for far, near in ((upper, value), (value, lower))]
        return math.log(arms[0] / arms[1])

    tiny = 1e-9 if scale is math.log else -math.inf
    value, low, high = estimate.value, estimate.lower, estimate.upper
    least = max(value.low, tiny)
    return (
        side(value.high, max(low.low, tiny), max(high.low, value.high)),
        side(least, min(max(low.high, tiny), least), high.high),
    )
