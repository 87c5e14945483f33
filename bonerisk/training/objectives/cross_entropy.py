"""Cross-entropy of a yes-or-no target (OsPenScreen, Model development), or of classes in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from bonerisk.cohort.targets.target import Kind
from bonerisk.errors import DataError, raise_together
from bonerisk.evaluation.metrics.discrimination import auc
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.training import batches


@dataclass(frozen=True)
class CrossEntropy:
    """Logits (n,) against labels (n,) of 1 or 0, or logits (n, k) against classes (n,) from 0.

    The AUC on the tuning split chooses the epoch, not the loss: a screening score is judged by it, thresholds are
    fitted afterwards, and the loss of a network that ranks ever better can rise with its confidence. Among epochs of
    equal AUC, the one with the lowest loss is kept. The AUC of classes is the mean of the expected class's for each
    class or worse against better ones; a cut without films on both sides is left out.

    Attributes
    ----------
    class_weights : {"none", "balanced"}
        `balanced` lets all classes count equally in the loss of training; the tuning loss has no weights.
    """

    class_weights: Literal["none", "balanced"] = "none"

    kinds: ClassVar[tuple[Kind, ...]] = ("binary", "ordinal")
    columns: ClassVar[Mapping[str, str]] = {"tune_loss": "loss", "tune_auc": "AUC"}
    best_by: ClassVar[tuple[tuple[str, int], ...]] = (("tune_auc", 1), ("tune_loss", -1))
    whole_batch: ClassVar[bool] = False

    def targets(self, table: pd.DataFrame) -> np.ndarray:
        """Labels (n,) float64."""
        return table["label"].to_numpy(dtype=float)

    def check(self, train: np.ndarray, tune: np.ndarray) -> None:
        """Refuse splits that have films of one class only.

        Raises
        ------
        DataError
        """
        mend = "Bring films of another class, or split them otherwise"
        single = [(split, of) for split, of in (("train", train), ("tune", tune)) if len(np.unique(of)) < 2]
        raise_together(
            [
                DataError(f"The split {split!r} has {len(of)} films, all of one class", "label", mend)
                for split, of in single
            ]
        )

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Weight (n,) of each film, of mean 1; `balanced` gives all classes that are there the same sum."""
        if self.class_weights == "none":
            return np.ones(len(targets))
        classes, at, counts = np.unique(targets, return_inverse=True, return_counts=True)
        return (len(targets) / (len(classes) * counts))[at]

    def batches(self, targets: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
        """Films of each step of an epoch, in a random order."""
        return batches.batches(len(targets), size, seed, epoch)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy (n,) of each film."""
        if outputs.ndim == 1:
            return binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        return cross_entropy(outputs, targets.long(), reduction="none")

    def score(self, outputs: Tensor, targets: np.ndarray) -> dict[str, float]:
        """Mean loss and AUC."""
        labels = torch.as_tensor(targets, dtype=torch.float32, device=outputs.device)
        loss = float(self.loss(outputs, labels).mean())
        risk, cuts = outputs.cpu().numpy(), np.unique(targets)[1:]
        if outputs.ndim == 2:
            risk = outputs.cpu().double().softmax(dim=1).numpy() @ np.arange(outputs.shape[1])
        areas = [float(auc(Sample.of(risk, targets >= cut).drawn()).value[0]) for cut in cuts]
        return {"tune_loss": loss, "tune_auc": float(np.mean(areas)) if areas else np.nan}
