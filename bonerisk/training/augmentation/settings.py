"""Limits of an augmentation's settings."""

from __future__ import annotations

from collections.abc import Sequence

from bonerisk.errors import ConfigError, raise_together

WHERE = "training.augmentation"


def check_shares(**shares: float) -> None:
    """Refuse shares of films that are not between 0 and 1.

    Raises
    ------
    ConfigError
        One for each, raised together.
    """
    wrong = {name: share for name, share in shares.items() if not 0 <= share <= 1}
    raise_together(
        [ConfigError(f"{name} is {share}, but must be from 0 to 1", f"{WHERE}.{name}") for name, share in wrong.items()]
    )


def check_ranges(**ranges: tuple[Sequence[float], float, float]) -> None:
    """Refuse ranges [low, high] that are turned round or leave their limits (lowest, highest).

    Raises
    ------
    ConfigError
        One for each, raised together.
    """
    errors = []
    for name, (values, lowest, highest) in ranges.items():
        if len(values) != 2 or not lowest <= values[0] <= values[1] <= highest:
            what = f"{name} is {list(values)}, but must be [low, high] within {lowest:g} to {highest:g}"
            errors.append(ConfigError(what, f"{WHERE}.{name}"))
    raise_together(errors)
