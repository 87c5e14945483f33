"""Work that hangs on a sample or a drawn sample alone, done once and kept for as long as that lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


def computed_once(function: Callable[..., T]) -> Callable[..., T]:
    """Keep what `function(owner, *details)` gives; the result must not hold the owner, which could then never go.

    Threads may do the same work twice at the same time; what they get is the same.
    """
    kept: WeakKeyDictionary[Any, dict[tuple[Any, ...], T]] = WeakKeyDictionary()

    @wraps(function)
    def once(owner: Any, *details: Any) -> T:
        known = kept.setdefault(owner, {})
        if details not in known:
            known[details] = function(owner, *details)
        return known[details]

    return once
