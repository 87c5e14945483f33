"""One linear score a film: low bone mass or normal."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn


class BinaryHead(nn.Module):
    """Features → the logit of the target; higher is worse (OsPenScreen, Model development).

    Parameters
    ----------
    width : int
        Number of features a film.
    target : {"low_bone_mass"}
        What a label of 1 means.
    """

    def __init__(self, width: int, target: Literal["low_bone_mass"] = "low_bone_mass") -> None:
        super().__init__()
        self.target = target
        self.score = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n,) of features (n, width)."""
        return self.score(features).squeeze(1)

    def risk(self, logits: Tensor) -> Tensor:
        """Probability of the target."""
        return logits.sigmoid()
