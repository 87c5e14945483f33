"""From a predicted time to probabilities: log time is normal around it, with the spread seen on the tuning split.

An accelerated-failure-time loss assumes that the spread of the log times is known. Here it is fitted, with an intercept
and a slope, by maximum likelihood with censoring, since trees are too certain about their training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.stats import norm

from bonerisk.errors import DataError
from bonerisk.survival.baseline import Baseline
from bonerisk.survival.cause_specific import Hazard
from bonerisk.survival.outcome import Outcome
from bonerisk.survival.rows import rows_a_chunk

Array = np.ndarray

NARROWEST = 1e-3  # spread of log times; if a smaller one fits better, the likelihood has no maximum
STEPS = 200  # of time up to the last horizon, if another event competes


@dataclass(frozen=True)
class LogNormal:
    """log T ~ Normal(intercept + slope · m, scale²) for a predicted log time m, in years.

    Parameters
    ----------
    intercept, slope, scale : float
    follow_up : float
        Longest follow-up of the fitted rows; later times are unknown.
    competing : Hazard or None
        Hazard of a competing event, which depends on the features.
    """

    intercept: float = 0.0
    slope: float = 1.0
    scale: float = 1.0
    follow_up: float = 0.0
    competing: Hazard | None = None

    def survival(self, predicted: Array, x: Array, horizons_years: Sequence[float]) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up; `x` (n, width) are the features.

        Patients with a competing event first never have the event; the probability is then 1 − Σ (S(t₁) − S(t₂)) ·
        C(t₂) over short steps from t₁ to t₂, C being the probability of no competing event.
        """
        within = [horizon for horizon in horizons_years if horizon <= self.follow_up]
        if self.competing is None or not within:
            return {horizon: self._at(predicted, np.array([horizon]))[:, 0] for horizon in within}
        times = np.union1d(np.linspace(0, max(within), STEPS + 1), within)
        baseline, ratio = self.competing.baseline, self.competing.ratio(x)
        steps = np.searchsorted(baseline.times, times[1:], side="right")
        hazard = np.append(0, baseline.cumulative_hazard)[steps]
        upto = times[1:, None] <= np.array(within)
        incidence = np.empty((len(x), len(within)))
        chunk = rows_a_chunk(len(times))
        for start in range(0, len(x), chunk):
            part = slice(start, start + chunk)
            lost = -np.diff(self._at(predicted[part], times), axis=1)
            incidence[part] = (lost * np.exp(-np.outer(ratio[part], hazard))) @ upto
        return dict(zip(within, 1 - incidence.T, strict=True))

    def _at(self, predicted: Array, times: Array) -> Array:
        """Probability (n, m) that the event is after each time, if nothing competes."""
        with np.errstate(divide="ignore"):
            log_times = np.log(times)  # −inf at 0, when everybody is event-free
        return norm.sf((log_times - (self.intercept + self.slope * predicted)[:, None]) / self.scale)

    def tensors(self) -> dict[str, Array]:
        """Arrays to save."""
        own = {"log_normal": np.array([self.intercept, self.slope, self.scale, self.follow_up])}
        if self.competing is None:
            return own
        return own | {
            "competing_coefficients": self.competing.coefficients,
            "competing_reference": self.competing.reference,
            "competing_times": self.competing.baseline.times,
            "competing_hazard": self.competing.baseline.cumulative_hazard,
        }

    @classmethod
    def restored(cls, tensors: Mapping[str, Array]) -> LogNormal:
        """The same from what `tensors` returned."""
        intercept, slope, scale, follow_up = (float(value) for value in tensors["log_normal"])
        competing = None
        if "competing_times" in tensors:
            baseline = Baseline(tensors["competing_times"], tensors["competing_hazard"], follow_up)
            competing = Hazard(tensors["competing_coefficients"], tensors["competing_reference"], baseline)
        return cls(intercept, slope, scale, follow_up, competing)


def fit(predicted: Array, followed: Outcome, competing: Hazard | None) -> tuple[LogNormal, tuple[str, ...]]:
    """Fit to predicted log times (n,) and the observed follow-up.

    Returns
    -------
    LogNormal
    notes : tuple of str
        What a reader of the probabilities should know.

    Raises
    ------
    DataError
        The likelihood has no maximum.
    """
    log_times, seen = np.log(followed.time), followed.event
    follow_up = float(followed.time.max())
    varied = float(np.std(predicted)) > 0
    start = np.array([0.0, 1.0, 0.0])

    def loss(values: Array, slope: float | None = None) -> float:
        z = (log_times - values[0] - (values[1] if slope is None else slope) * predicted) / np.exp(values[2])
        return -float(np.where(seen, norm.logpdf(z) - values[2], norm.logsf(z)).sum())

    def fitted(of: Callable[[Array], float]) -> OptimizeResult:
        limits = [(None, None), (None, None), np.log([NARROWEST, 1 / NARROWEST])]
        return minimize(of, start, method="Nelder-Mead", bounds=limits, options={"maxiter": 4000, "fatol": 1e-8})

    found = fitted(loss)
    flat = not varied or found.x[1] <= 0
    if flat:
        found = fitted(lambda values: loss(values, 0.0))
    if not found.success or abs(found.x[2]) > 0.99 * abs(np.log(NARROWEST)):
        mend = "bring more events to the tuning split, or take head=xgboost"
        raise DataError("no log-normal time fits the tuning split: its likelihood has no maximum", "XGBoost", mend)
    intercept, slope, scale = float(found.x[0]), 0.0 if flat else float(found.x[1]), float(np.exp(found.x[2]))
    events = f"{followed.n_events} events of the tuning split"
    spread = f"log times spread by {scale:.2f} around {slope:.2f} × the predicted"
    note = f"Probabilities are calibrated on {events}: {spread}"
    if flat:
        note = f"Probabilities are the same for everybody: predicted times do not rise with the times of the {events}"
    return LogNormal(intercept, slope, scale, follow_up, competing), (note,)
