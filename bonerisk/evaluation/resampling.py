"""Bootstrap by patient: one set of draws for every model, metric and subgroup, so that every difference is paired.

A draw takes as many patients as there are, with replacement, and all films of a patient with them. It is kept as a row
of counts, not as row numbers: statistics then are weighted sums over films sorted once, many draws at a time. Draws are
not stratified by outcome (pROC's default is); one in which a metric can't be computed is left out and counted.

References
----------
Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile interval); Field & Welsh 2007,
J R Stat Soc B 69:369 (resampling clusters).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from bonerisk.evaluation.sample import Array, Metric, Sample

Key = TypeVar("Key")

CHUNK = 2**18  # weights held at a time: 2 MB of float64, so that they stay in the processor's cache


@dataclass(frozen=True)
class Draws:
    """How often each patient is in each draw.

    Parameters
    ----------
    counts : array (draws, patients) of uint8
    """

    counts: Array

    @classmethod
    def of(cls, n_patients: int, n_draws: int = 1000, seed: int = 0) -> Draws:
        """Draw; the same arguments give the same draws."""
        rng = np.random.default_rng(seed)
        counts = np.empty((n_draws, n_patients), dtype=np.uint8)  # Poisson(1) in the limit: 255 is out of reach
        for row in counts:
            row[:] = np.bincount(rng.integers(n_patients, size=n_patients), minlength=n_patients)
        return cls(counts)

    def __len__(self) -> int:
        return len(self.counts)

    def weights(self, sample: Sample) -> Iterator[Array]:
        """Weights (some draws, films) of a sample's films, in chunks that bound the memory."""
        step = max(1, CHUNK // max(1, len(sample)))
        for start in range(0, len(self), step):
            yield self.counts[start : start + step, sample.patient].astype(float)


@dataclass(frozen=True)
class Distribution:
    """A statistic with its bootstrap distribution.

    Parameters
    ----------
    estimate : float
        NaN where it can't be computed.
    drawn : array (draws,)
    undefined : str
        What a NaN means.
    trials : float, optional
        Denominator of a proportion of independent films: the interval is then Wilson's.
    """

    estimate: float
    drawn: Array
    undefined: str
    trials: float | None = None

    def __sub__(self, other: Distribution) -> Distribution:
        """Paired difference: both must come from the same draws."""
        return Distribution(self.estimate - other.estimate, self.drawn - other.drawn, self.undefined)


@dataclass(frozen=True)
class Interval:
    """Bounds, how they were found, and what a reader should know of them; NaN bounds where there are none."""

    lower: float
    upper: float
    method: str
    note: str = ""


def distributions(sample: Sample, metrics: Mapping[Key, Metric], draws: Draws) -> dict[Key, Distribution]:
    """Estimate every metric on a sample and over the draws; all share the weights of a chunk."""
    drawn: dict[Key, list[Array]] = {key: [] for key in metrics}
    for weights in draws.weights(sample):
        for key, metric in metrics.items():
            drawn[key].append(metric(sample, weights).value)
    found = {}
    for key, metric in metrics.items():
        whole = metric(sample, np.ones((1, len(sample))))
        trials = float(whole.trials[0]) if whole.trials is not None and sample.one_film_each else None
        found[key] = Distribution(float(whole.value[0]), np.concatenate(drawn[key]), whole.undefined, trials)
    return found


def interval(of: Distribution, level: float = 0.95) -> Interval:
    """Wilson's interval where the films are independent trials, else the bootstrap's percentiles."""
    if np.isnan(of.estimate):
        return Interval(np.nan, np.nan, "", of.undefined)
    if of.trials is not None:
        return Interval(*wilson(round(of.estimate * of.trials), of.trials, level), "Wilson")
    return percentiles(of, level)


def wilson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a proportion, as ``Hmisc::binconf(method="wilson")``.

    No continuity correction, and with one success (or one failure) the bound next to 0 (or 1) is that of Poisson,
    −log(level) / trials, as Brown, Cai & DasGupta 2001, Stat Sci 16:101, advise; statsmodels leaves it as it is.
    """
    lower, upper = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    if successes == 1:
        lower = -np.log(level) / trials
    if successes == trials - 1:
        upper = 1 + np.log(level) / trials
    return float(lower), float(upper)


def percentiles(of: Distribution, level: float = 0.95) -> Interval:
    """Percentile interval (R's type 7) over the draws in which the statistic could be computed."""
    usable = of.drawn[~np.isnan(of.drawn)]
    lost = len(of.drawn) - len(usable)
    note = f"{lost} of {len(of.drawn)} draws left out: {of.undefined}" if lost else ""
    if not len(usable):
        return Interval(np.nan, np.nan, "", note)
    lower, upper = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    if lower == upper:
        note = "; ".join(filter(None, [note, "all draws agree: the interval says nothing of the uncertainty"]))
    return Interval(float(lower), float(upper), f"patient bootstrap, percentile, {len(of.drawn)} draws", note)
