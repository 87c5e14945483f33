"""AdamW and its learning rate: linear warm-up, then a cosine."""

from __future__ import annotations

import math
from inspect import unwrap

import torch
from torch import nn
from torch.optim import AdamW, Optimizer


class _AdamW(AdamW):
    """torch's AdamW without wrappers that import torch's compiler only to exclude these methods from compilation.

    The import takes as long as that of torch itself; nothing here is compiled.
    """

    step = torch.no_grad()(unwrap(AdamW.step))
    zero_grad = unwrap(Optimizer.zero_grad)
    add_param_group = unwrap(Optimizer.add_param_group)
    state_dict = unwrap(Optimizer.state_dict)
    load_state_dict = unwrap(Optimizer.load_state_dict)


def adamw(model: nn.Module, lr: float, weight_decay: float) -> AdamW:
    """AdamW that decays matrices and kernels, never biases, norms and scales (vectors)."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return _AdamW(groups, lr=lr)


def learning_rate(lr: float, step: int, warmup: int, total: int, end: float = 0.0) -> float:
    """Learning rate of a step.

    It depends on the step alone, so that a resumed training needs no schedule's state.

    Parameters
    ----------
    lr : float
        The highest rate, reached with step `warmup`.
    step : int
        Counted from 0 to `total` − 1 over all epochs.
    warmup, total : int
        Steps of the linear rise, and of the whole training.
    end : float
        The rate to which the cosine falls.
    """
    if step < warmup:
        return lr * (step + 1) / warmup
    return end + (lr - end) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))
