"""A sample of a binary outcome, and the same sample in many bootstrap draws at once.

Vocabulary
----------
sample
    Films with risk, outcome and patient, sorted once by falling risk.
weights
    (draws, films), how much each film counts in each draw. The estimate itself is the draw in which each counts once.
drawn
    A sample with some draws' weights: what a metric is a function of (`bonerisk.evaluation.metrics.metric`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Sample:
    """Films in order of falling risk.

    Parameters
    ----------
    risk : array (n,)
        Higher is worse; no missing values.
    label : array (n,)
        1 = outcome, 0 = none.
    patient : array (n,) of int
        Which patient a film belongs to, a column of the draws.

    Examples
    --------
    >>> sample = Sample.of(risk=[0.2, 0.9, 0.4], label=[0, 1, 1])
    >>> sample.risk, sample.n_events
    (array([0.9, 0.4, 0.2]), 2)
    >>> sample.drawn().counts(0.5)
    Counts(tp=array([1.]), fp=array([0.]), fn=array([1.]), tn=array([1.]))
    """

    risk: Array
    label: Array
    patient: Array

    @classmethod
    def of(cls, risk: ArrayLike, label: ArrayLike, patient: ArrayLike | None = None) -> Sample:
        """Sort films by falling risk; without `patient` each film is its own."""
        values = np.asarray(risk, dtype=float)
        order = np.argsort(-values, kind="stable")
        owners = np.arange(len(values)) if patient is None else np.asarray(patient)
        return cls(values[order], np.asarray(label, dtype=float)[order], owners[order])

    def __len__(self) -> int:
        return len(self.risk)

    @cached_property
    def last_of_ties(self) -> Array:
        """Position of the last film of each distinct risk: a threshold can only lie behind one of these."""
        return np.flatnonzero(np.append(self.risk[1:] != self.risk[:-1], len(self) > 0))

    @property
    def n_events(self) -> int:
        """Films with the outcome."""
        return int(self.label.sum())

    def n_events_by(self, horizon: float) -> int:
        """Films with the outcome; it has no horizons."""
        return self.n_events

    @cached_property
    def n_patients(self) -> int:
        """Distinct patients."""
        return len(np.unique(self.patient))

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film, so that films are independent and binomial intervals hold."""
        return self.n_patients == len(self)

    def patients_with(self, label: int, horizon: float = np.nan) -> int:
        """Patients who have a film with that label; it has no horizons."""
        return len(np.unique(self.patient[self.label == label]))

    def reaches(self, horizon: float) -> bool:
        """Whether the outcome is known up to a horizon: of a binary outcome it always is."""
        return True

    def column(self, threshold: ArrayLike) -> Array:
        """Column of `Drawn.cumulated` at a threshold, or at each of some: a risk that equals it is positive."""
        return np.searchsorted(-self.risk[self.last_of_ties], -np.asarray(threshold), side="right")

    def where(self, keep: Array) -> Sample:
        """Only the films of the mask `keep` (n,); their order stays."""
        return Sample(self.risk[keep], self.label[keep], self.patient[keep])

    def drawn(self, weights: Array | None = None) -> Drawn:
        """The sample under `weights` (draws, films) in its own order; None: each film once, as in the estimate."""
        return Drawn(self, np.ones((1, len(self))) if weights is None else weights)


@dataclass(frozen=True)
class Counts:
    """True and false positives and negatives at a threshold, each (draws,)."""

    tp: Array
    fp: Array
    fn: Array
    tn: Array


@dataclass(frozen=True, eq=False)
class Drawn:
    """A sample in some draws; what several metrics need is computed once.

    Parameters
    ----------
    sample : Sample
    weights : array (draws, films)
        Not only counts: at a horizon they hold the inverse of the probability of being seen, too.
    """

    sample: Sample
    weights: Array
    _counts: dict[float, Counts] = field(default_factory=dict, repr=False)

    @cached_property
    def cumulated(self) -> tuple[Array, Array]:
        """True and false positives (draws, distinct risks + 1), the threshold falling from above all risks."""
        return self._summed(self.weights * self.sample.label), self._summed(self.weights * (1 - self.sample.label))

    def _summed(self, weights: Array) -> Array:
        """Running sums (draws, distinct risks + 1) over films of falling risk, from 0."""
        sums = np.zeros((len(weights), len(self.sample) + 1))
        np.cumsum(weights, axis=1, out=sums[:, 1:])
        steps = self.sample.last_of_ties + 1
        return sums if len(steps) == len(self.sample) else sums[:, np.insert(steps, 0, 0)]

    def counts(self, threshold: float) -> Counts:
        """Count the films on either side; one whose risk equals the threshold is positive."""
        if threshold not in self._counts:
            tp, fp = self.cumulated
            column = int(self.sample.column(threshold))
            at = tp[:, column], fp[:, column]
            self._counts[threshold] = Counts(*at, tp[:, -1] - at[0], fp[:, -1] - at[1])
        return self._counts[threshold]
