"""A hazard in each interval of time, which need not be proportional; training cuts the intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import softplus

from bonerisk.cohort.targets.target import SurvivalTarget
from bonerisk.errors import ConfigError
from bonerisk.heads.hazards import horizons
from bonerisk.heads.perceptron import perceptron
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import kaplan_meier
from bonerisk.survival.event_clock import EventClock

Array = np.ndarray


class IntervalHazardsHead(nn.Module):
    """Features → the logit of the hazard in each interval; choose training=logistic_hazard beside it.

    Each interval has as many events of the training split as another (`bonerisk.survival.event_clock`). Within one, the
    hazard is constant by that clock.

    Parameters
    ----------
    width : int
        Number of features a film, columns of the cohort included.
    target : str
        Name of a target with times.
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    intervals : int
    hidden : list of int
        Widths of the hidden layers.
    dropout : float
        Share of hidden units left out at each step.

    Raises
    ------
    ConfigError
        A number is out of range.

    References
    ----------
    Gensheimer & Narasimhan 2019, PeerJ 7:e6257. Kvamme & Borgan 2021, Lifetime Data Anal 27:710.
    """

    target: str
    horizons_years: Sequence[float]
    notes: tuple[str, ...]

    def __init__(
        self,
        width: int,
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        intervals: int = 10,
        hidden: Sequence[int] = (64,),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if intervals < 1:
            raise ConfigError(f"there are {intervals} intervals", "head.intervals", "take 1 or more")
        self.target, self.horizons_years, self.notes = target, horizons(horizons_years), ()
        self.layers = perceptron(width, hidden, dropout, outputs=intervals)
        self.within: dict[float, Array] = {}  # horizon → how much (k,) of each interval comes before it
        self.alive = np.ones(intervals)  # of those without the event, in the middle of each interval

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, k) of hazards of features (n, width)."""
        return self.layers(features)

    def predictions(self, outputs: Tensor) -> dict[str, Array]:
        """The log of the cumulative hazard (n,) as `risk`, and the probability of no event by each horizon.

        Patients with a competing event first never have the event; they count as event-free.
        """
        hazard: Array = softplus(outputs.detach().double()).cpu().numpy()  # cumulative, of each whole interval
        before = np.exp(-np.cumsum(np.column_stack([np.zeros(len(hazard)), hazard[:, :-1]]), axis=1))
        found = {"risk": np.log(hazard.sum(axis=1))}
        for horizon, part in self.within.items():
            found[f"survival_{horizon:g}y"] = 1 - (before * -np.expm1(-hazard * part)) @ self.alive
        return found

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What an explanation is of: the log of the cumulative hazard over all intervals."""
        return {"risk": softplus(outputs).sum(dim=1).log()}

    def calibrate(self, outputs: Tensor, outcomes: RowOutcomes, tuning: tuple[Tensor, RowOutcomes], seed: int) -> None:
        """Learn when the intervals begin and end; and if death competes, who of the training split is alive then.

        Raises
        ------
        DataError
            There is no event.
        """
        followed, number = outcomes.followed, np.arange(outputs.shape[1])
        clock = EventClock.of(followed.time, followed.event)
        reached = [horizon for horizon in self.horizons_years if horizon <= clock.follow_up]
        ends = clock.at(reached) * len(number)
        self.within = {horizon: (end - number).clip(0, 1) for horizon, end in zip(reached, ends, strict=True)}
        if outcomes.competing is None:
            return
        died = (outcomes.competing == 1) & ~followed.event
        middle = clock.time((number + 0.5) / len(number))
        self.alive = kaplan_meier.fit(followed.time, died).at(middle).estimate
        self.notes = ("Probabilities allow for competing events at a rate that is the same for everybody",)

    def tensors(self) -> dict[str, Array]:
        """What `calibrate` learnt."""
        if not self.within:
            return {}
        return {"horizons": np.array([*self.within]), "within": np.stack([*self.within.values()]), "alive": self.alive}

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        self.within = dict(zip(tensors["horizons"].tolist(), tensors["within"], strict=True))
        self.alive = tensors["alive"]
