"""Distance of heatmaps from a Gaussian around each point (spine DeepSurv, Image preprocessing; HRNet)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bonerisk.cohort.targets.target import Kind
from bonerisk.errors import ConfigError, DataError
from bonerisk.keypoints import heatmap, oks
from bonerisk.training import batches


@dataclass(frozen=True)
class Heatmaps:
    """Heatmaps (n, points, rows, columns) against points (n, points, 2) in pixels of the image, NaN where missing.

    The loss of a film is the mean squared distance over the heatmaps of its marked points; others weigh nothing. A
    point that augmentation has moved off the image has an empty heatmap, which teaches the score of what is not there.
    The mean similarity of points (OKS) on the tuning split chooses the epoch; among equals, the lowest loss.

    Attributes
    ----------
    sigma : float
        Of the Gaussian, in pixels of the map.

    Raises
    ------
    ConfigError
        `sigma` is out of range.
    """

    sigma: float = 2.0

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    columns: ClassVar[Mapping[str, str]] = {"tune_loss": "loss", "tune_oks": "mean OKS"}
    best_by: ClassVar[tuple[tuple[str, int], ...]] = (("tune_oks", 1), ("tune_loss", -1))
    whole_batch: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0.5 <= self.sigma <= 10:
            what = f"sigma is {self.sigma}, but must be from 0.5 to 10 pixels of the map"
            raise ConfigError(what, "training.objective.sigma")

    def targets(self, table: pd.DataFrame) -> np.ndarray:
        """Points (n, points, 2) float64: x and y in pixels of the image."""
        return table.to_numpy(dtype=float).reshape(len(table), -1, 2)

    def check(self, train: np.ndarray, tune: np.ndarray) -> None:
        """Refuse a training split in which a point is never marked, and a tuning split without both ends marked.

        Raises
        ------
        DataError
        """
        where = "head.target"
        if not len(train) or not np.isfinite(train).all(axis=2).any(axis=0).all():
            what = f"the split 'train' has {len(train)} films, and one of the points is marked on none"
            raise DataError(what, where, "mark it, or name the points that are there: head.target=A+B+C")
        if not _ends(tune).any():
            what = f"none of the {len(tune)} films of the split 'tune' has the first and the last point marked"
            mend = "by their distance an epoch is judged: bring such films, or split otherwise (dataset.split_seed)"
            raise DataError(what, where, mend)

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Every film weighs the same, (n,)."""
        return np.ones(len(targets))

    def batches(self, targets: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
        """Films of each step of an epoch, in a random order."""
        return batches.batches(len(targets), size, seed, epoch)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared distance (n,) of the heatmaps of each film's marked points; 0 where none is."""
        marked = targets.isfinite().all(dim=2)
        rows, columns = outputs.shape[2:]
        drawn = heatmap.draw(heatmap.on_map(targets.nan_to_num()), marked, (rows, columns), self.sigma)
        squared = (outputs - drawn).square().sum(dim=(2, 3)) * marked
        return squared.sum(dim=1) / marked.sum(dim=1).clamp_min(1) / (4 * self.sigma**2)

    def score(self, outputs: Tensor, targets: np.ndarray) -> dict[str, float]:
        """Mean loss, and the mean OKS of films whose first and last point are marked."""
        loss = self.loss(outputs, torch.as_tensor(targets, dtype=torch.float32, device=outputs.device))
        found = heatmap.on_image(heatmap.decode(outputs)[0]).cpu().numpy()
        scaled = _ends(targets)
        true, marked = targets[scaled], np.isfinite(targets[scaled]).all(axis=2)
        similar = oks.similarity(found[scaled], true, marked, oks.SCALE * oks.length(true))
        return {"tune_loss": float(loss.mean()), "tune_oks": float(similar.mean())}


def _ends(points: np.ndarray) -> np.ndarray:
    """Whether the first and the last point of each film are marked, (n,)."""
    return np.isfinite(points[:, [0, -1]]).all(axis=(1, 2))
