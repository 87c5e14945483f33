"""A probability of each class of bone mass: normal, low bone mass, osteoporosis."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.cohort.targets.target import OrdinalTarget


class ClassesHead(nn.Module):
    """Features → a logit of each class, by a linear layer.

    Parameters
    ----------
    width : int
        Number of features a film.
    target : str
        Name of a target of classes in order.
    """

    target: str

    def __init__(self, width: int, target: OrdinalTarget = "bone_class") -> None:
        super().__init__()
        self.target = target
        self.scores = nn.Linear(width, len(BONE_CLASSES))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, 3) of features (n, width)."""
        return self.scores(features)

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """Probability (n,) of each class, as `p_<class>`, and the expected class (n,), 0 to 2, as `risk`."""
        p = outputs.detach().double().softmax(dim=1).cpu().numpy()
        return {"risk": p @ np.arange(p.shape[1])} | {f"p_{name}": p[:, at] for at, name in enumerate(BONE_CLASSES)}
