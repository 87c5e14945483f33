"""Subgroups that together are everybody: women and men, bands of age."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bonerisk.audit.rates import printed
from bonerisk.audit.tables import Unit

SEXES = (frozenset(("female", "females", "women", "woman", "f")), frozenset(("male", "males", "men", "man", "m")))
BAND = re.compile(r"^([<>≤≥]?)(\d+)(?:–(\d+))?$")
Parts = tuple[Unit, ...]
POOLED = ("sensitivity", "specificity", "accuracy")  # rates of a whole that are means of its parts'


def partitions(units: Sequence[Unit]) -> Iterator[tuple[frozenset[str], str, Parts]]:
    """The words that all parts share, the kind of the parts ("sex" or "age"), and the parts; of a table each."""
    found: dict[tuple[str, frozenset[str], str], list[Unit]] = {}
    for unit in units:
        for word in unit.words:
            kind = "sex" if any(word in sex for sex in SEXES) else "age" if BAND.match(word) else ""
            if kind:
                found.setdefault((unit.table, unit.words - {word}, kind), []).append(unit)
    for (_, shared, kind), parts in found.items():
        words = [next(iter(unit.words - shared)) for unit in parts]
        complete = _both_sexes(words) if kind == "sex" else _contiguous(words)
        if complete:
            yield shared, kind, tuple(parts)


def pooled(parts: Parts, name: str) -> tuple[float, float] | None:
    """The least and greatest value of a rate in `POOLED` that parts give their whole; None: too little is printed."""
    if any(part.classes is None or name not in printed(part) for part in parts):
        return None
    sizes = [part.classes or (0, 0) for part in parts]
    weights = [sum(size) if name == "accuracy" else size[POOLED.index(name)] for size in sizes]
    rates = [printed(part)[name] for part in parts]
    if not sum(weights):
        return None
    low, high = (
        sum(weight * getattr(rate, end) for weight, rate in zip(weights, rates, strict=True)) / sum(weights)
        for end in ("low", "high")
    )
    return low, high


def _both_sexes(words: list[str]) -> bool:
    return len(words) == 2 and all(any(word in sex for word in words) for sex in SEXES)


def _contiguous(words: list[str]) -> bool:
    bands = []
    for word in words:
        sign, first, last = BAND.match(word).groups()  # type: ignore[union-attr]
        low, high = int(first), int(last or first)
        if not last and not sign:
            return False
        if sign in ("<", "≤"):
            low, high = -1, int(first) - (sign == "<")
        elif sign in (">", "≥"):
            low, high = int(first) + (sign == ">"), 1000
        bands.append((low, high))
    bands.sort()
    return len(bands) > 1 and bands[-1][1] == 1000 and all(a[1] + 1 == b[0] for a, b in pairwise(bands))
