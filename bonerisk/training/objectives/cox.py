"""Cox's partial likelihood of the films of a step, with Efron's ties (spine DeepSurv, Statistical analysis)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bonerisk.cohort.targets.target import Kind
from bonerisk.errors import ConfigError
from bonerisk.survival.outcome import outcome
from bonerisk.survival.risk_sets import risk_sets
from bonerisk.training import batches
from bonerisk.training.objectives import followed


@dataclass(frozen=True)
class Cox:
    """Log hazards (n,) against times and events (n, 2).

    The risk sets are those of the step: its films, of all processes, that are still followed. Each step has a film with
    the event, and where these are few, the others take turns. A film whose follow-up a competing event ended counts as
    censored. The C-index of the tuning split chooses the epoch; among equal ones, the lowest loss. A loss is minus the
    log partial likelihood per event, less that of equal risks: 0 where nothing is learnt, however large a risk set is,
    so that those of a step and of the tuning split can be compared.

    References
    ----------
    Katzman et al. 2018, BMC Med Res Methodol 18:24. Efron 1977, JASA 72:557.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("survival",)
    columns: ClassVar[Mapping[str, str]] = followed.COLUMNS
    best_by: ClassVar[tuple[tuple[str, int], ...]] = followed.BEST_BY
    whole_batch: ClassVar[bool] = True

    def targets(self, table: pd.DataFrame) -> np.ndarray:
        """Time in years, and whether the event ended it, (n, 2) float64; times equal but for rounding are tied."""
        known = outcome(table["time_years"], table["event"] == 1)
        return np.column_stack([known.time, known.event])

    def check(self, train: np.ndarray, tune: np.ndarray) -> None:
        """Refuse splits without an event that another film outlives.

        Raises
        ------
        DataError
        """
        followed.check(train, tune)

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Events weigh the same, (n,), and others nothing: these count in the risk sets of events."""
        return targets[:, 1] / targets[:, 1].mean()

    def batches(self, targets: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
        """Films of each step of an epoch, an event among them.

        Raises
        ------
        ConfigError
            A step has one film only, which can be compared with none.
        """
        if size < 2:
            mend = "training.batch_size=32, for example"
            raise ConfigError("the partial likelihood compares the films of a step", "training.batch_size", mend)
        return batches.with_events(targets[:, 1] == 1, size, seed, epoch)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Each event's share (n,) of minus the log partial likelihood, less that of equal risks; 0 for others.

        Raises
        ------
        ConfigError
            The outputs are no log hazards.
        """
        if outputs.ndim != 1:
            raise followed.unfit("Cox", "one log hazard a film", "head=log_hazard")
        time, event = targets[:, 0], targets[:, 1] == 1
        return efron(outputs, time, event) - efron(torch.zeros_like(outputs), time, event)

    def score(self, outputs: Tensor, targets: np.ndarray) -> dict[str, float]:
        """Loss per event, with the risk sets of the whole split, and the C-index."""
        risk = outputs.double().cpu().numpy()
        known = outcome(*targets.T)
        sets = risk_sets(known, np.ones(len(known)))
        point, equal = sets.at(risk), sets.at(np.zeros(len(known)))
        loss = (equal.log_likelihood - point.log_likelihood) / sets.mass if point and equal else np.nan
        return {"tune_loss": loss, "tune_c_index": followed.score(risk, targets)}


def efron(log_hazard: Tensor, time: Tensor, event: Tensor) -> Tensor:
    """Terms (n,) whose sum is minus the log partial likelihood, by Efron's approximation; 0 without the event.

    Of d events at one time, the l-th from 0 leaves the share l/d of the events' hazard out of its risk set. As each
    event keeps a share over 0 of its own, no logarithm is of 0, whatever the ties.

    Parameters
    ----------
    log_hazard : Tensor of shape (n,)
        Any floating type.
    time : Tensor of shape (n,)
    event : Tensor of shape (n,), bool

    Examples
    --------
    Three films without differences, of which two have the event at once: log 3 + log (3 − 1/2 · 2).

    >>> terms = efron(torch.zeros(3), torch.tensor([1.0, 1.0, 2.0]), torch.tensor([True, True, False]))
    >>> torch.isclose(terms.sum().exp(), torch.tensor(6.0)).item()
    True
    """
    tied = (time[:, None] == time[None, :]) & event[:, None] & event[None, :]
    share = tied.tril(-1).sum(dim=1).to(log_hazard.dtype) / tied.sum(dim=1).clamp(min=1)
    left = torch.where(tied, torch.log1p(-share)[:, None], 0.0)
    at_risk = time[None, :] >= time[:, None]
    total = (log_hazard[None, :] + left).masked_fill(~at_risk, -torch.inf).logsumexp(dim=1)
    return torch.where(event, total - log_hazard, 0.0)
