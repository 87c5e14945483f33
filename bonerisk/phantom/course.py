"""A patient's way through the hospital: days of films, leaving, death, and fractures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bonerisk.phantom import hazard

START, END = date(2011, 4, 1), date(2020, 2, 29)  # AI-CXR: April 2011 to February 2020
SCREENING_START, SCREENING_DAYS = date(2015, 1, 1), 3000

FURTHER_FILM = 0.635  # probability of one more film, if the patient stays; AI-CXR has 166,571 films of 78,548 patients
GAP_YEARS = (0.5, 1.2)  # median between films and SD of its logarithm; assumed
SAME_DAY = 0.03  # of further films repeat one of the same day; assumed
LEAVING = 0.06  # a year; assumed: patients go elsewhere
YEAR = 365.25  # days


@dataclass(frozen=True)
class Stay:
    """Days of the films, and how long the hospital knows of the patient.

    Parameters
    ----------
    films : tuple of date
        At least one.
    last_contact : date
    death_date : date or None
        None unless the hospital knows of it: the last contact then.
    """

    films: tuple[date, ...]
    last_contact: date
    death_date: date | None


@dataclass(frozen=True)
class Fracture:
    """An osteoporotic fracture; `kind` is one of `hazard.TYPES`."""

    date: date
    kind: str


def stay(age: float, male: bool, frailty: float, rng: np.random.Generator) -> Stay:
    """Draw the stay of a patient of `age` years at the first film."""
    first = START + timedelta(days=int(rng.integers((END - START).days)))
    leaving, dying = rng.exponential(1 / LEAVING), rng.exponential()
    dying = hazard.time_to(hazard.death_hazard(age, male, frailty), hazard.DEATH_PER_YEAR, dying)
    death = after(first, dying)
    last = min(END, death, after(first, leaving))
    films = [first]
    while rng.random() < FURTHER_FILM:
        same, gap = rng.random() < SAME_DAY, rng.lognormal(math.log(GAP_YEARS[0]), GAP_YEARS[1])
        films.append(films[-1] if same else after(films[-1], gap))
    return Stay(tuple(day for day in films if day <= last), last, death if death == last else None)


def fractures(
    predictor: float, growth: float, enriched: bool, first: date, rng: np.random.Generator
) -> tuple[Fracture, ...]:
    """Draw the first fracture of each type after the first film, in order, whether or not the hospital sees it.

    Parameters
    ----------
    predictor, growth : float
        Linear predictor at the first film, and the growth of the hazard's logarithm a year.
    enriched : bool
        Whether the baseline is `hazard.ENRICHMENT` times as high.
    """
    total = hazard.BASELINE * (hazard.ENRICHMENT if enriched else 1.0) * math.exp(predictor)
    times = {
        kind: hazard.time_to(total * share, growth, draw)
        for (kind, share), draw in zip(hazard.TYPES.items(), rng.exponential(size=len(hazard.TYPES)), strict=True)
    }
    return tuple(
        Fracture(after(first, years, least=1), kind) for kind, years in sorted(times.items(), key=lambda x: x[1])
    )


def after(day: date, years: float, least: int = 0) -> date:
    """Return the day `years` later, `least` days at least; a century at most, past which no course goes."""
    return day + timedelta(days=max(int(min(years, 100.0) * YEAR), least))


def age_on(birth: date, day: date) -> float:
    """Age in completed years and the share of the next one."""
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    last, ahead = _birthday(birth, birth.year + years), _birthday(birth, birth.year + years + 1)
    return years + (day - last).days / (ahead - last).days


def _birthday(birth: date, year: int) -> date:
    leap_day = birth.month == 2 and birth.day == 29
    return date(year, 3, 1) if leap_day and year % 4 else birth.replace(year=year)
