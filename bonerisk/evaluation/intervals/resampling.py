"""Bootstrap by patient: one set of draws for every model, metric and subgroup, so that every difference is paired.

A draw takes as many patients as there are, with replacement, and all films of a patient with them. It is kept as a row
of counts, not as row numbers: statistics then are weighted sums over films sorted once, many draws at a time, in
threads over the cores. Unless strata are given, draws are not stratified by outcome (pROC's default is); one in which a
metric can't be computed is left out and counted.

References
----------
Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile interval); Field & Welsh 2007,
J R Stat Soc B 69:369 (resampling clusters).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from bonerisk.evaluation.metrics.metric import DrawnSample, Metric
from bonerisk.evaluation.samples.judged import Drawable, Judged
from bonerisk.runs.environment import cores

Array = np.ndarray
Key = TypeVar("Key")
T = TypeVar("T")

CHUNK = 2**18  # weights held at a time: 2 MB of float64, so that they stay in the processor's cache
BLOCKS = 1000  # of patients, that the jackknife leaves out one after the other


@dataclass(frozen=True)
class Draws:
    """How often each patient is in each draw.

    Parameters
    ----------
    counts : array (draws, patients) of uint8
    """

    counts: Array

    @classmethod
    def of(cls, n_patients: int, n_draws: int = 1000, seed: int = 0, strata: ArrayLike | None = None) -> Draws:
        """Draw; the same arguments give the same draws.

        Parameters
        ----------
        n_patients, n_draws, seed : int
        strata : array (n_patients,) of int, optional
            Each draw takes as many of a stratum as it has.

        Examples
        --------
        >>> Draws.of(n_patients=4, n_draws=2, seed=0).counts
        array([[0, 1, 2, 1],
               [3, 1, 0, 0]], dtype=uint8)
        """
        rng = np.random.default_rng(seed)
        stratum = np.zeros(n_patients, dtype=int) if strata is None else np.asarray(strata)
        members = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
        counts = np.empty((n_draws, n_patients), dtype=np.uint8)  # Poisson(1) in the limit: 255 is out of reach
        for row in counts:
            for member in members:
                row[member] = np.bincount(rng.integers(len(member), size=len(member)), minlength=len(member))
        return cls(counts)

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def leaving_out(self) -> Draws:
        """The jackknife: each "draw" leaves out one patient, or one of `BLOCKS` groups of them where there are more."""
        block = np.arange(self.counts.shape[1]) % BLOCKS
        return Draws((block != np.arange(min(BLOCKS, len(block)))[:, None]).astype(np.uint8))


@dataclass(frozen=True)
class Distribution:
    """A statistic with its bootstrap distribution.

    Parameters
    ----------
    estimate : float
        NaN if it can't be computed.
    drawn : array (draws,)
    undefined : str
        What a NaN means.
    trials : float, optional
        Denominator of a proportion of independent films: the interval is then Wilson's.
    left_out : array (blocks,)
        The jackknife's values, where the interval needs them.
    influence : array (patients,), optional
        What each patient adds to the estimate (infinitesimal jackknife), where the statistic has it.
    note : str
        What a reader must know of the estimate.
    """

    estimate: float
    drawn: Array
    undefined: str
    trials: float | None = None
    left_out: Array = field(default_factory=lambda: np.empty(0))
    influence: Array | None = None
    note: str = ""

    def __sub__(self, other: Distribution) -> Distribution:
        """Paired difference: both must come from the same draws; without value where one of them has none."""
        for one in (self, other):
            if np.isnan(one.estimate):
                return Distribution(np.nan, np.empty(0), one.undefined)
        return Distribution(
            self.estimate - other.estimate,
            self.drawn - other.drawn,
            self.undefined,
            left_out=self.left_out - other.left_out,
            influence=None if self.influence is None or other.influence is None else self.influence - other.influence,
            note="; ".join(filter(None, [self.note, other.note and f"of the reference, {other.note}"])),
        )


def distributions(
    sample: Judged[DrawnSample], metrics: Mapping[Key, Metric[DrawnSample]], draws: Draws, jackknife: bool = False
) -> dict[Key, Distribution]:
    """Estimate every metric on a sample and over the draws; all share what a chunk of draws has computed.

    Parameters
    ----------
    sample : Sample or Followed
        Its `patient` are columns of the draws.
    metrics : dict
        Any key → metric of that kind of sample.
    draws : Draws
    jackknife : bool
        Whether to leave out patients, too, as the BCa interval needs.

    Examples
    --------
    >>> from bonerisk.evaluation.metrics.discrimination import auc
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> found = distributions(sample, {"auc": auc}, Draws.of(6, n_draws=200))["auc"]
    >>> round(found.estimate, 3), found.drawn.shape
    (0.889, (200,))
    """
    whole = {key: metric(sample.drawn()) for key, metric in metrics.items()}
    drawn = _over(sample, metrics, draws)
    left_out = _over(sample, metrics, draws.leaving_out) if jackknife else np.empty((len(metrics), 0))
    found = {}
    for (key, of), values, others in zip(whole.items(), drawn, left_out, strict=True):
        trials = float(of.trials[0]) if of.trials is not None and sample.one_film_each else None
        found[key] = Distribution(float(of.value[0]), values, of.undefined, trials, others, note=of.note)
    return found


def map_draws(function: Callable[[DrawnSample], T], sample: Drawable[DrawnSample], draws: Draws) -> list[T]:
    """Apply `function` to a sample under some draws at a time, in order, by as many threads as there are cores.

    The chunks depend on the sample alone and BLAS is held to one thread, so that the same draws give the same bits on
    any number of cores.
    """
    step = max(1, CHUNK // max(1, len(sample)))

    def chunk(start: int) -> T:
        return function(sample.drawn(draws.counts[start : start + step, sample.patient].astype(float)))

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(chunk, range(0, len(draws), step)))


def _over(sample: Drawable[DrawnSample], metrics: Mapping[Key, Metric[DrawnSample]], draws: Draws) -> Array:
    """Values (metrics, draws)."""
    if not metrics or not len(draws):
        return np.empty((len(metrics), len(draws)))
    chunks = map_draws(lambda drawn: [metric(drawn).value for metric in metrics.values()], sample, draws)
    return np.concatenate(chunks, axis=1)
