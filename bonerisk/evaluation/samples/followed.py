"""Films followed up to an event, a competing event or the end of observation, and what is known of them at a horizon.

Vocabulary
----------
status
    0 censored, 1 event, 2 competing event (death).
censoring survival G(t−)
    Kaplan–Meier probability of still being under observation just before t. An event at t comes before a censoring at
    t, so that a film with an event is not at risk of being censored then, as in ``survival::concordance`` and
    ``prodlim(reverse=TRUE)``; ``survfit(Surv(time, 1 - event))`` differs where the two tie.
known at a horizon
    Event or competing event by then (with weight 1/G(T−)), or under observation beyond it (with 1/G(horizon)). Others,
    censored before, have weight 0: the known stand for them (inverse probability of censoring weights). A competing
    event by the horizon makes a film one without the event, as in ``riskRegression::Score``.

So "the event by the horizon" is a binary outcome with weights, and every metric of a binary outcome holds for it. G is
estimated anew in each draw. It is marginal: censoring must not depend on the risk.

References
----------
Graf et al. 1999, Stat Med 18:2529; Uno et al. 2007, JASA 102:527; Blanche et al. 2013, Stat Med 32:5381.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.evaluation.samples.sample import Drawn, Sample
from bonerisk.survival.outcome import CENSORED, COMPETING, EVENT, outcome

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Followed:
    """Films in order of time; at equal times the censored come last.

    Parameters
    ----------
    risk : array (n,)
        Higher is worse; no missing values.
    time : array (n,)
        Years.
    status : array (n,) of int
        0 censored, 1 event, 2 competing event.
    patient : array (n,) of int
        Which patient a film belongs to, a column of the draws.
    predicted : dict
        Horizon in years → predicted probability (n,) of the event by then, where the model gives one.

    Examples
    --------
    One event, one film censored at 2 years, another event, a death, and one film under observation to the end; at 2.5
    years the film censored before is unknown, and those that outlived it stand for it:

    >>> films = Followed.of(risk=[2.0, 1.5, 0.3, 0.9, -0.5], time=[1.0, 2.0, 3.0, 4.0, 5.0], status=[1, 0, 1, 2, 0])
    >>> films.known(2.5)
    array([ True, False,  True,  True,  True])
    >>> films.drawn().inverse(2.5).round(2)
    array([[1.  , 0.  , 1.33, 1.33, 1.33]])
    """

    risk: Array
    time: Array
    status: Array
    patient: Array
    predicted: Mapping[float, Array] = field(default_factory=dict)
    _at: dict[tuple[float, bool], tuple[Sample, Array]] = field(default_factory=dict, repr=False)
    _steps: dict[float, Array] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        risk: ArrayLike,
        time: ArrayLike,
        status: ArrayLike,
        patient: ArrayLike | None = None,
        predicted: Mapping[float, ArrayLike] | None = None,
    ) -> Followed:
        """Check the outcome and sort by time; without `patient` each film is its own.

        Raises
        ------
        DataError
            A time or status is not what it should be (`bonerisk.survival.outcome`).
        """
        checked = outcome(time, status, highest=COMPETING)
        owners = np.arange(len(checked)) if patient is None else np.asarray(patient)
        probabilities = {float(h): np.asarray(p, dtype=float) for h, p in (predicted or {}).items()}
        films = cls(np.asarray(risk, dtype=float), checked.time, checked.status, owners, probabilities)
        return films.where(np.lexsort((films.status == CENSORED, films.time)))

    def __len__(self) -> int:
        return len(self.risk)

    @property
    def n_events(self) -> int:
        """Films with the event, at any time."""
        return self.n_events_by(np.nan)

    def n_events_by(self, horizon: float) -> int:
        """Films with the event by a horizon; NaN: at any time."""
        return int(self._with(1, horizon).sum())

    @cached_property
    def n_patients(self) -> int:
        """Distinct patients."""
        return len(np.unique(self.patient))

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film."""
        return self.n_patients == len(self)

    def patients_with(self, label: int, horizon: float = np.nan) -> int:
        """Patients who have a film with the event (1) or known to be without it (0), at any time or by a horizon."""
        return len(np.unique(self.patient[self._with(label, horizon)]))

    def _with(self, label: int, horizon: float) -> Array:
        at = np.inf if np.isnan(horizon) else horizon
        had = self.had_event(at)
        return had if label else ~had if np.isnan(horizon) else self.known(at) & ~had

    @property
    def competing(self) -> bool:
        """Whether any film has a competing event."""
        return bool((self.status == COMPETING).any())

    def where(self, keep: Array) -> Followed:
        """Only the films of the mask or positions `keep`, in the order of these."""
        probabilities = {horizon: values[keep] for horizon, values in self.predicted.items()}
        return Followed(self.risk[keep], self.time[keep], self.status[keep], self.patient[keep], probabilities)

    def drawn(self, weights: Array | None = None) -> DrawnFollowUp:
        """The films under `weights` (draws, n) in order of time; None: each film once, as in the estimate."""
        return DrawnFollowUp(self, np.ones((1, len(self))) if weights is None else weights)

    @cached_property
    def censorings(self) -> tuple[Array, Array, Array]:
        """Distinct times (k,) of censoring, the first row censored at each, and the row after the last of each."""
        censored = np.flatnonzero(self.status == CENSORED)
        times, first = np.unique(self.time[censored], return_index=True)
        return times, censored[first], np.searchsorted(self.time, times, side="right")

    def known(self, horizon: float) -> Array:
        """Whether it is known if a film has had the event by `horizon`: mask (n,)."""
        return self.beyond(horizon) | (self.status != CENSORED)

    def beyond(self, horizon: float) -> Array:
        """Whether a film lived through `horizon` under observation: mask (n,).

        A film censored at the horizon is unknown, as in ``riskRegression``. But where no film is followed longer, as
        when all follow-up ended there, those censored at it have lived through it (an event precedes a censoring).
        """
        longer = self.time > horizon
        return longer if longer.any() else (self.time == horizon) & (self.status == CENSORED)

    def had_event(self, horizon: float) -> Array:
        """Whether a film had the event by `horizon`: mask (n,)."""
        return (self.status == EVENT) & (self.time <= horizon)

    def reaches(self, horizon: float) -> bool:
        """Whether the follow-up covers all up to `horizon`: it goes on beyond, or ends with an event."""
        return bool(len(self) and (self.time[-1] >= horizon or self.status[-1] != CENSORED))

    def step(self, horizon: float) -> Array:
        """How many times of censoring (n,) a film known at `horizon` has outlived."""
        if horizon not in self._steps:
            steps = np.searchsorted(self.censorings[0], np.minimum(self.time, horizon), side="left")
            longer = self.time > horizon
            steps[longer] = np.searchsorted(self.censorings[0], horizon, side="right")
            self._steps[horizon] = steps
        return self._steps[horizon]

    @cached_property
    def whole(self) -> tuple[Sample, Array]:
        """The event at any time as a binary outcome, however long a film was followed, and the films' rows."""
        order = np.argsort(-self.risk, kind="stable")
        return Sample(self.risk[order], self.had_event(np.inf)[order].astype(float), self.patient[order]), order

    def at(self, horizon: float, predicted: bool = False) -> tuple[Sample, Array]:
        """The films known at `horizon` as a binary sample, and their rows.

        By risk, or, where `predicted`, by the predicted probability of the event by that horizon.
        """
        key = horizon, predicted
        if key not in self._at:
            score = self.predicted[horizon] if predicted else self.risk
            order = np.argsort(-score, kind="stable")
            order = order[self.known(horizon)[order]]
            had = self.had_event(horizon)[order].astype(float)
            self._at[key] = Sample(score[order], had, self.patient[order]), order
        return self._at[key]


@dataclass(frozen=True, eq=False)
class DrawnFollowUp:
    """Films followed up, in some draws; what several metrics need is computed once.

    Parameters
    ----------
    sample : Followed
    weights : array (draws, n)
    """

    sample: Followed
    weights: Array
    _inverse: dict[float, Array] = field(default_factory=dict, repr=False)
    _at: dict[tuple[float, bool], Drawn] = field(default_factory=dict, repr=False)

    @cached_property
    def at_risk(self) -> Array:
        """Weight (draws, n + 1) of the films from each row on: those at risk at its time, if it is the first of it."""
        left = np.zeros((len(self.weights), len(self.sample) + 1))
        np.cumsum(self.weights[:, ::-1], axis=1, out=left[:, -2::-1])
        return left

    @cached_property
    def censoring_steps(self) -> Array:
        """Censoring survival (draws, k + 1) after none, the first … the last of the k times of censoring."""
        _, first, after = self.sample.censorings
        stay = np.ones((len(self.weights), len(first) + 1))
        there = self.at_risk[:, first]
        np.divide(self.at_risk[:, after], there, out=stay[:, 1:], where=there > 0)
        return np.cumprod(stay, axis=1)

    @cached_property
    def censoring(self) -> Array:
        """G(T−) of each film, (draws, n)."""
        return self.censoring_steps[:, np.searchsorted(self.sample.censorings[0], self.sample.time, side="left")]

    def followed_to(self, horizon: float) -> Array:
        """Whether the last film of each draw isn't censored by `horizon` (draws,): what comes after that is unknown."""
        followed = np.asarray((self.weights[:, self.sample.beyond(horizon)] > 0).any(axis=1))
        for draw in np.flatnonzero(~followed):
            followed[draw] = self.sample.known(horizon)[np.flatnonzero(self.weights[draw])[-1:]].any()
        return followed

    def inverse(self, horizon: float) -> Array:
        """Inverse probability of censoring weights (draws, n) at a horizon, times the draws' own weights.

        NaN in a draw whose follow-up ends before the horizon.
        """
        if horizon not in self._inverse:
            weights = np.where(self.sample.known(horizon), self.weights, 0.0)
            seen = self.censoring_steps[:, self.sample.step(horizon)]
            inverse = np.divide(weights, seen, out=np.zeros_like(weights), where=weights > 0)
            inverse[~self.followed_to(horizon)] = np.nan  # else the known stand for all: the weights sum to theirs
            self._inverse[horizon] = inverse
        return self._inverse[horizon]

    @cached_property
    def whole(self) -> Drawn:
        """The films as a binary sample of the event at any time, however long each was followed."""
        sample, rows = self.sample.whole
        return Drawn(sample, self.weights[:, rows])

    def at(self, horizon: float, predicted: bool = False) -> Drawn:
        """The films known at `horizon` as a binary sample, by risk or by the predicted probability of that horizon."""
        key = horizon, predicted
        if key not in self._at:
            sample, rows = self.sample.at(horizon, predicted)
            self._at[key] = Drawn(sample, self.inverse(horizon)[:, rows])
        return self._at[key]


@dataclass(frozen=True, eq=False)
class AtHorizon:
    """Films followed up, seen as a binary sample at a horizon: what takes a `Sample` to draw from takes this, too.

    Parameters
    ----------
    followed : Followed
    horizon : float
        Years; NaN: the event at any time, however long a film was followed.
    predicted : bool
        Whether films are ranked by the probability of the event by then, not by risk.
    """

    followed: Followed
    horizon: float
    predicted: bool = False

    @property
    def patient(self) -> Array:
        """Which patient a film belongs to, in order of time."""
        return self.followed.patient

    def __len__(self) -> int:
        return len(self.followed)

    def drawn(self, weights: Array | None = None) -> Drawn:
        """The films known at the horizon, under `weights` (draws, n) in order of time."""
        drawn = self.followed.drawn(weights)
        return drawn.whole if np.isnan(self.horizon) else drawn.at(self.horizon, self.predicted)
