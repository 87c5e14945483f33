"""The hazard of vertebral fracture in a spine clinic, and the best predictors of it.

The linear predictor is linear in Gaussian latents and in known conditions, so that each oracle is an exact conditional
mean: of the lumbar T-score given filmed densities, or given DXA's readings, and of quality given what a film shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from bonerisk.phantom.people.clinic import MEASURED, SpineFilm, SpinePatient
from bonerisk.phantom.people.density import DENSITY_PER_T, DXA_LOADING, READING_SD, SITES, Curve
from bonerisk.phantom.people.disease import Array
from bonerisk.phantom.people.views import SHOWN_QUALITY

# assumed: levels and slopes, as Korean survey means (KNHANES) have them roughly; women lose faster.
CURVE = Curve((50, 80), {"F": (-0.55, -2.35), "M": (-0.05, -0.75)}, {"F": 1.15, "M": 1.2}, -1.1)

BASELINE = 0.0045  # a year, at linear predictor 0; calibrated to the 7.5 % with an event in Table 1 (120 of 1,595)
ENRICHMENT = 8.0  # factor of `events="enriched"`, at which a third have one
PER_YEAR = 0.04  # of age over 60, at a given density; assumed
MALE = -0.10  # assumed: men fracture hardly less at equal T-scores
DENSITY = -0.75  # per lumbar T-score: ratio 2.1; 2.3 per SD of spine BMD for vertebral fracture (Marshall, BMJ 1996)
QUALITY = -0.40  # per SD; assumed: ratio 1.5, as microarchitecture scores have about 1.3–1.5
FRAILTY = 0.30  # per SD; assumed
GLUCOCORTICOIDS = 0.45  # assumed: half of the patients have them, so most had low doses or short courses
SECONDARY, RHEUMATOID = 0.35, 0.35  # assumed
PREVALENT = 1.2  # log hazard ratio of a fracture already there: about fourfold after one (Klotzbuecher, JBMR 2000)
# Fracture at baseline: a normal liability's limit, at average bones. assumed: 14 % of patients.
PREVALENT_LIMIT, PREVALENT_PER_DECADE = -1.18, 0.35
PREVALENT_DENSITY = -0.35  # per T-score's departure from the mean of age, sex and BMI
LEVEL_SD = 0.3  # of a filmed vertebra's T-score about the patient's lumbar spine; assumed

FRAX_SHARE, FRAX_NOISE = 0.7, 0.35  # of the clinical predictor, and SD of its logarithm; assumed: partial information
FRAX_LEVEL = {"major": math.log(0.065), "hip": math.log(0.016)}  # assumed: medians of about 6 % and 1.5 % in 10 years


def fixed(age: float, male: bool, glucocorticoids: bool, secondary: bool, rheumatoid: bool, prevalent: bool) -> float:
    """Return the part of the linear predictor that records give exactly."""
    conditions = GLUCOCORTICOIDS * glucocorticoids + SECONDARY * secondary + RHEUMATOID * rheumatoid
    return PER_YEAR * (age - 60) + MALE * male + conditions + PREVALENT * prevalent


def latent(t_lumbar: float, quality: float, frailty: float, quality_effect: float) -> float:
    """Return the rest of it, of which only DXA and films show a part; T is the lumbar spine's."""
    return DENSITY * t_lumbar + quality_effect * QUALITY * quality + FRAILTY * frailty


def prevalent_limit(age: float) -> float:
    """Return the limit of the liability of a fracture at baseline, at average bones."""
    return PREVALENT_LIMIT + PREVALENT_PER_DECADE * (age - 60) / 10


def on_readings(mean: float, sd: float, read: dict[str, float] | None) -> tuple[float, float]:
    """Return mean and variance of the lumbar spine's T, given DXA's readings if there are any.

    Parameters
    ----------
    mean, sd : float
        Of the T-scores of people of the same age, sex and BMI.
    """
    if read is None:
        return mean, sd**2
    loading = np.array([DXA_LOADING[site] for site in SITES])
    covariance = sd**2 * (np.outer(loading, loading) + np.diag(1 - loading**2))
    error = np.diag(np.square([READING_SD[site] for site in SITES]))
    across = covariance[SITES.index("lumbar_spine")]
    weights = np.linalg.solve(covariance + error, across)
    expected = mean + weights @ (np.array([read[site] for site in SITES]) - mean)
    return float(expected), float(sd**2 - weights @ across)


def given_prevalent(expected: float, variance: float, mean: float, age: float, prevalent: bool) -> float:
    """Return the expected T of the lumbar spine, given also whether there is a fracture at baseline."""
    scale = math.sqrt(1 + PREVALENT_DENSITY**2 * variance)
    z = (prevalent_limit(age) + PREVALENT_DENSITY * (expected - mean)) / scale
    z = z if prevalent else -z
    shift = PREVALENT_DENSITY * variance / scale * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / float(ndtr(z))
    return expected + (shift if prevalent else -shift)


def frax_simulated(known: float, own: float) -> tuple[float, float]:
    """Return two simulated scores in percent from the `known` predictor and a standard normal draw.

    They rank patients with partial information, as a clinical score does. They use none of FRAX's coefficients.
    """
    score = FRAX_SHARE * (known - 0.9) + FRAX_NOISE * own
    major, hip = (100 * (1 - math.exp(-math.exp(level + score))) for level in FRAX_LEVEL.values())
    return round(major, 1), round(hip, 1)


def oracles(people: Sequence[SpinePatient]) -> dict[str, Array]:
    """Return the linear predictor at baseline and its expectations, higher is worse, each of shape (n,).

    truth: itself. film: given the baseline film, age, sex and BMI; what records alone know is left at its mean.
    clinical: given age, sex, BMI, conditions and DXA. film_clinical: given all of these.
    """
    rows = [_expected(patient) for patient in people]
    return {name: np.array([row[name] for row in rows]) for name in ("truth", "film", "clinical", "film_clinical")}


def mean_of(patient: SpinePatient) -> float:
    """Return the mean T-score of people of the patient's age, sex and BMI, at baseline."""
    return CURVE.at(patient.sex, patient.films[0].age_years, patient.bmi_kg_m2 - 24.1)


def _expected(patient: SpinePatient) -> dict[str, float]:
    film, effect = patient.films[0], patient.population.quality_effect
    male, mean, sd = patient.sex == "M", mean_of(patient), CURVE.sd[patient.sex]
    shown = SHOWN_QUALITY * film.shown_quality
    conditions = (patient.glucocorticoids, patient.secondary_osteoporosis, patient.rheumatoid_arthritis)
    known = fixed(film.age_years, male, *conditions, patient.prevalent)
    unknown = fixed(film.age_years, male, False, False, False, patient.prevalent)
    read = patient.reading.t if patient.reading else None
    from_records = on_readings(mean, sd, read)
    lumbar = given_prevalent(*from_records, mean, film.age_years, patient.prevalent)
    seen = _on_film(patient, film, mean, sd)
    blind = given_prevalent(mean, sd**2, mean, film.age_years, patient.prevalent)
    return {
        "truth": patient.predictor,
        "film": unknown + latent(blind if seen is None else seen, shown, 0.0, effect),
        "clinical": known + latent(lumbar, 0.0, 0.0, effect),
        "film_clinical": known + latent(lumbar if seen is None else seen, shown, 0.0, effect),
    }


def _on_film(patient: SpinePatient, film: SpineFilm, mean: float, sd: float) -> float | None:
    """Return the expected lumbar T given the filmed densities, to which the rest adds next to nothing."""
    signal = patient.population.bone_signal
    if not signal:
        return None
    shown = float(np.mean([film.density[level] for level in MEASURED]))
    t = CURVE.centre + ((shown - 1) / DENSITY_PER_T - CURVE.centre) / signal
    return mean + (t - mean) * sd**2 / (sd**2 + LEVEL_SD**2 / len(MEASURED))
