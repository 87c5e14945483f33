"""Logistic hazard: in each interval of time, whether a film that was followed so long has the event there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from bonerisk.cohort.targets.target import Kind
from bonerisk.survival.event_clock import EventClock
from bonerisk.survival.outcome import outcome
from bonerisk.training import batches
from bonerisk.training.objectives import followed

ROUNDING = 1e-4  # of an interval, by which a time may miss a cut


@dataclass(frozen=True)
class LogisticHazard:
    """Logits of hazards (n, k) in k intervals, against times and events (n, 2).

    The intervals have equal numbers of the training split's events: times are read from its clock
    (`bonerisk.survival.event_clock`), of which each interval is a k-th part. A censored film counts in the intervals
    that it was followed through, and for the share of the last that it was followed: if that were left out, hazards
    would be too high. One whose follow-up a competing event ended counts as censored. It needs no risk sets, so that a
    step's films are computed one by one, and hazards need not be proportional.

    References
    ----------
    Gensheimer & Narasimhan 2019, PeerJ 7:e6257. Kvamme & Borgan 2021, Lifetime Data Anal 27:710.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("survival",)
    columns: ClassVar[Mapping[str, str]] = followed.COLUMNS
    best_by: ClassVar[tuple[tuple[str, int], ...]] = followed.BEST_BY
    whole_batch: ClassVar[bool] = False

    def targets(self, table: pd.DataFrame) -> np.ndarray:
        """What the clock of the training split shows at the end of follow-up, and whether the event ended it."""
        known = outcome(table["time_years"], table["event"] == 1)
        train = (table["split"] == "train").to_numpy()
        shown = EventClock.of(known.time[train], known.event[train]).at(known.time)
        return np.column_stack([shown, known.event])

    def check(self, train: np.ndarray, tune: np.ndarray) -> None:
        """Refuse splits without an event that another film outlives.

        Raises
        ------
        DataError
        """
        followed.check(train, tune)

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Every film weighs the same, (n,)."""
        return np.ones(len(targets))

    def batches(self, targets: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
        """Films of each step of an epoch, in a random order."""
        return batches.batches(len(targets), size, seed, epoch)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Minus the log-likelihood (n,) of each film.

        Raises
        ------
        ConfigError
            The outputs are no hazards of intervals.
        """
        if outputs.ndim != 2:
            raise followed.unfit("LogisticHazard", "hazards of intervals", "head=interval_hazards")
        number = torch.arange(outputs.shape[1], device=outputs.device)
        end, event = targets[:, :1] * outputs.shape[1], targets[:, 1:] == 1
        reached = torch.where(event, (end - ROUNDING).ceil().clamp(min=1), end)  # an event at a cut lies before it
        there = (event & (number == reached - 1)).to(outputs.dtype)
        losses = binary_cross_entropy_with_logits(outputs, there, reduction="none")
        return (losses * (reached - number).clamp(0, 1)).sum(dim=1)

    def score(self, outputs: Tensor, targets: np.ndarray) -> dict[str, float]:
        """Mean loss, and the C-index of the cumulative hazard over all intervals."""
        known = torch.as_tensor(targets, dtype=torch.float32, device=outputs.device)
        loss = float(self.loss(outputs, known).mean())
        risk = softplus(outputs.double()).sum(dim=1).cpu().numpy()
        return {"tune_loss": loss, "tune_c_index": followed.score(risk, targets)}
