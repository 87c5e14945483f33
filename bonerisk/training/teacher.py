"""The teacher of a training: a frozen model, or the moving average of the student."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model


@dataclass(frozen=True)
class Frozen:
    """A trained model, and its inputs for the films of the training split (columns are scaled as it learnt them)."""

    model: Model
    inputs: Inputs

    @property
    def digest(self) -> str:
        """SHA-256 of the weights' names and values."""
        found = hashlib.sha256()
        for name, value in self.model.state_dict().items():
            found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()


def average_of(student: Model) -> Model:
    """The average before the first step: a copy of the student."""
    return still(copy.deepcopy(student))


def still(model: Model) -> Model:
    """The model without gradients, in eval mode: its outputs are a function of the images alone."""
    return model.requires_grad_(False).eval()


@torch.no_grad()
def update(average: Model, student: Model, step: int, decay: float) -> None:
    """Average ← d · average + (1 − d) · student, after step 0, 1, …; d = min(decay, 1 − 1 / (step + 2)).

    The rise of d lets the random first weights be forgotten soon (mean teachers). Whole numbers are copied.
    """
    kept = min(decay, 1 - 1 / (step + 2))
    new: dict[str, Tensor] = student.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.mul_(kept).add_(new[name], alpha=1 - kept)
        else:
            value.copy_(new[name])
