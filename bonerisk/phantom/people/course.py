"""A patient's course in the hospital: days of films, leaving, death, and fractures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bonerisk.phantom.people import hazard

START, END = date(2011, 4, 1), date(2020, 2, 29)  # AI-CXR: April 2011 to February 2020
SCREENING_START, SCREENING_DAYS = date(2015, 1, 1), 3000

FURTHER_FILM = 0.635  # probability of one more film, if the patient stays; AI-CXR has 166,571 films of 78,548 patients
GAP_YEARS = (0.5, 1.2)  # median between films and SD of its logarithm; assumed
SAME_DAY = 0.03  # share of further films that repeat one of the same day; assumed
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
        Equal to the last contact; None if the hospital knows of no death.
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
    predictor: float, growth: float, enriched: bool, broken: bool, first: date, last: date, rng: np.random.Generator
) -> tuple[Fracture, ...]:
    """Draw the fractures after the first film, in order: all until the last contact, and the first of each type.

    The fractures of a type are a Poisson process in its cumulative hazard: a standard exponential draw leads to each.
    The first fracture of any type raises the hazard of all by `hazard.PRIOR`, once. Their number has no limit: a
    limit would make the patients with most fractures look safest.

    Parameters
    ----------
    predictor, growth : float
        Linear predictor at the first film, and the yearly growth of the log hazard.
    enriched : bool
        Whether the baseline is `hazard.ENRICHMENT` times as high.
    broken : bool
        Whether there was a fracture before the first film, which `predictor` then includes.
    first, last : date
        Of the first film and the last contact.
    """
    total = hazard.BASELINE * (hazard.ENRICHMENT if enriched else 1.0) * math.exp(predictor)
    raised = 1.0 if broken else math.exp(hazard.PRIOR)
    limit = raised * hazard.cumulative(total, growth, ((last - first).days + 1) / YEAR)
    shares = np.array(list(hazard.TYPES.values()))
    drawn = [rng.exponential(size=len(shares)) / shares]  # cumulative hazard at each type's fractures
    while drawn[-1].min() < limit:
        drawn.append(drawn[-1] + rng.exponential(size=len(shares)) / shares)
    earliest = drawn[0].min()
    found = []
    for number, row in enumerate(drawn):
        for kind, reached in zip(hazard.TYPES, row.tolist(), strict=True):
            unraised = earliest + (reached - earliest) / raised
            day = after(first, hazard.time_to(total, growth, unraised), least=1)
            if number == 0 or day <= last:
                found.append(Fracture(day, kind))
    return tuple(sorted(found, key=lambda one: one.date))


def after(day: date, years: float, least: int = 0) -> date:
    """Return the day `years` later, at least `least` days and at most a century."""
    return day + timedelta(days=max(int(min(years, 100.0) * YEAR), least))


def age_on(birth: date, day: date) -> float:
    """Age in years: the completed ones and the share of the next."""
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    last, ahead = _birthday(birth, birth.year + years), _birthday(birth, birth.year + years + 1)
    return years + (day - last).days / (ahead - last).days


def _birthday(birth: date, year: int) -> date:
    leap_day = birth.month == 2 and birth.day == 29
    return date(year, 3, 1) if leap_day and year % 4 else birth.replace(year=year)
