"""The hospital's records: diagnoses in ICD-9 and from 2016 on in ICD-10, drugs by ATC; codes without dots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bonerisk.phantom.people.course import YEAR, Fracture, after
from bonerisk.phantom.people.hazard import TYPES

ICD10_FROM = date(2016, 1, 1)  # Taiwan's change


@dataclass(frozen=True)
class Record:
    """One row of a hospital's table of diagnoses or drugs."""

    date: date
    code: str
    code_system: str


# Condition: ICD-9-CM, ICD-10-CM. Falls are coded as history of falling, so that no external cause is near a fracture.
CONDITIONS = {
    "diabetes": ("25000", "E119"),
    "hypertension": ("4019", "I10"),
    "chronic_kidney_disease": ("5859", "N189"),
    "hyperlipidaemia": ("2724", "E785"),
    "rheumatoid_arthritis": ("7140", "M069"),
    "hyperparathyroidism": ("25200", "E213"),
    "thyrotoxicosis": ("24290", "E0590"),
    "cushings": ("2550", "E249"),
    "coeliac": ("5790", "K900"),
    "steroids": ("V5865", "Z7952"),
    "stroke": ("43491", "I639"),
    "dementia": ("2900", "F0390"),
    "parkinsons": ("3320", "G20"),
    "falls": ("V1588", "Z9181"),
}
# Fracture type: ICD-9-CM, ICD-10-CM of the initial encounter, ICD-9-CM of aftercare.
FRACTURES = {
    "vertebral": (("73313", "8052", "8054"), ("M4854XA", "M4856XA", "M8008XA", "S22080A", "S32010A"), "V5427"),
    "hip": (("82021", "8208", "82009"), ("S72001A", "S72141A", "S7222XA"), "V5413"),
    "forearm": (("81341", "81342"), ("S52501A", "S52531A"), "V5412"),
    "humerus": (("81201", "81200"), ("S42201A", "S42211A"), "V5411"),
}
TRAUMATIC = {  # a vertebra broken in an accident has no code of a pathological fracture
    "vertebral": (("8052", "8054"), ("S22080A", "S32010A"), "V5417"),
    **{kind: FRACTURES[kind] for kind in ("hip", "forearm", "humerus")},
}
EXTERNAL_CAUSE = ("E8120", "V4352XA")  # a car accident
TRAUMA = 0.003  # a year, for any bones; assumed
FOLLOW_UP_VISITS, FOLLOW_UP_YEARS = 1.5, 0.35  # expected visits after a fracture, mean years to each; assumed
SEQUELA_AFTER = 365  # days after which a visit is coded S, not D; assumed
AGAIN = 0.5  # probability that a condition is coded once more in the stay; assumed

STEROID, THIAZIDE, STATIN = "H02AB06", "C03AA03", "C10AA05"
# Recorded condition: its drug and the probability; assumed. Drugs follow the record, so they add nothing to it.
TREATED = {"steroids": (STEROID, 0.9), "hypertension": (THIAZIDE, 0.15), "hyperlipidaemia": (STATIN, 0.6)}
ANTIOSTEOPOROTIC = ("M05BA04", "M05BA04", "M05BX04", "G03XC01", "H05AA02")  # a repeated code is likelier
# Probability of such a drug before the first film: after a fracture, else in women of 50 and over, else; assumed.
ANTIOSTEOPOROTIC_CHANCE = (0.25, 0.02, 0.002)


def conditions(recorded: Iterable[str], first: date, last: date, rng: np.random.Generator) -> Iterator[Record]:
    """Yield the diagnoses of conditions: once before the first film, some again until the last contact."""
    named = set(recorded)
    for name, pair in CONDITIONS.items():  # in this order: the order of a set differs between processes
        if name in named:
            before, again, place = rng.integers(400), rng.random(), rng.random()
            yield _diagnosis(first - timedelta(days=int(before)), pair)
            if again < AGAIN:
                yield _diagnosis(first + timedelta(days=int(place * (last - first).days)), pair)


def fracture(event: Fracture, last: date, rng: np.random.Generator, traumatic: bool = False) -> Iterator[Record]:
    """Yield the diagnoses of a fracture: the encounter, and visits after it until the last contact."""
    old, new, aftercare = (TRAUMATIC if traumatic else FRACTURES)[event.kind]
    if event.date > last:
        return
    code = str(rng.choice(old)), str(rng.choice(new))
    visits = np.cumsum(rng.exponential(FOLLOW_UP_YEARS, rng.poisson(FOLLOW_UP_VISITS))).tolist()
    yield _diagnosis(event.date, code)
    if traumatic:
        yield _diagnosis(event.date, EXTERNAL_CAUSE)
    for years in visits:
        day = after(event.date, years, least=7)
        if day <= last:
            seventh = "S" if (day - event.date).days > SEQUELA_AFTER else "D"
            yield _diagnosis(day, (aftercare, code[1][:-1] + seventh))


def accidents(first: date, last: date, rng: np.random.Generator) -> Iterator[Fracture]:
    """Yield traumatic fractures of a stay."""
    stay = (last - first).days
    for place in rng.random(rng.poisson(TRAUMA * stay / YEAR)).tolist():
        yield Fracture(first + timedelta(days=int(place * stay)), str(rng.choice(list(TYPES))))


def drugs(
    recorded: Iterable[str],
    prior: Fracture | None,
    woman_of_50: bool,
    first: date,
    last: date,
    rng: np.random.Generator,
) -> Iterator[Record]:
    """Yield prescriptions; `prior` is the fracture before the first film."""
    recorded = set(recorded)
    for name, (code, chance) in TREATED.items():
        given, before, refills = rng.random(), rng.integers(300), rng.poisson(1.0)
        if name in recorded and given < chance:
            start = first - timedelta(days=int(before))
            yield from (Record(day, code, "atc") for day in _monthly(start, refills, last))
    given, which, place = rng.random(), rng.integers(len(ANTIOSTEOPOROTIC)), rng.random()
    start = prior.date if prior else first - timedelta(days=730)
    start += timedelta(days=int(place * (first - start).days))
    if given < ANTIOSTEOPOROTIC_CHANCE[0 if prior else 1 if woman_of_50 else 2]:
        yield from (Record(day, ANTIOSTEOPOROTIC[which], "atc") for day in _monthly(start, 2, last))


def _monthly(start: date, refills: int, last: date) -> list[date]:
    return [day for k in range(refills + 1) if (day := start + timedelta(days=30 * k)) <= last]


def _diagnosis(day: date, codes: tuple[str, str]) -> Record:
    return Record(day, codes[1], "icd10") if day >= ICD10_FROM else Record(day, codes[0], "icd9")
