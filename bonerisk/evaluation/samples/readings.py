"""A sample of T-scores: what DXA has read of each film's patient, and what a model estimates.

WHO's classes of both are compared, too. A T-score is a reading of one decimal (`bonerisk.cohort.classes`), so that
T < −1.0 begins at −1.05, and T ≤ −2.5 at −2.45.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.evaluation.samples.sample import Counts

Array = np.ndarray

CUTS = {"T < −1.0": 1.05, "T ≤ −2.5": 2.45}  # a class → the risk, −T, from which a film is of it or of a worse one
ROUNDING = 1e-10  # −2.45 is a half, whatever its binary form


@dataclass(frozen=True, eq=False)
class Readings:
    """Films with the T-score estimated, and that which was read.

    Parameters
    ----------
    risk : array (n,)
        The estimate with its sign turned: higher is worse.
    observed : array (n,)
        The T-score by DXA, in standard deviations.
    patient : array (n,) of int
        Which patient a film belongs to, a column of the draws.

    Examples
    --------
    >>> films = Readings.of(estimate=[-0.4, -1.3, -2.2], observed=[-0.9, -1.1, -2.6])
    >>> films.error.round(1).tolist(), films.classes(films.observed).tolist()
    ([0.5, -0.2, 0.4], [0, 1, 2])
    >>> films.drawn().counts(CUTS["T < −1.0"])
    Counts(tp=array([2.]), fp=array([0.]), fn=array([0.]), tn=array([1.]))
    """

    risk: Array
    observed: Array
    patient: Array

    @classmethod
    def of(cls, estimate: ArrayLike, observed: ArrayLike, patient: ArrayLike | None = None) -> Readings:
        """Films in the order given; without `patient` each film is its own."""
        values = np.asarray(estimate, dtype=float)
        owners = np.arange(len(values)) if patient is None else np.asarray(patient)
        return cls(-values, np.asarray(observed, dtype=float), owners)

    def __len__(self) -> int:
        return len(self.risk)

    @property
    def estimate(self) -> Array:
        """The T-score that the model gives, (n,)."""
        return -self.risk

    @property
    def error(self) -> Array:
        """Estimate less reading, (n,): over 0 where the model sees a better bone."""
        return self.estimate - self.observed

    @property
    def sample(self) -> Readings:
        """Itself: what it was drawn from."""
        return self

    @cached_property
    def n_patients(self) -> int:
        """Distinct patients."""
        return len(np.unique(self.patient))

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film."""
        return self.n_patients == len(self)

    def n_events_by(self, horizon: float) -> int:
        """Films with a T-score under −1.0; there are no horizons."""
        return int(self.reaches_cut(-self.observed, CUTS["T < −1.0"]).sum())

    def patients_with(self, label: int, horizon: float = np.nan) -> int:
        """All patients: an amount needs neither a number with an outcome nor one without."""
        return self.n_patients

    def reaches(self, horizon: float) -> bool:
        """Whether the T-score is known up to a horizon: it always is."""
        return True

    @staticmethod
    def reaches_cut(risk: Array, cut: float) -> Array:
        """Whether a risk −T is at or above a cut."""
        return risk >= cut - ROUNDING

    @classmethod
    def classes(cls, t_score: Array) -> Array:
        """WHO's class of T-scores (n,): 0 normal, 1 low bone mass, 2 osteoporosis."""
        return np.sum([cls.reaches_cut(-t_score, cut) for cut in CUTS.values()], axis=0)

    def drawn(self, weights: Array | None = None) -> DrawnReadings:
        """The films under `weights` (draws, n); None: each film once."""
        return DrawnReadings(self, np.ones((1, len(self))) if weights is None else weights)


@dataclass(frozen=True, eq=False)
class DrawnReadings:
    """T-scores in some draws; what several metrics need is computed once.

    Parameters
    ----------
    sample : Readings
    weights : array (draws, n)
    """

    sample: Readings
    weights: Array
    _counts: dict[float, Counts] = field(default_factory=dict, repr=False)

    @cached_property
    def n(self) -> Array:
        """Films of each draw, (draws,)."""
        return self.weights.sum(axis=1)

    def mean(self, values: Array) -> Array:
        """Mean (draws,) of values (n,)."""
        return self.weights @ values / self.n

    def covariance(self, one: Array, other: Array) -> Array:
        """Covariance (draws,) of two values (n,) of each film, with n − 1; 0 of a single film."""
        one, other = one - one.mean(), other - other.mean()  # near 0, so that nothing is lost in the subtraction
        found = self.weights @ (one * other) - self.n * self.mean(one) * self.mean(other)
        return found / np.maximum(self.n - 1, 1)

    def counts(self, threshold: float) -> Counts:
        """Films on either side of a cut by their estimate and by their reading."""
        if threshold not in self._counts:
            called = self.sample.reaches_cut(self.sample.risk, threshold)
            true = self.sample.reaches_cut(-self.sample.observed, threshold)
            sides = called & true, called & ~true, ~called & true, ~called & ~true
            self._counts[threshold] = Counts(*(self.weights @ side.astype(float) for side in sides))
        return self._counts[threshold]

    @cached_property
    def table(self) -> Array:
        """Films by class read and class estimated, (draws, 3, 3)."""
        read, called = (self.sample.classes(of) for of in (self.sample.observed, self.sample.estimate))
        cells = 3 * read + called == np.arange(9)[:, None]
        return (self.weights @ cells.T.astype(float)).reshape(-1, 3, 3)
