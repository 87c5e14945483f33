"""Work that depends on a sample or a drawn sample alone, done once and kept for as long as that lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")
Details = TypeVarTuple("Details")
T = TypeVar("T")


def computed_once(function: Callable[[Owner, *Details], T]) -> Callable[[Owner, *Details], T]:
    """Keep what `function(owner, *details)` gives; the result must not hold the owner, which could then never go.

    Threads may do the same work twice at the same time; what they get is the same.
    """
    kept: WeakKeyDictionary[Owner, dict[tuple[*Details], T]] = WeakKeyDictionary()

    @wraps(function)
    def once(owner: Owner, *details: *Details) -> T:
        known = kept.setdefault(owner, {})
        if details not in known:
            known[details] = function(owner, *details)
        return known[details]

    return once
