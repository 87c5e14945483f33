"""Who gets a DXA, when, and what it reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from bonerisk.phantom.people import demography, density
from bonerisk.phantom.people.disease import CONDITIONS, Array, Numbers, Signs

# AI-CXR: 6.2 % of the development set and 7.3 % of internal validation have a T-score. assumed: mostly women around
# and after the menopause, rarely men; frail patients less often, as many DXA are health checks; with steroids more.
SHARE = 0.074  # of patients ever; 7.0 % within `WINDOW_DAYS` of the first film
AGES = (20, 45, 55, 65, 75, 95)
BY_AGE = {"F": (-0.6, 0.1, 0.5, 0.45, 0.25, -0.4), "M": (-0.6, -0.2, -0.1, -0.1, -0.15, -0.6)}
STEROIDS = 0.5
FRAILTY = -0.35
NEAR = 0.9  # share of patients with a DXA that have it near the first film, others at any time in care; assumed
WINDOW_DAYS = 180
REPEATS = 0.5  # further readings expected, at least a year apart, as long as the patient stays; assumed


@dataclass(frozen=True)
class Reading:
    """What DXA read on a day: T-scores by site, to one decimal."""

    date: date
    t: dict[str, float]


def limit(share: float | None, age: Numbers, male: Numbers, steroids: Numbers) -> Array:
    """Return the limit of a standard normal liability under which a patient gets a DXA.

    Parameters
    ----------
    share : float or None
        Share of patients who get one; None: `SHARE`.
    age, male, steroids : float or array
        Years; 0 or 1; 0 or 1, as in the record.
    """
    return np.asarray(_level(SHARE if share is None else share) + _raised(age, male) + STEROIDS * steroids)


def liability(frailty: float, own: float) -> float:
    """Return a patient's liability, from frailty and a standard normal draw."""
    return float(np.sqrt(1 - FRAILTY**2) * own - FRAILTY * frailty)


def _raised(age: Numbers, male: Numbers) -> Array:
    return np.where(male, np.interp(age, AGES, BY_AGE["M"]), np.interp(age, AGES, BY_AGE["F"]))


@cache
def _level(share: float) -> float:
    """Return the level of the limit at which that share of the hospital's patients gets a DXA."""
    if share in (0.0, 1.0):
        return np.inf if share else -np.inf
    signs, groups = Signs([CONDITIONS["steroids"]]), []
    for sex, weight in (("F", demography.WOMEN["hospital"]), ("M", 1 - demography.WOMEN["hospital"])):
        age = np.array([demography.age_at("hospital", sex, place) for place in (np.arange(200) + 0.5) / 200])
        there = ndtr(signs.limits(age[:, None], sex == "M"))[:, 0]
        named = there * signs.sensitivity + (1 - there) * signs.false
        groups.append((weight, named, _raised(age, sex == "M")))

    def excess(level: float) -> float:
        return -share + sum(
            weight * float(np.mean(named * ndtr(level + raised + STEROIDS) + (1 - named) * ndtr(level + raised)))
            for weight, named, raised in groups
        )

    return float(brentq(excess, -12, 12))


def days(near: bool, first: date, start: date, last: date, rng: np.random.Generator) -> list[date]:
    """Draw the days of a patient's readings between `start` and `last`.

    Parameters
    ----------
    near : bool
        Whether the first reading is always within `WINDOW_DAYS` of the film of day `first`.
    """
    offset, place, other = rng.integers(-WINDOW_DAYS, WINDOW_DAYS + 1), rng.random(), rng.random()
    day = first + timedelta(days=int(offset))
    if not near and other > NEAR:
        day = first + timedelta(days=int(place * (last - first).days))
    found = [min(max(day, start), last)]
    for _ in range(rng.poisson(REPEATS)):
        found.append(found[-1] + timedelta(days=int(365 * (1 + rng.exponential()))))
    return [day for day in found if day <= last]


def read(t: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Return readings of true T-scores, with error, to one decimal as in a report."""
    errors = rng.standard_normal(len(density.SITES)).tolist()
    return {
        site: round(t[site] + density.READING_SD[site] * e, 1) for site, e in zip(density.SITES, errors, strict=True)
    }
