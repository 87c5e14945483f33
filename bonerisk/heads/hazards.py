"""From hazards to probabilities: the hazard of fracture and, if death competes, that of death.

Trees and networks rank their training rows far better than new ones, so that their scores are too far apart.
`calibrated` therefore fits a Cox model of the score alone to the tuning split and takes its slope. The baseline at this
slope is from the training split, which has many more events. Simulated (XGBoost, 4,000 + 1,000 rows or 1,000 + 200,
with 6 features or with 200): slopes are 0.9 with few features and down to 0.4 with many; observed over expected is 0.97
on average and differs from 1 by 0.04 to 0.12 (root mean square); with a baseline from the tuning split by 0.05 to 0.24.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import cause_specific, cox, firth, ridge
from bonerisk.survival.baseline import Baseline, baselines
from bonerisk.survival.cause_specific import Hazard
from bonerisk.survival.outcome import Outcome
from bonerisk.survival.risk_sets import risk_sets

Array = np.ndarray

FEW = (
    10  # events of the tuning split; simulated with 1 to 5, Cox slopes were 0 to 2.4, observed over expected 0.7 to 1.3
)

YEARS = [1.0, 2.0, 3.0, 4.0, 5.0]
FOLDS = 5  # of patients, for the penalty of a competing event's model


def horizons(years: Sequence[float] | None) -> list[float]:
    """Horizons in rising order; None: each of the first five years.

    Raises
    ------
    ConfigError
        A horizon is not over 0.
    """
    rising = sorted(years or YEARS)
    if not rising[0] > 0:
        raise ConfigError(f"horizon of {rising[0]} years is not over 0", "head.horizons_years", "take one over 0")
    return rising


@dataclass(frozen=True)
class Hazards:
    """Hazards of the event and of a competing event, for the same features (n, p).

    Parameters
    ----------
    event : Hazard
    competing : Hazard or None
        It has the reference of the event.
    """

    event: Hazard
    competing: Hazard | None = None

    @classmethod
    def unknown(cls, width: int) -> Hazards:
        """Placeholder before a fit."""
        nothing = np.zeros(width)
        return cls(Hazard(nothing, nothing, Baseline(np.empty(0), np.empty(0), 0.0)))

    def survival(self, x: Array, horizons_years: Sequence[float]) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up that was fitted.

        Patients with a competing event first never have the event; they count as event-free.
        """
        within = [horizon for horizon in horizons_years if horizon <= self.event.baseline.follow_up]
        if self.competing is not None:
            incidence = cause_specific.cumulative_incidence(self.event, self.competing, x, within)
            return dict(zip(within, 1 - incidence.T, strict=True))
        ratio, cumulative = self.event.ratio(x), self.event.baseline.at(within)
        return {horizon: np.exp(-hazard * ratio) for horizon, hazard in zip(within, cumulative, strict=True)}

    def tensors(self) -> dict[str, Array]:
        """Arrays to save, with the competing event's if there is one."""
        event, competing = self.event, self.competing
        own = {"coefficients": event.coefficients, "reference": event.reference}
        own |= {"baseline_times": event.baseline.times, "baseline_hazard": event.baseline.cumulative_hazard}
        own |= {"follow_up": np.array([event.baseline.follow_up])}
        if competing is None:
            return own
        return own | {
            "competing_coefficients": competing.coefficients,
            "competing_times": competing.baseline.times,
            "competing_hazard": competing.baseline.cumulative_hazard,
        }

    @classmethod
    def restored(cls, tensors: Mapping[str, Array]) -> Hazards:
        """Hazards from what `tensors` returned."""
        reference, follow_up = tensors["reference"], float(tensors["follow_up"][0])
        baseline = Baseline(tensors["baseline_times"], tensors["baseline_hazard"], follow_up)
        event = Hazard(tensors["coefficients"], reference, baseline)
        if "competing_coefficients" not in tensors:
            return cls(event)
        baseline = Baseline(tensors["competing_times"], tensors["competing_hazard"], follow_up)
        return cls(event, Hazard(tensors["competing_coefficients"], reference, baseline))


def calibrated(
    score: tuple[Array, Array], tuning: RowOutcomes, x: Array, train: RowOutcomes, seed: int
) -> tuple[Hazards, tuple[str, ...]]:
    """Hazards of rows (score, features): the event's depends on the score alone, the competing event's on the features.

    Parameters
    ----------
    score : pair of array (n,) and (m,)
        Scores of the training and of the tuning rows; higher is worse.
    tuning : RowOutcomes
    x : array (n, width)
        Features of the training rows, for the ridge Cox model of a competing event.
    train : RowOutcomes
    seed : int

    Returns
    -------
    hazards : Hazards
        For rows (n, 1 + width), the score and then the features.
    notes : tuple of str
        What a reader of the probabilities should know.

    Raises
    ------
    DataError
        The tuning split has no event.
    """
    slope, notes = _slope(score, train.followed, tuning.followed)
    baseline = _baseline(slope * score[0], train.followed)
    competing, told = competing_hazard(x, train, seed)
    width = x.shape[1]
    reference = np.zeros(1 + width) if competing is None else np.append(0.0, competing.reference)
    own = Hazard(np.append(slope, np.zeros(width)), reference, baseline)
    if competing is None:
        return Hazards(own), notes
    return Hazards(own, Hazard(np.append(0.0, competing.coefficients), reference, competing.baseline)), notes + told


def competing_hazard(x: Array, train: RowOutcomes, seed: int) -> tuple[Hazard | None, tuple[str, ...]]:
    """A ridge Cox model of the competing event on the features; one rate for everybody if it can't be fitted."""
    if train.competing is None:
        return None, ()

    def fitted(x: Array, time: Array, event: Array) -> cox.CoxFit:
        return ridge.cross_validate(x, time, event, patient=train.patient, folds=FOLDS, seed=seed).model

    followed = train.followed
    found, notes = cause_specific.competing_hazard(fitted, x, followed.time, followed.event, train.competing)
    return None if found is None else found[0], notes


def _slope(score: tuple[Array, Array], train: Outcome, tuning: Outcome) -> tuple[float, tuple[str, ...]]:
    """Cox slope of the score on tuning; 1 if it can't be fitted; negative slopes become 0.

    With few events it is Firth's, which is finite whatever the order of the events, and at most that of the training
    split, whose rows a score ranks better than others.
    """
    events = f"{tuning.n_events} events of the tuning split"
    few = tuning.n_events < FEW
    try:
        slope = _fitted(score[1], tuning, few)
        if few:
            slope = min(slope, _fitted(score[0], train, few))
    except DataError as error:
        if not tuning.n_events:
            raise
        warned = f"; the {events} are few: don't rely on the probabilities" if few else ""
        return 1.0, (
            f"Probabilities use the model's risk as it is: it has no Cox model on tuning ({error.what}){warned}",
        )
    if slope <= 0:
        return 0.0, (f"Probabilities are the same for everybody: the risk has no positive slope in the {events}",)
    warned = "; these are few: don't rely on the probabilities" if few else ""
    return slope, (f"Probabilities use {slope:.2f} × the model's risk, fitted to the {events}{warned}",)


def _fitted(score: Array, followed: Outcome, few: bool) -> float:
    """Cox slope of a score (n,)."""
    fit = firth.fit if few else cox.fit
    return float(fit(score[:, None], followed.time, followed.event, names=["risk"]).coefficients[0])


def _baseline(predictor: Array, followed: Outcome) -> Baseline:
    """Baseline of a row whose linear predictor is 0, with Efron ties."""
    sets = risk_sets(followed, np.ones(len(followed)))
    point = sets.at(predictor)
    if point is None:
        raise DataError("risks are too far apart for a hazard", "training split", "look for outliers in the features")
    return baselines(sets, point, followed.time, np.zeros(len(followed), dtype=int))[0]
