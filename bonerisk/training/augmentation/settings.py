"""Limits of an augmentation's settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bonerisk.errors import ConfigError

WHERE = "training.augmentation"


def wrong_shares(**shares: float) -> Iterator[ConfigError]:
    """Yield an error for each share of films that is not between 0 and 1."""
    for name, share in shares.items():
        if not 0 <= share <= 1:
            yield ConfigError(f"{name} is {share}, but must be from 0 to 1", f"{WHERE}.{name}")


def wrong_ranges(**ranges: tuple[Sequence[float], float, float]) -> Iterator[ConfigError]:
    """Yield an error for each range [low, high] that is turned round or leaves its limits (lowest, highest)."""
    for name, (values, lowest, highest) in ranges.items():
        if len(values) != 2 or not lowest <= values[0] <= values[1] <= highest:
            what = f"{name} is {list(values)}, but must be [low, high] within {lowest:g} to {highest:g}"
            yield ConfigError(what, f"{WHERE}.{name}")
