"""AdamW and its learning rate: linear warm-up, then a cosine to zero."""

from __future__ import annotations

import math

import torch
from torch import nn


def adamw(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW that decays matrices and kernels, never biases, norms and scales (vectors)."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr)


def learning_rate(lr: float, step: int, warmup: int, total: int) -> float:
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
    """
    if step < warmup:
        return lr * (step + 1) / warmup
    return lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))
