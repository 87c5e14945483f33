"""Settings of an evaluation's intervals, and the minimum of patients for a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.interval import Kind as Interval
from bonerisk.evaluation.samples.judged import Judged


@dataclass(frozen=True)
class Plan:
    """Settings that all numbers share.

    Parameters
    ----------
    n_draws : int
        Number of bootstrap draws.
    level : float
        Level of the intervals.
    seed : int
        Seed of the draws.
    interval : {"percentile", "bca", "analytic"}
    stratify : {"event", "site"}, optional
        Keep the number of patients with the outcome, or of each site, in every draw.
    min_n, min_events : int
        Minimum number of patients, and of patients with (and without) the outcome. A smaller subgroup has a note
        instead of numbers.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    n_draws: int
    level: float
    seed: int
    interval: Interval
    stratify: Literal["event", "site"] | None
    min_n: int
    min_events: int

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or self.n_draws < 1:
            what = f"level {self.level}, n_draws {self.n_draws}"
            raise ConfigError(what, "evaluation", "level=0.95 n_draws=1000, for example")

    def too_few(self, sample: Judged[object], horizon: float, both_outcomes: bool) -> str:
        """Why a sample is too small for a number; empty if it isn't."""
        if sample.n_patients < self.min_n:
            return f"under {self.min_n} patients"
        by = "" if np.isnan(horizon) else f" by {horizon:g} years"
        if sample.patients_with(1, horizon) < self.min_events:
            return f"under {self.min_events} patients with the outcome{by}"
        if both_outcomes and sample.patients_with(0, horizon) < self.min_events:
            return f"under {self.min_events} patients without the outcome{by}"
        return ""
