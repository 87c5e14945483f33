"""The hazards of fracture and death: Gompertz in age, proportional in everything else, sharing a frailty.

Vocabulary. The *linear predictor* is the log ratio of the hazard of a major osteoporotic fracture to its baseline;
higher is worse. It holds at one age; after that the hazard grows exponentially, so that times follow by inversion.
"""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.people.density import SITES
from bonerisk.phantom.people.disease import Numbers

# Fracture: yearly hazard at linear predictor 0 of vertebra, hip, forearm and humerus together. Calibrated by simulation
# to AI-CXR's incidences of vertebral fracture, together with the factors below, which stay within published ranges.
BASELINE = 0.0035
ENRICHMENT = 160.0  # factor of `events="enriched"`, at which 38 % of patients have an observed vertebral fracture
TYPES = {"vertebral": 0.42, "hip": 0.22, "forearm": 0.24, "humerus": 0.12}  # assumed: of first clinical fractures at 65
PER_YEAR = 0.03  # of age over 65, at a given density; assumed: with the fall of density, doubling in about twelve years
MALE = -0.20  # assumed: men fracture slightly less at equal T-scores on the female reference
DENSITY = (
    -0.65
)  # per T-score, mean of three sites: ratio 1.9; per SD 1.5 for any fracture, 2.3 for vertebrae (Marshall, BMJ 1996)
QUALITY = -0.35  # per SD of bone quality; assumed: ratio 1.4, as microarchitecture scores have about 1.3–1.5
FRAILTY = 0.30  # per SD; assumed
PRIOR = 0.62  # log 1.86, any earlier fracture (Kanis et al., Bone 2004;35:375)

# Earlier fracture at the first film: a normal liability. assumed: 4 % at 60, averaged over bones and frailty; quality
# is left out, so that `quality_effect` changes times only.
PRIOR_LIMIT, PRIOR_PER_DECADE, PRIOR_MALE = -1.95, 0.25, -0.10
PRIOR_DENSITY, PRIOR_FRAILTY = -0.35, 0.25
PRIOR_YEARS = 3.0  # it lies at most this far back

# Death: hazard a year at 65 in women. assumed: as in an adult hospital, about three times a nation's; Gompertz
# slopes are close to 0.09 a year everywhere.
DEATH_BASELINE, DEATH_PER_YEAR, DEATH_MALE, DEATH_FRAILTY = 0.016, 0.085, 0.40, 0.80

TOP_QUARTER = 0.0  # about the third quartile of the hospital's true linear predictor at first films


def linear_predictor(
    age: Numbers,
    male: Numbers,
    mean_t: Numbers,
    quality: Numbers,
    frailty: Numbers,
    conditions: Numbers,
    prior: Numbers,
    quality_effect: float,
) -> Numbers:
    """Return the linear predictor; arrays broadcast.

    Parameters
    ----------
    age : float or array
        Years.
    male, prior : float or array
        0 or 1; `prior` is any earlier fracture.
    mean_t : float or array
        Mean of the three DXA sites' true T-scores.
    quality, frailty : float or array
        Standard normal latents.
    conditions : float or array
        Sum of the conditions' log hazards.
    quality_effect : float
        Factor on quality's coefficient.
    """
    bone = DENSITY * mean_t + quality_effect * QUALITY * quality
    return PER_YEAR * (age - 65) + MALE * male + bone + FRAILTY * frailty + conditions + PRIOR * prior


def prior_limit(age: Numbers, male: Numbers) -> Numbers:
    """Return the limit of the liability of an earlier fracture, at average bones and frailty."""
    return PRIOR_LIMIT + PRIOR_PER_DECADE * (age - 60) / 10 + PRIOR_MALE * male


def mean_over_sites(t: dict[str, float]) -> float:
    """Mean of a value by DXA site."""
    return sum(t[site] for site in SITES) / len(SITES)


def fracture_growth(pace: float) -> float:
    """Yearly growth of the log fracture hazard where T changes by `pace` a year."""
    return PER_YEAR + DENSITY * pace


def death_hazard(age: float, male: bool, frailty: float) -> float:
    """Hazard of death a year."""
    log = DEATH_PER_YEAR * (age - 65) + DEATH_MALE * male + DEATH_FRAILTY * frailty
    return DEATH_BASELINE * float(np.exp(log))


def cumulative(hazard: float, growth: float, years: float) -> float:
    """Return the cumulative hazard over `years` of a Gompertz hazard that is now `hazard`."""
    return float(hazard * np.expm1(growth * years) / growth)


def time_to(hazard: float, growth: float, exponential: float) -> float:
    """Return the years until the cumulative hazard, from `hazard` now, reaches a standard exponential draw."""
    return float(np.log1p(growth * exponential / hazard) / growth)
