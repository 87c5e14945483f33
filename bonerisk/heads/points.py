"""A heatmap of each point, from features that keep their place; its highest pixel is the point."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from bonerisk.cohort.targets.target import PointsTarget, find
from bonerisk.errors import ConfigError
from bonerisk.keypoints import heatmap

SCORE = "found_{}_score"  # a column of predictions


class PointsHead(nn.Module):
    """Maps of features → heatmaps, by a convolution of one pixel, as in HRNet (Sun et al. 2019, CVPR).

    Parameters
    ----------
    width : int
        Number of features of a pixel.
    target : str
        ``points``, the centres of L1 to L5; or names of points joined by a plus, from the first to the last.
    least_score : float
        A film is set aside where the highest pixel of one of its heatmaps is lower; a true point's is about 1.

    Raises
    ------
    ConfigError
        `least_score` is out of range.
    """

    target: str

    def __init__(self, width: int, target: PointsTarget = "points", least_score: float = 0.3) -> None:
        super().__init__()
        if not 0 <= least_score < 1:
            raise ConfigError(f"least_score is {least_score}, but must be from 0 to under 1", "head.least_score")
        self.target, self.least_score = target, least_score
        self.names = find(target).points
        self.heatmaps = nn.Conv2d(width, len(self.names), 1)

    def forward(self, features: Tensor) -> Tensor:
        """Heatmaps (n, points, rows, columns) of features (n, width, rows, columns)."""
        return self.heatmaps(features)

    def points(self, outputs: Tensor) -> Tensor:
        """Points (n, points, 2): x and y in pixels of the image, between whole ones."""
        return heatmap.on_image(heatmap.decode(outputs.detach())[0])

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """Scores (n,) of the points, 0 to 1; `risk`, 1 less the lowest; `set_aside` (0 or 1), where that is too low."""
        scores = heatmap.scores(outputs.detach()).double().cpu().numpy()
        lowest = scores.min(axis=1)
        found = {SCORE.format(name): scores[:, at] for at, name in enumerate(self.names)}
        return {"risk": 1 - lowest, "set_aside": (lowest < self.least_score).astype(float), **found}

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What an explanation is of: 1 less the lowest score (n,)."""
        return {"risk": 1 - heatmap.scores(outputs).amin(dim=1)}
