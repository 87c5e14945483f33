"""The patients behind the simulated films: bodies, densities and DXA readings, each a function of (seed, index) alone.

Vocabulary. A *density* is a bone's mineral against the young reference mean (1 = mean). A patient has one latent
factor; every DXA site and every filmed bone has its own deviation from it, so that no bone is a function of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

BONES = ("vertebrae", "ribs", "clavicles", "scapulae", "humeri")

# Young reference in g/cm² (mean, SD). Femur: NHANES III, white women aged 20–29 (Looker et al., Osteoporos Int
# 1998;8:468), which ISCD's positions (2019) take for both sexes; spine: Hologic's reference for white women.
REFERENCE = {"lumbar_spine": (1.047, 0.110), "femoral_neck": (0.858, 0.120), "total_hip": (0.942, 0.122)}
PRECISION = 0.015  # of BMD: coefficient of variation of a reading; ISCD (2019) accepts up to 1.8–2.5 % by site

# Loading of a site on the latent factor. The product of two is their correlation within an age, 0.59–0.66 between DXA's
# sites; over all ages and weights it is 0.67–0.73.
DXA_LOADING = {"lumbar_spine": 0.74, "femoral_neck": 0.80, "total_hip": 0.83}
FILM_LOADING = 0.74  # assumed: filmed bones correlate with each other and with DXA's sites about as these do
DENSITY_PER_T = 0.11  # of the reference mean, between the spine's 0.110/1.047 and the hip's 0.122/0.942

# Mean T at 50 years, its fall a year, and the SD within an age. assumed: linear, and so that the lowest of three sites
# gives shares near those of NHANES 2005–2010 from 50 years on (Wright et al., J Bone Miner Res 2014;29:2520): low bone
# mass in half of the women and a third of the men, osteoporosis in 15 % and 4 %; less here, as these are younger.
T_AT_50 = {"F": -0.35, "M": 0.15}
T_PER_YEAR = {"F": -0.045, "M": -0.025}
T_SD = 1.00
T_PER_BMI = 0.045  # a kg/m²; assumed: within the range of published slopes, about 0.2–0.3 SD of BMD an SD of weight
FILM_MEAN_T = -0.35  # T of the mean patient, around which `bone_signal` stretches what the film shows

AGE_RANGE = (50.0, 90.0)
AGE_SCALE = 9.0  # years; assumed: mean age near 58, as in the health-check cohorts of OsPenScreen (table 1)
HEIGHT_CM = {"F": (161.5, 6.4), "M": (175.0, 7.0)}  # assumed: close to NHANES' adults of 50 and over
HEIGHT_PER_YEAR = -0.1  # cm a year after 50; assumed
BMI = {"F": (27.6, 0.19), "M": (27.9, 0.16)}  # kg/m²: median and SD of its logarithm; assumed, between Asia and the US
SITE_B_SHARE = 0.25


@dataclass(frozen=True)
class Patient:
    """One patient with one film: what is known of them, and the truth behind it.

    Parameters
    ----------
    t_true, t_read : dict
        True T-score and DXA reading by site of `REFERENCE`.
    density : dict
        Density of each bone of `BONES` as the film shows it.
    """

    index: int
    patient_id: str
    image_id: str
    site: str
    sex: str
    age_years: int
    height_cm: float
    weight_kg: float
    film_date: date
    latent_t: float
    t_true: dict[str, float]
    t_read: dict[str, float]
    density: dict[str, float]

    @property
    def bmi_kg_m2(self) -> float:
        """Weight over height squared."""
        return self.weight_kg / (self.height_cm / 100) ** 2

    @property
    def t_score(self) -> float:
        """Lowest reading of the three sites, to one decimal."""
        return min(round(t, 1) for t in self.t_read.values())

    @property
    def filmed_density(self) -> float:
        """Mean density of the filmed bones."""
        return sum(self.density.values()) / len(self.density)


def draw(seed: int, index: int, bone_signal: float = 1.0) -> Patient:
    """Draw patient number `index`; any other patients there may be don't matter.

    Parameters
    ----------
    seed, index : int
    bone_signal : float
        How far the film's bones depart from the population's mean: 1 as the patient's own do, 0 not at all.
    """
    rng = np.random.default_rng([seed, index, 0])
    sex = "F" if rng.random() < 0.5 else "M"
    site = "site_b" if rng.random() < SITE_B_SHARE else "site_a"
    age = _age(rng.random())
    height = rng.normal(*HEIGHT_CM[sex]) + HEIGHT_PER_YEAR * (age - 50)
    median, spread = BMI[sex]
    bmi = float(np.clip(median * np.exp(spread * rng.standard_normal()), 16.5, 48.0))
    mean = T_AT_50[sex] + T_PER_YEAR[sex] * (age - 50) + T_PER_BMI * (bmi - median)
    factor = rng.standard_normal()
    t_true = {name: mean + T_SD * _deviation(factor, loading, rng) for name, loading in DXA_LOADING.items()}
    filmed = {bone: mean + T_SD * _deviation(factor, FILM_LOADING, rng) for bone in BONES}
    density = {bone: _density(FILM_MEAN_T + bone_signal * (t - FILM_MEAN_T)) for bone, t in filmed.items()}
    return Patient(
        index=index,
        patient_id=f"{'A' if site == 'site_a' else 'B'}{index:06d}",
        image_id=f"film_{index:06d}",
        site=site,
        sex=sex,
        age_years=int(age),
        height_cm=round(height, 1),
        weight_kg=round(bmi * (height / 100) ** 2, 1),
        film_date=date(2015, 1, 1) + timedelta(days=int(rng.integers(0, 3000))),
        latent_t=mean + T_SD * factor,
        t_true=t_true,
        t_read={name: _read(name, t, rng) for name, t in t_true.items()},
        density=density,
    )


def _age(share: float) -> float:
    """Age at a share of the population: exponential from 50, cut at 90."""
    low, high = AGE_RANGE
    inside = 1 - np.exp(-(high - low) / AGE_SCALE)
    return float(low - AGE_SCALE * np.log1p(-share * inside))


def _deviation(factor: float, loading: float, rng: np.random.Generator) -> float:
    return float(loading * factor + np.sqrt(1 - loading**2) * rng.standard_normal())


def _density(t: float) -> float:
    return max(1 + DENSITY_PER_T * t, 0.3)


def _read(site: str, t: float, rng: np.random.Generator) -> float:
    """Read a true T-score by DXA, whose error is a share of BMD."""
    mean, sd = REFERENCE[site]
    bmd = (mean + sd * t) * (1 + PRECISION * rng.standard_normal())
    return float((bmd - mean) / sd)
