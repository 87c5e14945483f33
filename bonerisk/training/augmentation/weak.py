"""Weak augmentation: half of the films are mirrored (OsPenScreen, Model development)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bonerisk.errors import raise_together
from bonerisk.training.augmentation.settings import wrong_shares


@dataclass(frozen=True)
class Weak:
    """Mirror films left to right. The paper's second step, normalisation, is the encoder's.

    Attributes
    ----------
    flip : float
        Share of films that a step mirrors.

    Raises
    ------
    ConfigError
        `flip` is no share.
    """

    flip: float = 0.5

    def __post_init__(self) -> None:
        raise_together([*wrong_shares(flip=self.flip)])

    def draw(self, n: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """``mirrored`` (n,) bool."""
        return {"mirrored": random.random(n) < self.flip}

    def apply(self, images: Tensor, drawn: Mapping[str, np.ndarray]) -> Tensor:
        """The images, some of them flipped."""
        mirrored = torch.as_tensor(drawn["mirrored"], device=images.device)
        return torch.where(mirrored[:, None, None, None], images.flip(-1), images)
