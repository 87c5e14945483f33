"""One linear score a film: low bone mass or normal."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from bonerisk.cohort.targets.target import BinaryTarget


class BinaryHead(nn.Module):
    """Features → the logit of the target; higher is worse (OsPenScreen, Model development).

    Parameters
    ----------
    width : int
        Number of features a film.
    target : str
        Name of a target of yes or no.
    """

    target: str

    def __init__(self, width: int, target: BinaryTarget = "low_bone_mass") -> None:
        super().__init__()
        self.target = target
        self.score = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n,) of features (n, width)."""
        return self.score(features).squeeze(1)

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """Probability (n,) of the target, as `risk`."""
        return {"risk": outputs.detach().sigmoid().double().cpu().numpy()}
