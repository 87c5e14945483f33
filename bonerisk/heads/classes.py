"""A probability of each class of bone mass: normal, low bone mass, osteoporosis."""

from __future__ import annotations

import numpy as np
import torch
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
        self.logits = nn.Linear(width, len(BONE_CLASSES))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, 3) of features (n, width)."""
        return self.logits(features)

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """Probability (n,) of each class, as `p_<class>`, and the expected class (n,), 0 to 2, as `risk`."""
        p = outputs.detach().double().softmax(dim=1).cpu().numpy()
        return {"risk": p @ np.arange(p.shape[1])} | {f"p_{name}": p[:, at] for at, name in enumerate(BONE_CLASSES)}

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What an explanation is of: the expected class (n,) as `risk`, and the logit of each class by its name."""
        number = torch.arange(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
        logits = zip(BONE_CLASSES, outputs.unbind(dim=1), strict=True)
        return {"risk": outputs.softmax(dim=1) @ number, **dict(logits)}
