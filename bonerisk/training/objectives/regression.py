"""Distance of an amount, such as the T-score, from its estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import mse_loss, smooth_l1_loss

from bonerisk.cohort.targets.target import Kind
from bonerisk.errors import DataError
from bonerisk.training import batches


@dataclass(frozen=True)
class Regression:
    """Estimates (n,) against T-scores (n,).

    The mean absolute error on the tuning split chooses the epoch; among equal ones, the lowest loss.

    Attributes
    ----------
    distance : {"squared", "smooth_l1"}
        `smooth_l1` is squared up to one standard deviation and grows in proportion beyond it: a reading that is far off
        counts less (Girshick 2015, Fast R-CNN).
    """

    distance: Literal["squared", "smooth_l1"] = "squared"

    kinds: ClassVar[tuple[Kind, ...]] = ("amount",)
    columns: ClassVar[Mapping[str, str]] = {"tune_loss": "loss", "tune_mae": "mean absolute error"}
    best_by: ClassVar[tuple[tuple[str, int], ...]] = (("tune_mae", -1), ("tune_loss", -1))
    whole_batch: ClassVar[bool] = False

    def targets(self, table: pd.DataFrame) -> np.ndarray:
        """T-scores (n,) float64."""
        return table["t_score"].to_numpy(dtype=float)

    def check(self, train: np.ndarray, tune: np.ndarray) -> None:
        """Refuse a training split of one T-score, and a tuning split of none.

        Raises
        ------
        DataError
        """
        mend = "Bring films of other T-scores, or split them otherwise (dataset.split_seed, or a column `split`)"
        if len(np.unique(train)) < 2:
            raise DataError(f"The split 'train' has {len(train)} films, and not of two T-scores", "t_score", mend)
        if not len(tune):
            raise DataError("The split 'tune' has no film with a T-score, by which an epoch is chosen", "t_score", mend)

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Every film weighs the same, (n,)."""
        return np.ones(len(targets))

    def batches(self, targets: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
        """Films of each step of an epoch, in a random order."""
        return batches.batches(len(targets), size, seed, epoch)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Distance (n,) of each film."""
        distance = mse_loss if self.distance == "squared" else smooth_l1_loss
        return distance(outputs, targets, reduction="none")

    def score(self, outputs: Tensor, targets: np.ndarray) -> dict[str, float]:
        """Mean loss and mean absolute error."""
        observed = torch.as_tensor(targets, dtype=torch.float32, device=outputs.device)
        mae = float((outputs - observed).abs().mean())
        return {"tune_loss": float(self.loss(outputs, observed).mean()), "tune_mae": mae}
