"""The teacher of a training: a frozen model, or the moving average of the student."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bonerisk.training.distillation import Distillation, divergence
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


class Teacher:
    """What guides a `Distillation` in one process.

    Attributes
    ----------
    model : Model
        Without gradients and in eval mode, so its outputs are a function of the images alone.
    average : Model or None
        The model, if it is the student's moving average: it is then what is judged and kept.
    """

    def __init__(self, settings: Distillation, frozen: Frozen | None, student: Model, inputs: Inputs) -> None:
        """`inputs` are the student's for the films of the training split."""
        self.settings, self.frozen = settings, frozen
        model, self.inputs = (frozen.model, frozen.inputs) if frozen else (copy.deepcopy(student), inputs)
        self.model = model.requires_grad_(False).eval()
        self.average = None if frozen else self.model

    @torch.no_grad()
    def outputs(
        self, images: np.ndarray, batch: np.ndarray, part: np.ndarray, random: np.random.Generator, device: torch.device
    ) -> Tensor:
        """Outputs for `part` of a step's films, in the teacher's own view of them."""
        augmentation = self.settings.teacher_augmentation
        drawn = augmentation.draw(len(batch), random)
        films, *columns = self.inputs.tensors(images, batch[part], device)
        films = augmentation.apply(films, {name: values[part] for name, values in drawn.items()})
        found: Tensor = self.model(films, *columns).float()
        return found

    def divergences(self, outputs: Tensor, guide: Tensor) -> Tensor:
        """Divergence (m,) of the student's outputs from the teacher's, for each film."""
        return divergence(outputs, guide, self.settings.temperature)

    @torch.no_grad()
    def follow(self, student: Model, step: int) -> None:
        """Average ← d · average + (1 − d) · student, after step 0, 1, …; d = min(decay, 1 − 1 / (step + 2)).

        The rise of d lets the random first weights be forgotten soon (mean teachers). Whole numbers are copied. A
        frozen teacher stays as it is.
        """
        if self.average is None:
            return
        kept = min(self.settings.ema_decay, 1 - 1 / (step + 2))
        new: dict[str, Tensor] = student.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.mul_(kept).add_(new[name], alpha=1 - kept)
            else:
                value.copy_(new[name])
