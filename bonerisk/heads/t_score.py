"""The T-score itself, from the features of a film: a linear regression that is trained with the encoder."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from bonerisk.cohort.targets.target import AmountTarget


class TScoreHead(nn.Module):
    """Features → the T-score.

    Parameters
    ----------
    width : int
        Number of features a film.
    target : str
        Name of a target that is an amount.
    """

    target: str

    def __init__(self, width: int, target: AmountTarget = "t_score") -> None:
        super().__init__()
        self.target = target
        self.score = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """T-scores (n,) of features (n, width), in standard deviations."""
        return self.score(features).squeeze(1)

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """The T-score (n,) as `estimate`, and as `risk` with its sign turned: a lower T-score is worse."""
        estimate = outputs.detach().double().cpu().numpy()
        return {"risk": -estimate, "estimate": estimate}

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What an explanation is of: the T-score (n,) with its sign turned, which rises with the risk."""
        return {"risk": -outputs}
