"""One linear score a film: of low bone mass, or of another outcome of yes or no."""

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
        Name of a target of yes or no, or of a column of the user's own.
    target_words : str, optional
        What such a column is called on the page: ``COVID-19``.
    """

    target: str

    def __init__(self, width: int, target: BinaryTarget = "low_bone_mass", target_words: str | None = None) -> None:
        super().__init__()
        self.target, self.target_words = target, target_words
        self.score = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n,) of features (n, width)."""
        return self.score(features).squeeze(1)

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """Probability (n,) of the target, as `risk`."""
        return {"risk": outputs.detach().sigmoid().double().cpu().numpy()}

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What an explanation is of: the logit, which rises with the risk."""
        return {"risk": outputs}
