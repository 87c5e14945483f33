"""What a metric of a binary outcome is: a function of a sample and of weights, one row of weights a bootstrap draw.

Vocabulary
----------
sample
    Films with risk, outcome and patient, sorted once by falling risk.
weights
    (draws, films), how often each film counts in each draw. The estimate itself is the draw in which each counts once.
metric
    ``metric(sample, weights) -> Values``. To add one, write that function and name it in ``configs/evaluation/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray


@dataclass(frozen=True)
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

    @property
    def last_of_ties(self) -> Array:
        """Position of the last film of each distinct risk: a threshold can only lie behind one of these."""
        return np.flatnonzero(np.append(self.risk[1:] != self.risk[:-1], len(self) > 0))

    @property
    def n_events(self) -> int:
        """Films with the outcome."""
        return int(self.label.sum())

    @property
    def n_patients(self) -> int:
        """Distinct patients."""
        return len(np.unique(self.patient))

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film, so that films are independent and binomial intervals hold."""
        return self.n_patients == len(self)

    def patients_with(self, label: int) -> int:
        """Patients who have a film with that label."""
        return len(np.unique(self.patient[self.label == label]))

    def where(self, keep: Array) -> Sample:
        """Only the films of the mask `keep` (n,); their order stays."""
        return Sample(self.risk[keep], self.label[keep], self.patient[keep])


@dataclass(frozen=True)
class Values:
    """One metric over draws.

    Parameters
    ----------
    value : array (draws,)
        NaN where it can't be computed.
    undefined : str
        What a NaN means, for the note.
    trials : array (draws,), optional
        Denominator of a binomial proportion, for which Wilson's interval holds.
    """

    value: Array
    undefined: str
    trials: Array | None = None


class Metric(Protocol):
    """A statistic of a sample, over all draws at once."""

    def __call__(self, sample: Sample, weights: Array) -> Values:
        """Value a draw, for `weights` (draws, films) in the sample's order."""


def divide(numerator: Array, denominator: Array) -> Array:
    """Quotient, NaN where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator != 0)
