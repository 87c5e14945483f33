"""A sample of classes in order: the class of each film, what a model calls it, and its probability of every class."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.evaluation.samples.sample import Counts, Drawn, Sample

Array = np.ndarray

K = len(BONE_CLASSES)


@dataclass(frozen=True, eq=False)
class Classed:
    """Films with their class, in order of falling risk.

    Parameters
    ----------
    risk : array (n,)
        Higher is worse; by default the expected class.
    label : array (n,) of int
        The class, from 0; higher is worse.
    probabilities : array (n, 3), optional
        Of each class; None for a model that gives a risk alone.
    patient : array (n,) of int
        Which patient a film belongs to, a column of the draws.
    called : array (n,) of int, optional
        The class that the model calls; by default that of the highest probability, the better one of equals. None for
        a model that calls none.

    Examples
    --------
    >>> films = Classed.of([0, 1, 2], [[0.6, 0.3, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    >>> films.risk, films.label, films.called
    (array([1.6, 0.7, 0.5]), array([2, 1, 0]), array([2, 0, 0]))
    """

    risk: Array
    label: Array
    probabilities: Array | None
    patient: Array
    called: Array | None

    @classmethod
    def of(
        cls,
        label: ArrayLike,
        probabilities: ArrayLike | None,
        risk: ArrayLike | None = None,
        patient: ArrayLike | None = None,
        called: ArrayLike | None = None,
    ) -> Classed:
        """Sort films by falling risk; without `patient` each film is its own."""
        classes = np.asarray(label, dtype=int)
        p = None if probabilities is None else np.asarray(probabilities, dtype=float).reshape(-1, K)
        if risk is None and p is None:
            raise ValueError("neither probabilities nor a risk")
        values = p @ np.arange(K) if risk is None and p is not None else np.asarray(risk, dtype=float)
        order = np.argsort(-values, kind="stable")
        owners = np.arange(len(values)) if patient is None else np.asarray(patient)
        if called is None and p is not None:
            called = p.argmax(axis=1)
        calls = None if called is None else np.asarray(called, dtype=int)[order]
        return cls(values[order], classes[order], None if p is None else p[order], owners[order], calls)

    def __len__(self) -> int:
        return len(self.risk)

    @cached_property
    def n_patients(self) -> int:
        """Distinct patients."""
        return len(np.unique(self.patient))

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film."""
        return self.n_patients == len(self)

    def n_events_by(self, horizon: float) -> int:
        """Films of a class worse than the best; there are no horizons."""
        return int((self.label > 0).sum())

    def patients_with(self, label: int, horizon: float = np.nan) -> int:
        """Patients with a film of a class worse than the best (1), or of the best (0); there are no horizons."""
        return len(np.unique(self.patient[(self.label > 0) == bool(label)]))

    def reaches(self, horizon: float) -> bool:
        """Whether the class is known up to a horizon: it always is."""
        return True

    def against_rest(self, number: int) -> Sample:
        """One class against all others, by its own probability."""
        if self.probabilities is None:
            raise ValueError("the model gives no probabilities")
        return Sample.of(self.probabilities[:, number], self.label == number, self.patient)

    def drawn(self, weights: Array | None = None) -> DrawnClasses:
        """The films under `weights` (draws, n) in the sample's own order; None: each film once."""
        return DrawnClasses(self, np.ones((1, len(self))) if weights is None else weights)


@dataclass(frozen=True, eq=False)
class DrawnClasses:
    """Classes in some draws; what several metrics need is computed once.

    Parameters
    ----------
    sample : Classed
    weights : array (draws, n)
    """

    sample: Classed
    weights: Array
    _one: dict[int, Drawn] = field(default_factory=dict, repr=False)

    @cached_property
    def n(self) -> Array:
        """Films of each draw, (draws,)."""
        return self.weights.sum(axis=1)

    def mean(self, values: Array) -> Array:
        """Mean (draws,) of values (n,)."""
        return self.weights @ values / self.n

    @cached_property
    def table(self) -> Array:
        """Films by class and class called, (draws, 3, 3)."""
        if self.sample.called is None:
            raise ValueError("the model calls no class")
        cells = K * self.sample.label + self.sample.called == np.arange(K * K)[:, None]
        return (self.weights @ cells.T.astype(float)).reshape(-1, K, K)

    def from_class(self, cut: int) -> Drawn:
        """Classes from `cut` on against better ones, by the risk."""
        sample = self.sample
        return Drawn(Sample(sample.risk, (sample.label >= cut).astype(float), sample.patient), self.weights)

    def against_rest(self, number: int) -> Drawn:
        """One class against all others, by its own probability."""
        if number not in self._one:
            order = np.argsort(-self._probabilities[:, number], kind="stable")  # as `Sample.of` sorts
            self._one[number] = Drawn(self.sample.against_rest(number), self.weights[:, order])
        return self._one[number]

    def counts(self, number: int) -> Counts:
        """Films that are, and that are called, of one class or of another."""
        tp = self.table[:, number, number]
        fn, fp = self.table[:, number].sum(axis=1) - tp, self.table[:, :, number].sum(axis=1) - tp
        return Counts(tp, fp, fn, self.n - tp - fn - fp)

    @property
    def _probabilities(self) -> Array:
        if self.sample.probabilities is None:
            raise ValueError("the model gives no probabilities")
        return self.sample.probabilities

    @cached_property
    def cumulated(self) -> tuple[Array, Array]:
        """Probability of each class or a better one, and whether it is so, both (n, 2): the last is always 1."""
        below = np.cumsum(self._probabilities, axis=1)[:, :-1]
        return below, (self.sample.label[:, None] <= np.arange(K - 1)).astype(float)

    @cached_property
    def parted(self) -> tuple[Array, Array]:
        """Probability of each class, and whether the film is of it, both (n, 3)."""
        return self._probabilities, (self.sample.label[:, None] == np.arange(K)).astype(float)
