"""XGBoost on features: fracture over time by a Cox or an accelerated-failure-time loss, or a binary outcome (AI-CXR).

AI-CXR gives the risk of a film with demographics and radiological findings to XGBoost "with default parameters", which
are a learning rate (`eta`) of 0.3 and a depth of 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit

from bonerisk.cohort.targets.target import BinaryTarget, SurvivalTarget
from bonerisk.heads import log_normal
from bonerisk.heads.boosted import Boosted
from bonerisk.heads.hazards import Hazards, calibrated, competing_hazard, horizons
from bonerisk.heads.log_normal import LogNormal
from bonerisk.heads.row_outcomes import RowOutcomes

Array = np.ndarray


class XGBoostCox(Boosted):
    """Features (n, width) → log hazard, up to a constant, by the Cox partial likelihood; higher is worse.

    XGBoost uses Breslow ties and predicts exp(margin); the risk here is the margin.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : {"fracture"}
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    eta : float
        Learning rate: the share of each tree that is added.
    max_depth : int
        Maximum depth of a tree.
    rounds, patience : int
        Maximum number of trees, and after how many without a lower loss on the tuning split growth ends.
    """

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        eta: float = 0.3,
        max_depth: int = 6,
        rounds: int = 1000,
        patience: int = 20,
    ) -> None:
        trees = {"objective": "survival:cox", "eta": eta, "max_depth": max_depth}
        super().__init__(names, trees, "cox-nloglik", rounds, patience)
        self.target, self.horizons_years = target, horizons(horizons_years)
        self.hazards = Hazards.unknown(1 + len(names))

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width); the tuning rows end the growth, and calibrate the probabilities.

        Raises
        ------
        DataError
            A feature is missing or infinite, or a split has no event.
        """
        self.grow(x, outcomes, tuning, seed)
        self.hazards, told = calibrated((self.risk(x), self.risk(tuning[0])), tuning[1], x, outcomes, seed)
        self.notes += told

    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """Times, negative if censored."""
        followed = outcomes.with_events
        return {"label": np.where(followed.event, followed.time, -followed.time)}

    def risk(self, x: Array) -> Array:
        """Margin (n,) of features (n, width): the log hazard, up to a constant."""
        return self.margin(x)

    def survival(self, x: Array) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up that was fitted.

        Patients with a competing event first never have the event; they count as event-free.
        """
        return self.hazards.survival(np.column_stack([self.risk(x), x]), self.horizons_years)

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays."""
        return super().tensors() | self.hazards.tensors()

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        super().restore(tensors)
        self.hazards = Hazards.restored(tensors)


class XGBoostAFT(Boosted):
    """Features (n, width) → −log(median time to the event), by an accelerated-failure-time loss; higher is worse.

    Times are assumed to be log-normal; a censored time lies after the end of follow-up. If times have another
    distribution, probabilities are right only near the bulk of the tuning split's follow-up (simulated exponential
    times: observed over expected 0.92 at a year, 1.00 at five).

    Parameters
    ----------
    names, target, horizons_years, eta, max_depth, rounds, patience
        As `XGBoostCox`.
    scale : float
        Standard deviation of the log time in the loss; the probabilities use one fitted to the tuning split.

    References
    ----------
    Barnwal, Cho & Hocking 2022, J Comput Graph Stat 31:1292.
    """

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        eta: float = 0.3,
        max_depth: int = 6,
        rounds: int = 1000,
        patience: int = 20,
        scale: float = 1.0,
    ) -> None:
        trees = {"objective": "survival:aft", "eta": eta, "max_depth": max_depth}
        trees |= {"aft_loss_distribution": "normal", "aft_loss_distribution_scale": scale}
        super().__init__(names, trees, "aft-nloglik", rounds, patience)
        self.target, self.horizons_years = target, horizons(horizons_years)
        self.times = LogNormal()

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width); the tuning rows end the growth, and calibrate the probabilities.

        Raises
        ------
        DataError
            A feature is missing or infinite, or a split has no event.
        """
        self.grow(x, outcomes, tuning, seed)
        competing, told = competing_hazard(x, outcomes, seed)
        self.times, calibration = log_normal.fit(self.margin(tuning[0]), tuning[1].followed, competing)
        self.notes += calibration + told

    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """Lower and upper bound of each time, equal if the event was seen."""
        followed = outcomes.with_events
        upper = np.where(followed.event, followed.time, np.inf)
        return {"label_lower_bound": followed.time, "label_upper_bound": upper}

    def risk(self, x: Array) -> Array:
        """Minus the log of the median time (n,) of features (n, width), in years."""
        return -self.margin(x)

    def survival(self, x: Array) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up of the tuning split.

        Patients with a competing event first never have the event; they count as event-free.
        """
        return self.times.survival(self.margin(x), x, self.horizons_years)

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays."""
        return super().tensors() | self.times.tensors()

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        super().restore(tensors)
        self.times = LogNormal.restored(tensors)


class XGBoostBinary(Boosted):
    """Features (n, width) → probability of the outcome, by the logistic loss; higher is worse.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : str
        Name of a binary target, or of a column of the user's own, yes or no.
    target_words : str, optional
        What such a column is called on the page: ``COVID-19``.
    eta, max_depth, rounds, patience
        As `XGBoostCox`.
    """

    horizons_years: Sequence[float] = ()

    def __init__(
        self,
        names: list[str],
        target: BinaryTarget = "any_fracture",
        target_words: str | None = None,
        eta: float = 0.3,
        max_depth: int = 6,
        rounds: int = 1000,
        patience: int = 20,
    ) -> None:
        trees = {"objective": "binary:logistic", "eta": eta, "max_depth": max_depth}
        super().__init__(names, trees, "logloss", rounds, patience)
        self.target, self.target_words = target, target_words

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width); the tuning rows end the growth.

        Raises
        ------
        DataError
            A feature is missing or infinite, or the labels of a split are all alike.
        """
        self.grow(x, outcomes, tuning, seed)

    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """Labels, 0 or 1."""
        return {"label": outcomes.labelled}

    def risk(self, x: Array) -> Array:
        """Probability (n,) of the outcome."""
        return expit(self.margin(x))

    def survival(self, x: Array) -> dict[float, Array]:
        """Empty: the model knows no times."""
        return {}
