"""Hidden layers of a head that is trained with its encoder."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from bonerisk.errors import ConfigError


def perceptron(width: int, hidden: Sequence[int], dropout: float, outputs: int, bias: bool = True) -> nn.Sequential:
    """Features (n, width) → outputs (n, outputs), by hidden layers of ReLU with drop-out; without any it is linear.

    Raises
    ------
    ConfigError
        A layer has no unit, or the drop-out is no share.
    """
    if not 0 <= dropout < 1 or min([1, *hidden]) < 1:
        what = f"hidden={list(hidden)}, dropout={dropout} are no layers"
        raise ConfigError(what, "head", "take whole numbers over 0, and a dropout from 0 to under 1")
    parts: list[nn.Module] = []
    for before, after in zip([width, *hidden], hidden, strict=False):
        parts += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts, nn.Linear([width, *hidden][-1], outputs, bias))
