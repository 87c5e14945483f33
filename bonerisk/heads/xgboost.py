"""XGBoost on features: fracture over time by a Cox or an accelerated-failure-time loss, or a binary outcome (AI-CXR).

AI-CXR gives the risk of a film with demographics and radiological findings to XGBoost "with default parameters", which
are a learning rate (`eta`) of 0.3 and a depth of 6 (head=xgboost_printed). These fit a cohort of hundreds or thousands
of patients too closely: the rate and the depth are therefore chosen on the tuning split, each tree sees half of the
rows, and trees are grown on a ridge model (`linear_start`). Mean over splits (70% train, 10% tune):

====================================  ==========  ===========  ====================
data, measure, number of splits       regression  trees alone  trees on ridge model
====================================  ==========  ===========  ====================
GLOW, 500 women, AUC, 60              0.670       0.635        0.680
SUPPORT, 1,500 patients, C, 60        0.565       0.606        0.600
SUPPORT, 8,873 patients, C, 8         0.568       0.615        0.611
====================================  ==========  ===========  ====================

The paired differences of the last column from regression are 0.009, 0.034 and 0.044 (standard errors 0.002, 0.003 and
0.002). The rule that keeps or drops trees was chosen on these splits, so that the figures are no confirmation of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from scipy.special import expit

from bonerisk.cohort.targets.target import BinaryTarget, SurvivalTarget
from bonerisk.heads.boosted import Boosted, Growth
from bonerisk.heads.hazards import Hazards, calibrated, horizons
from bonerisk.heads.linear_start import LOG_HAZARD, LOG_ODDS
from bonerisk.heads.row_outcomes import RowOutcomes

Array = np.ndarray

ETA, MAX_DEPTH = (0.03, 0.1), (1, 2, 3, 4, 6)


class BoostedHazard(Boosted):
    """Trees that rank times to an event; probabilities come from a Cox model of the rank, calibrated on tuning."""

    hazards: Hazards

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width); tuning rows choose and end the growth, and calibrate the probabilities.

        Raises
        ------
        DataError
            A feature is missing or infinite, or a split has no event.
        """
        self.grow(x, outcomes, tuning, seed)
        self.hazards, told = calibrated((self.risk(x), self.risk(tuning[0])), tuning[1], x, outcomes, seed)
        self.notes += told

    def survival(self, x: Array, stratum: Array | None = None) -> dict[float, Array]:
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


class XGBoostCox(BoostedHazard):
    """Features (n, width) → log hazard, up to a constant, by the Cox partial likelihood; higher is worse.

    XGBoost uses Breslow ties and predicts exp(margin); the risk here is the margin.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : {"fracture"}
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    eta : list of float
        Learning rates, the share of each tree that is added.
    max_depth : list of int
        Maximum depths of a tree. Each rate is tried with each depth, and the pair of lowest loss on tuning is taken.
    subsample : float
        Share of the rows that each tree sees, in (0, 1].
    rounds, patience : int
        Maximum number of trees, and after how many without a lower loss on the tuning split growth ends.
    start : {"linear", "none"}
        linear: trees are grown on top of a ridge Cox model, whose penalty is from patient-grouped cross-validation, and
        are kept only if trees of this size lower its loss by cross-validation on the training split. none: on top of a
        constant.
    """

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        eta: Sequence[float] = ETA,
        max_depth: Sequence[int] = MAX_DEPTH,
        subsample: float = 0.5,
        rounds: int = 1000,
        patience: int = 40,
        start: Literal["linear", "none"] = "linear",
    ) -> None:
        growth, linear = Growth(eta, max_depth, subsample, rounds, patience), LOG_HAZARD if start == "linear" else None
        super().__init__(names, {"objective": "survival:cox"}, "cox-nloglik", growth, linear)
        self.target, self.horizons_years = target, horizons(horizons_years)
        self.hazards = Hazards.unknown(1 + len(names))

    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """Times, negative if censored."""
        followed = outcomes.with_events
        return {"label": np.where(followed.event, followed.time, -followed.time)}

    def risk(self, x: Array) -> Array:
        """Margin (n,) of features (n, width): the log hazard, up to a constant."""
        return self.margin(x)


class XGBoostAFT(BoostedHazard):
    """Features (n, width) → −log(median time to the event), by an accelerated-failure-time loss; higher is worse.

    The loss takes times as log-normal; a censored time lies after the end of follow-up. This ranks the rows only: a
    log-normal time has too many early events where hazards are constant, so that the probabilities are not its own.

    Parameters
    ----------
    names, target, horizons_years, eta, max_depth, subsample, rounds, patience
        As `XGBoostCox`.
    scale : float
        Standard deviation of the log time in the loss.

    References
    ----------
    Barnwal, Cho & Hocking 2022, J Comput Graph Stat 31:1292.
    """

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        eta: Sequence[float] = ETA,
        max_depth: Sequence[int] = MAX_DEPTH,
        subsample: float = 0.5,
        rounds: int = 1000,
        patience: int = 40,
        scale: float = 1.0,
    ) -> None:
        loss = {"aft_loss_distribution": "normal", "aft_loss_distribution_scale": scale}
        growth = Growth(eta, max_depth, subsample, rounds, patience)
        super().__init__(names, {"objective": "survival:aft", **loss}, "aft-nloglik", growth)
        self.target, self.horizons_years = target, horizons(horizons_years)
        self.hazards = Hazards.unknown(1 + len(names))

    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """Lower and upper bound of each time, equal if the event was seen."""
        followed = outcomes.with_events
        upper = np.where(followed.event, followed.time, np.inf)
        return {"label_lower_bound": followed.time, "label_upper_bound": upper}

    def risk(self, x: Array) -> Array:
        """Minus the log of the median time (n,) of features (n, width), in years."""
        return -self.margin(x)


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
    eta, max_depth, subsample, rounds, patience
        As `XGBoostCox`.
    start : {"linear", "none"}
        As `XGBoostCox`, with ridge logistic regression.
    """

    horizons_years: Sequence[float] = ()

    def __init__(
        self,
        names: list[str],
        target: BinaryTarget = "any_fracture",
        target_words: str | None = None,
        eta: Sequence[float] = ETA,
        max_depth: Sequence[int] = MAX_DEPTH,
        subsample: float = 0.5,
        rounds: int = 1000,
        patience: int = 40,
        start: Literal["linear", "none"] = "linear",
    ) -> None:
        growth, linear = Growth(eta, max_depth, subsample, rounds, patience), LOG_ODDS if start == "linear" else None
        super().__init__(names, {"objective": "binary:logistic"}, "logloss", growth, linear)
        self.target, self.target_words = target, target_words

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width); the tuning rows choose and end the growth.

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

    def survival(self, x: Array, stratum: Array | None = None) -> dict[float, Array]:
        """Empty: the model knows no times."""
        return {}
