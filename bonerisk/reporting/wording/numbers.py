"""Numbers as a journal prints them: 0.85 (0.82–0.88), 12 (34%), 57.3 ± 6.1."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

MISSING = "–"
MOST = 999  # of an upper limit, beyond which it is as good as none


def number(value: float, decimals: int = 2, sign: bool = False) -> str:
    """`value` with a true minus sign; `MISSING` where there is none. Zero never has a sign."""
    if value is None or math.isnan(value):
        return MISSING
    value = round(value, decimals) + 0.0  # −0.0 becomes 0.0
    return f"{value:{'+' if sign and value else ''}.{decimals}f}".replace("-", "−")


def count(value: float) -> str:
    """A whole number with thousands separated."""
    return MISSING if pd.isna(value) else f"{int(value):,}"


def interval(estimate: float, lower: float, upper: float, sign: bool = False, decimals: int = 2) -> str:
    """An estimate with its interval; limits that may be negative are joined by "to", since a dash reads as a minus."""
    if pd.isna(estimate):
        return MISSING
    if pd.isna(lower) or pd.isna(upper):
        return number(estimate, decimals, sign)
    below = number(lower, decimals, sign)
    joint = " to " if sign or below.startswith("−") else "–"
    above = f">{MOST:,}" if upper > MOST else number(upper, decimals, sign)
    return f"{number(estimate, decimals, sign)} ({below}{joint}{above})"


def percent(estimate: float, lower: float, upper: float) -> str:
    """Proportions as ``8.6% (6.9–10.6)``."""
    if pd.isna(estimate):
        return MISSING
    limits = "" if pd.isna(lower) or pd.isna(upper) else f" ({100 * lower:.1f}–{100 * upper:.1f})"
    return f"{100 * estimate:.1f}%{limits}"


def p_value(p: float) -> str:
    """``0.24``, ``0.012``, ``<0.001``."""
    if pd.isna(p):
        return MISSING
    return "<0.001" if p < 0.001 else number(p, 3 if p < 0.1 else 2)


def share(part: float, whole: float) -> str:
    """A count and its percentage of the whole: ``12 (34%)``, with one decimal where there are 200 or more."""
    if pd.isna(part) or not whole:
        return count(part)
    return f"{count(part)} ({100 * part / whole:.{1 if whole >= 200 else 0}f}%)"


def mean_sd(values: pd.Series) -> str:
    """Mean ± standard deviation with one decimal, over what is not missing."""
    values = values.dropna()
    if values.empty:
        return MISSING
    return f"{number(values.mean(), 1)} ± {number(values.std(), 1)}" if len(values) > 1 else number(values.mean(), 1)


def plural(n: float, noun: str) -> str:
    """``1 film``, ``1,204 films``."""
    return f"{count(n)} {noun}{'' if n == 1 else 's'}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    *first, end = list(items)
    return f"{', '.join(first)} {last} {end}" if first else end
