"""DeepSurv's head on a film: a perceptron whose one output is the log hazard (spine DeepSurv, Statistical analysis)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from bonerisk.cohort.targets.target import SurvivalTarget
from bonerisk.heads.hazards import Hazards, calibrated, horizons
from bonerisk.heads.perceptron import perceptron
from bonerisk.heads.row_outcomes import RowOutcomes

Array = np.ndarray


class LogHazardHead(nn.Module):
    """Features → the log hazard, up to a constant; choose training=cox beside it.

    Probabilities are learnt once the weights are known: the baseline hazard from the training split, and how far apart
    risks may be from the tuning split, as of every head that fits its training rows closely (`bonerisk.heads.hazards`).
    If death competes, its hazard depends on the same log hazard.

    Parameters
    ----------
    width : int
        Number of features a film, columns of the cohort included.
    target : str
        Name of a target with times.
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    hidden : list of int
        Widths of the hidden layers; without any it is a Cox model of the features.
    dropout : float
        Share of hidden units left out at each step.

    Raises
    ------
    ConfigError
        A number is out of range.
    """

    target: str
    horizons_years: Sequence[float]
    notes: tuple[str, ...]

    def __init__(
        self,
        width: int,
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        hidden: Sequence[int] = (64,),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.target, self.horizons_years, self.notes = target, horizons(horizons_years), ()
        self.layers = perceptron(width, hidden, dropout, outputs=1, bias=False)  # a constant is the baseline's
        self.hazards: Hazards | None = None

    def forward(self, features: Tensor) -> Tensor:
        """Log hazards (n,) of features (n, width)."""
        return self.layers(features).squeeze(1)

    def predictions(self, outputs: Tensor) -> dict[str, Array]:
        """The log hazard (n,) as `risk`, and the probability of no event by each horizon, once they are learnt."""
        risk = _risk(outputs)
        if self.hazards is None:
            return {"risk": risk}
        found = self.hazards.survival(np.column_stack([risk, risk]), self.horizons_years)
        return {"risk": risk} | {f"survival_{horizon:g}y": values for horizon, values in found.items()}

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What an explanation is of: the log hazard."""
        return {"risk": outputs}

    def calibrate(self, outputs: Tensor, outcomes: RowOutcomes, tuning: tuple[Tensor, RowOutcomes], seed: int) -> None:
        """Learn the baseline hazard, and that of a competing event.

        Raises
        ------
        DataError
            A split has no event, or log hazards are too far apart.
        """
        risk = _risk(outputs)
        self.hazards, self.notes = calibrated((risk, _risk(tuning[0])), tuning[1], risk[:, None], outcomes, seed)

    def tensors(self) -> dict[str, Array]:
        """What `calibrate` learnt."""
        return self.hazards.tensors() if self.hazards else {}

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        self.hazards = Hazards.restored(tensors)


def _risk(outputs: Tensor) -> Array:
    risk: Array = outputs.detach().double().cpu().numpy()
    return risk
