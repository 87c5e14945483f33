"""Draws a spine clinic's patients, each a function of (settings, seed, index) alone.

Every concern has its own stream of random numbers, so that a setting changes what it names and nothing else. Shares and
moments are those of spine DeepSurv's Table 1 (both sets together, 1,595 patients), unless marked as assumed.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, sqrt

import numpy as np

from bonerisk.phantom.people import dxa, hazard, spine_risk
from bonerisk.phantom.people.clinic import LEVELS, MEASURED, Clinic, Deformity, SpineFilm, SpinePatient
from bonerisk.phantom.people.course import YEAR, after, age_on
from bonerisk.phantom.people.density import DXA_LOADING, SITES, filmed_density
from bonerisk.phantom.people.dxa import Reading
from bonerisk.phantom.people.views import SHOWN_QUALITY

EVENTS = ("natural", "enriched")

WOMEN = 0.745  # 1,188 of 1,595
AGES, AGE = (50.0, 75.0), (60.8, 6.2)  # range, mean and SD of a beta distribution; 60.5 without prevalent fractures
HEIGHT_CM = {"F": (155.5, 5.5), "M": (168.5, 6.0)}  # assumed: close to Koreans of 60
BMI, BMI_RANGE = (24.1, 3.7), (15.5, 42.0)  # mean and SD of 24.0 ± 3.7, log-normal
GLUCOCORTICOIDS, SECONDARY, RHEUMATOID = 839 / 1595, 84 / 1595, 60 / 1595
SCANNED = 179 / 1595  # with BMD within a year of the film
START, DAYS = date(2010, 1, 1), 2190  # baseline films: 2010 to 2015
LEAST_YEARS, MORE_YEARS = 0.5, (1.75, 1.72)  # follow-up: half a year, and a gamma's shape and scale; 3.4 ± 2.1 years
MOST_YEARS = 10.0
SYMPTOMS, TO_FILM = 0.3, 0.08  # share of fractures that lead to a film, and mean years to it; assumed: a third
ROOM_2 = 0.35  # share of films taken in the second room; assumed
TRANSITIONAL = 0.04  # assumed: 4–30 % are published, of which most look almost normal from the side

# Fractures gather at the thoracolumbar junction, and wedges are the commonest. assumed: the numbers.
BY_LEVEL = dict(zip(MEASURED, (0.25, 0.30, 0.17, 0.12, 0.10, 0.06), strict=True))
KINDS = {"wedge": 0.55, "biconcave": 0.25, "crush": 0.20}
LOST = (0.22, 0.46)  # share of the height that a fracture loses where it loses most; assumed: mild to severe
SECOND = 0.15  # probability that another vertebra is fractured too

PERSON, BONE, LATENTS, FOLLOW_UP, FRACTURES, PREVALENTS, FILMS, READINGS = range(1, 9)


def draw(what: Clinic, index: int) -> SpinePatient:
    """Draw patient number `index`, independently of other patients."""
    rng = stream(what, index, PERSON)
    sex = "F" if rng.random() < WOMEN else "M"
    male, age = sex == "M", _age(rng)
    height = round(float(rng.normal(*HEIGHT_CM[sex])), 1)
    spread = sqrt(np.log1p((BMI[1] / BMI[0]) ** 2))
    bmi = float(np.clip(BMI[0] * exp(spread * rng.standard_normal() - spread**2 / 2), *BMI_RANGE))
    weight = round(bmi * (height / 100) ** 2, 1)
    steroids, secondary, rheumatoid = (rng.random(3) < (GLUCOCORTICOIDS, SECONDARY, RHEUMATOID)).tolist()
    transitional = bool(rng.random() < TRANSITIONAL)
    first = START + timedelta(days=int(rng.integers(DAYS)))
    birth = first - timedelta(days=int(age * YEAR) + 1)
    age = age_on(birth, first)

    curve = spine_risk.CURVE
    mean, sd = curve.at(sex, age, weight / (height / 100) ** 2 - 24.1), curve.sd[sex]
    t, filmed = _bones(mean, sd, stream(what, index, BONE))
    quality, frailty, *shown = stream(what, index, LATENTS).standard_normal(4).tolist()
    prevalent = _prevalent(what, index, age, t["lumbar_spine"] - mean)
    known = spine_risk.fixed(age, male, steroids, secondary, rheumatoid, bool(prevalent))
    predictor = known + spine_risk.latent(t["lumbar_spine"], quality, frailty, what.quality_effect)
    years = _time_to_fracture(what, index, predictor, curve.pace(sex, age))
    last = after(first, _follow_up(what, index, years))
    broken = years <= (last - first).days / YEAR
    deformities = (*prevalent, *(_incident(what, index, prevalent) if broken else ()))
    rng = stream(what, index, READINGS)
    scanned, offset, own = rng.random() < SCANNED, int(rng.integers(-364, 365)), rng.standard_normal()
    reading = Reading(first + timedelta(days=offset), dxa.read(t, rng)) if scanned else None
    lumbar = spine_risk.on_readings(mean, sd, reading.t if reading else None)[0]
    return SpinePatient(
        population=what,
        index=index,
        patient_id=f"S{index:06d}",
        site="site_a",
        sex=sex,
        birth_date=birth,
        height_cm=height,
        weight_kg=weight,
        films=_films(what, index, birth, (first, last), filmed, curve.pace(sex, age), quality, shown),
        glucocorticoids=steroids,
        secondary_osteoporosis=secondary,
        rheumatoid_arthritis=rheumatoid,
        reading=reading,
        t_true=t,
        quality=quality,
        frailty=frailty,
        predictor=predictor,
        fracture_years=years,
        deformities=deformities,
        transitional=transitional,
        frax_simulated=spine_risk.frax_simulated(known + spine_risk.DENSITY * lumbar, own),
    )


def stream(what: Clinic, index: int, concern: int) -> np.random.Generator:
    """Return the random numbers of one concern of a patient."""
    return np.random.default_rng([what.seed, index, 5, concern])


def _age(rng: np.random.Generator) -> float:
    low, high = AGES
    mean, spread = (AGE[0] - low) / (high - low), AGE[1] / (high - low)
    total = mean * (1 - mean) / spread**2 - 1
    return low + (high - low) * float(rng.beta(mean * total, (1 - mean) * total))


def _bones(mean: float, sd: float, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    """Return the true T-scores by DXA site, and by filmed level and sacrum."""
    factor, own = rng.standard_normal(), rng.standard_normal(len(SITES))
    t = {
        site: float(mean + sd * (load * factor + sqrt(1 - load**2) * e))
        for (site, load), e in zip(DXA_LOADING.items(), own, strict=True)
    }
    levels = (*LEVELS, "sacrum")
    departures = spine_risk.LEVEL_SD * rng.standard_normal(len(levels))
    return t, {level: t["lumbar_spine"] + float(e) for level, e in zip(levels, departures, strict=True)}


def _time_to_fracture(what: Clinic, index: int, predictor: float, pace: float) -> float:
    growth = spine_risk.PER_YEAR + spine_risk.DENSITY * pace
    factor = spine_risk.ENRICHMENT if what.events == "enriched" else 1.0
    now = spine_risk.BASELINE * factor * exp(predictor)
    return hazard.time_to(now, growth, stream(what, index, FRACTURES).exponential())


def _follow_up(what: Clinic, index: int, fracture: float) -> float:
    """Draw the years to the follow-up film; pain after a fracture can bring it forward."""
    rng = stream(what, index, FOLLOW_UP)
    planned = min(LEAST_YEARS + rng.gamma(*MORE_YEARS), MOST_YEARS)
    painful, wait = rng.random() < SYMPTOMS, rng.exponential(TO_FILM)
    return max(min(planned, fracture + wait), LEAST_YEARS) if painful else planned


def _prevalent(what: Clinic, index: int, age: float, departure: float) -> tuple[Deformity, ...]:
    rng = stream(what, index, PREVALENTS)
    limit = spine_risk.prevalent_limit(age) + spine_risk.PREVALENT_DENSITY * departure
    return _deformities(rng, (), False) if rng.standard_normal() < limit else ()


def _incident(what: Clinic, index: int, there: tuple[Deformity, ...]) -> tuple[Deformity, ...]:
    rng = stream(what, index, FRACTURES)
    rng.exponential()  # the time
    return _deformities(rng, tuple(one.level for one in there), True)


def _deformities(rng: np.random.Generator, broken: tuple[str, ...], incident: bool) -> tuple[Deformity, ...]:
    whole = [level for level in MEASURED if level not in broken]
    weights = np.array([BY_LEVEL[level] for level in whole])
    count = min(1 + int(rng.random() < SECOND), len(whole))
    levels = rng.choice(whole, count, replace=False, p=weights / weights.sum())
    found = []
    for level in levels.tolist():
        kind, most, less = str(rng.choice(list(KINDS), p=list(KINDS.values()))), rng.uniform(*LOST), rng.uniform(size=2)
        front, middle, back = {
            "wedge": (1.0, 0.5 + 0.2 * less[0], 0.08 * less[1]),
            "biconcave": (0.15 + 0.15 * less[0], 0.85, 0.10 * less[1]),
            "crush": (1.0, 0.95, 0.75 + 0.2 * less[1]),
        }[kind]
        lost = (float(most * front), float(most * middle), float(most * back))
        found.append(Deformity(level, kind, lost, incident))
    return tuple(found)


def _films(
    what: Clinic,
    index: int,
    birth: date,
    days: tuple[date, date],
    filmed: dict[str, float],
    pace: float,
    quality: float,
    shown: list[float],
) -> tuple[SpineFilm, SpineFilm]:
    rng = stream(what, index, FILMS)
    made = []
    for number, day in enumerate(days):
        seconds, room = int(rng.integers(8 * 3600, 17 * 3600)), rng.random()
        loss = pace * (day - days[0]).days / YEAR
        centre = spine_risk.CURVE.centre
        made.append(
            SpineFilm(
                image_id=f"spine_{index:06d}_{number}",
                number=number,
                date=day,
                time=f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}",
                age_years=age_on(birth, day),
                system="room_2" if room < ROOM_2 else "room_1",
                density={level: filmed_density(t + loss, centre, what.bone_signal) for level, t in filmed.items()},
                shown_quality=SHOWN_QUALITY * quality + sqrt(1 - SHOWN_QUALITY**2) * shown[number],
            )
        )
    return made[0], made[1]
