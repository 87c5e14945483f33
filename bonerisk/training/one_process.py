"""One process on the CPU in 32 bit: what the loop needs of Lightning's Fabric.

Importing Fabric takes twice as long as importing torch, and longer than a small training.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


class _FullPrecision:
    """Precision without a loss scale, so that there is no state to resume from."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class OneProcess:
    """Members have the names, and do the work, of those of `lightning.fabric.Fabric`."""

    world_size, global_rank, is_global_zero = 1, 0, True
    device = torch.device("cpu")
    strategy = SimpleNamespace(precision=_FullPrecision())

    def launch(self, function: Callable[[OneProcess, nn.Module], T], model: nn.Module) -> T:
        """Call the function here."""
        return function(self, model)

    def setup(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Both, as they are."""
        return model, optimizer

    def autocast(self) -> AbstractContextManager[None]:
        """Compute in 32 bit."""
        return nullcontext()

    def no_backward_sync(self, model: Any, enabled: bool) -> AbstractContextManager[None]:
        """There is nobody to wait for."""
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss."""
        loss.backward()

    def all_reduce(self, values: Tensor, reduce_op: str) -> Tensor:
        """Sum over one process."""
        return values

    def broadcast(self, value: T) -> T:
        """Tell everybody."""
        return value
