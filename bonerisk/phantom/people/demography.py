"""Sex, site, age, height and weight of a population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincinv, ndtr, ndtri

# OsPenScreen's table 1: 52.7 % women in AMC's training set, 54.4 % at SCH. assumed for AI-CXR, which doesn't say: half.
WOMEN = {"screening": 0.535, "hospital": 0.5}
SITE_B_SHARE = 0.25  # AI-CXR's hospitals A and B: 141,962 and 36,667 patients, 79 to 21

# Screening: mean and SD of a gamma distribution from 50 on, before it is cut at 90. The cut gives SCH's values, women
# 59.2 ± 7.2 and men 59.1 ± 7.4. AMC's 53.4 ± 6.9 for women is impossible among people of 50 and over.
SCREENING_AGES = (50.0, 90.0)
SCREENING_AGE = {"F": (59.4, 7.6), "M": (59.3, 7.9)}
# Hospital: over 20 (AI-CXR); assumed: a normal distribution, cut.
HOSPITAL_AGES = (20.0, 95.0)
HOSPITAL_AGE = (53.0, 18.0)

HEIGHT_CM = {"F": (161.5, 6.4), "M": (175.0, 7.0)}  # assumed: close to adults of 50 in NHANES
HEIGHT_PER_YEAR = -0.1  # cm a year after 50; assumed
BMI = {
    "F": (27.6, 0.19),
    "M": (27.9, 0.16),
}  # kg/m²: median at 50 and SD of its logarithm; assumed: between values of Asia and the US
BMI_BY_AGE = ((20, 35, 50, 75, 95), (0.88, 0.96, 1.0, 1.0, 0.92))  # share of that median; assumed
BMI_RANGE = (16.5, 48.0)


@dataclass(frozen=True)
class Person:
    """Demography of a patient at the first film; age in years, BMI in kg/m²."""

    sex: str
    site: str
    age: float
    height_cm: float
    bmi: float


def draw_person(kind: str, rng: np.random.Generator) -> Person:
    """Draw a patient of a kind of population."""
    sex = "F" if rng.random() < WOMEN[kind] else "M"
    site = "site_b" if rng.random() < SITE_B_SHARE else "site_a"
    return person_of(sex, site, age_at(kind, sex, rng.random()), rng)


def person_of(sex: str, site: str, age: float, rng: np.random.Generator) -> Person:
    """Draw height and weight of a patient."""
    height = rng.normal(*HEIGHT_CM[sex]) + HEIGHT_PER_YEAR * max(age - 50, 0)
    bmi = float(np.clip(median_bmi(sex, age) * np.exp(BMI[sex][1] * rng.standard_normal()), *BMI_RANGE))
    return Person(sex, site, age, float(height), bmi)


def median_bmi(sex: str, age: float) -> float:
    """Median BMI in kg/m² at an age."""
    return BMI[sex][0] * float(np.interp(age, *BMI_BY_AGE))


def age_at(kind: str, sex: str, share: float) -> float:
    """Age in years that a `share` of the population is below."""
    if kind == "screening":
        return age_from_50(*SCREENING_AGE[sex], SCREENING_AGES[1], share)
    mean, sd = HOSPITAL_AGE
    below, above = ndtr([(edge - mean) / sd for edge in HOSPITAL_AGES])
    return mean + sd * float(ndtri(below + share * (above - below)))


def age_from_50(mean: float, sd: float, oldest: float, share: float) -> float:
    """Age in years that a `share` is below, of a gamma distribution from 50 on, cut at `oldest`."""
    low = SCREENING_AGES[0]
    shape, scale = ((mean - low) / sd) ** 2, sd**2 / (mean - low)
    return low + scale * float(gammaincinv(shape, share * gammainc(shape, (oldest - low) / scale)))
