"""Draws simulated patients, each a function of (settings, seed, index) alone.

Every concern has its own stream of random numbers, so that a setting changes what it names and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

import numpy as np

from bonerisk.phantom.people import codes, course, density, dxa, hazard, sites
from bonerisk.phantom.people.codes import Record
from bonerisk.phantom.people.course import Fracture, Stay
from bonerisk.phantom.people.demography import Person, age_from_50, draw_person, median_bmi, person_of
from bonerisk.phantom.people.density import BONES as BONES
from bonerisk.phantom.people.disease import CONDITIONS, Signs
from bonerisk.phantom.people.dxa import Reading
from bonerisk.phantom.people.patient import Exposure as Exposure
from bonerisk.phantom.people.patient import Life, Patient, Population
from bonerisk.phantom.people.views import draw_films

KINDS = ("screening", "hospital")
EVENTS = ("natural", "enriched")

PERSON, BONE, LATENTS, STAY, FRACTURES, PRIOR, FILMS, READINGS, DIAGNOSES, DRUGS = range(1, 11)
_SIGNS = Signs(CONDITIONS.values())
_NAMES = np.array(list(CONDITIONS))


def draw(what: Population, index: int) -> Patient:
    """Draw patient number `index`, independently of other patients."""
    recorded, stay = frozenset[str](), None
    if what.kind == sites.KIND:
        person, life, readings = _chosen(what, index)
    else:
        person = draw_person(what.kind, stream(what, index, PERSON))
        life, recorded, stay = (_screened if what.kind == "screening" else _treated)(what, index, person)
        readings = _readings(what, index, life, recorded, stay)
    days = stay.films if stay else (life.first,)
    films, reported = draw_films(what, index, person.site, life, days, readings, stream(what, index, FILMS))
    diagnoses, drugs = _records(what, index, life, recorded, stay)
    return Patient(
        population=what,
        index=index,
        patient_id=f"{_letter(person.site)}{index:06d}",
        site=person.site,
        sex=person.sex,
        birth_date=life.birth_date,
        height_cm=round(person.height_cm, 1),
        weight_kg=round(person.bmi * (person.height_cm / 100) ** 2, 1),
        films=films,
        life=life,
        readings=readings,
        recorded=recorded,
        stay=stay,
        diagnoses=diagnoses,
        drugs=drugs,
        reported=reported,
    )


def stream(what: Population, index: int, concern: int) -> np.random.Generator:
    """Return the random numbers of one concern of a patient."""
    return np.random.default_rng([what.seed, index, 0, concern])


def _letter(site: str) -> str:
    return sites.SITES[site].letter if site in sites.SITES else site[-1].upper()


def _life(
    what: Population, person: Person, first: date, quality: float, frailty: float, bones: np.random.Generator
) -> Life:
    curve = density.CURVES[what.kind]
    excess = person.bmi - median_bmi(person.sex, person.age)
    return Life(
        sex=person.sex,
        birth_date=first - timedelta(days=ceil(person.age * course.YEAR)),
        first=first,
        t_mean=curve.at(person.sex, person.age, excess),
        pace=curve.pace(person.sex, person.age),
        bones=density.draw_bones(curve.sd[person.sex], bones),
        quality=quality,
        frailty=frailty,
        quality_effect=what.quality_effect,
    )


def _screened(what: Population, index: int, person: Person) -> tuple[Life, frozenset[str], Stay | None]:
    """Draw the life of a person at a health check, where no conditions are recorded and there is no stay."""
    quality, frailty = stream(what, index, LATENTS).standard_normal(2).tolist()
    return _life(what, person, _day(what, index), quality, frailty, stream(what, index, BONE)), frozenset(), None


def _day(what: Population, index: int) -> date:
    """Draw the day of a health check."""
    return course.SCREENING_START + timedelta(days=int(stream(what, index, STAY).integers(course.SCREENING_DAYS)))


def _chosen(what: Population, index: int) -> tuple[Person, Life, tuple[Reading, ...]]:
    """Draw people of a site until one's DXA is of the class that the site's case mix asks for."""
    name = sites.site_of(index)
    site = sites.SITES[name]
    rng, bones, errors = (stream(what, index, concern) for concern in (PERSON, BONE, READINGS))
    sex = "F" if rng.random() < site.women else "M"
    wanted = rng.choice(sites.CLASSES, p=site.shares(sex))
    quality, frailty = stream(what, index, LATENTS).standard_normal(2).tolist()
    first = _day(what, index)
    while True:
        person = person_of(sex, name, age_from_50(*site.ages[sex], site.oldest, rng.random()), rng)
        life = _life(what, person, first, quality, frailty, bones)
        reading = Reading(first, dxa.read(life.t_true(first), errors))
        if sites.class_of(min(reading.t.values())) == wanted:
            return person, life, (reading,)


def _treated(what: Population, index: int, person: Person) -> tuple[Life, frozenset[str], Stay | None]:
    """Draw the life, the recorded conditions and the stay of a patient of the hospital."""
    rng = stream(what, index, LATENTS)
    quality, frailty = rng.standard_normal(2).tolist()
    male = person.sex == "M"
    there = _SIGNS.there(person.age, male, frailty, rng.standard_normal(len(_NAMES)))
    recorded = _SIGNS.written(there, rng.random(len(_NAMES)))
    stay = course.stay(person.age, male, frailty, stream(what, index, STAY))
    life = _life(what, person, stay.films[0], quality, frailty, stream(what, index, BONE))
    life = replace(life, conditions=frozenset(_NAMES[there].tolist()))
    life = replace(life, prior=_prior(life, person.age, stream(what, index, PRIOR)))
    events = course.fractures(
        life.predictor(life.first),
        hazard.fracture_growth(life.pace),
        what.events == "enriched",
        life.prior is not None,
        life.first,
        stay.last_contact,
        stream(what, index, FRACTURES),
    )
    return replace(life, fractures=events), frozenset(_NAMES[recorded].tolist()), stay


def _prior(life: Life, age: float, rng: np.random.Generator) -> Fracture | None:
    """Draw an osteoporotic fracture of the three years before the first film, or none."""
    liability, years = rng.standard_normal(), rng.random()
    kind = rng.choice(list(hazard.TYPES), p=list(hazard.TYPES.values()))
    departure = hazard.mean_over_sites(life.bones.sites)
    limit = hazard.prior_limit(age, life.male) + hazard.PRIOR_DENSITY * departure + hazard.PRIOR_FRAILTY * life.frailty
    if liability > limit:
        return None
    return Fracture(life.first - timedelta(days=1 + int(years * hazard.PRIOR_YEARS * course.YEAR)), str(kind))


def _readings(
    what: Population, index: int, life: Life, recorded: frozenset[str], stay: Stay | None
) -> tuple[Reading, ...]:
    rng = stream(what, index, READINGS)
    if stay is None:
        return (Reading(life.first, dxa.read(life.t_true(life.first), rng)),)
    age = course.age_on(life.birth_date, life.first)
    limit = dxa.limit(what.t_score_share, age, life.male, "steroids" in recorded)
    if dxa.liability(life.frailty, rng.standard_normal()) > limit:
        return ()
    near = what.t_score_share is not None
    days = dxa.days(near, life.first, course.START, stay.last_contact, rng)
    return tuple(Reading(day, dxa.read(life.t_true(day), rng)) for day in days)


def _records(
    what: Population, index: int, life: Life, recorded: frozenset[str], stay: Stay | None
) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Return the diagnoses and the drugs, each by date."""
    if stay is None:
        return (), ()
    rng, last = stream(what, index, DIAGNOSES), stay.last_contact
    found = [*codes.conditions(recorded, life.first, last, rng)]
    for event in codes.accidents(life.first, last, rng):
        found += codes.fracture(event, last, rng, traumatic=True)
    if life.prior:
        found += codes.fracture(life.prior, last, rng)
    for event in life.fractures:
        found += codes.fracture(event, last, rng)
    woman_of_50 = not life.male and course.age_on(life.birth_date, life.first) >= 50
    given = codes.drugs(recorded, life.prior, woman_of_50, life.first, last, stream(what, index, DRUGS))
    return _by_date(found), _by_date(given)


def _by_date(records: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(sorted(records, key=lambda record: (record.date, record.code)))
