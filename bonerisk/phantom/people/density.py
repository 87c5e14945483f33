"""Bone density of a population: means by age, sex and BMI, and departures of patients and their bones from them.

Vocabulary. A *density* is a bone's mineral relative to the young reference mean (1 = mean). A patient has one latent
factor; every DXA site and every filmed bone has its own deviation from it, so that no bone is a function of another.
All is Gaussian given age, sex and BMI, so that `bonerisk.phantom.people.oracles` knows every conditional mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonerisk.imaging.masks import BONES

SITES = ("lumbar_spine", "femoral_neck", "total_hip")

# Young reference in g/cm² (mean, SD). Femur: NHANES III, white women aged 20–29 (Looker et al., Osteoporos Int
# 1998;8:468), which ISCD's positions (2019) take for both sexes; spine: Hologic's reference for white women.
REFERENCE = {"lumbar_spine": (1.047, 0.110), "femoral_neck": (0.858, 0.120), "total_hip": (0.942, 0.122)}
PRECISION = 0.015  # of the reference mean: error of a reading; ISCD (2019) accepts up to 1.8–2.5 % by site
READING_SD = {site: PRECISION * mean / sd for site, (mean, sd) in REFERENCE.items()}  # of a T-score

# Loading of a site on the latent factor. The product of two is their correlation within an age, 0.59–0.66 between DXA's
# sites; over all ages and weights it is 0.67–0.73.
DXA_LOADING = {"lumbar_spine": 0.74, "femoral_neck": 0.80, "total_hip": 0.83}
FILM_LOADING = 0.74  # assumed: filmed bones correlate with each other and with DXA's sites about as these do
DENSITY_PER_T = 0.11  # of the reference mean, between the spine's 0.110/1.047 and the hip's 0.122/0.942
LEAST_DENSITY = 0.3  # of a filmed bone; below T = −6.4
T_PER_BMI = 0.045  # per kg/m²; assumed: within published slopes, about 0.2–0.3 SD of BMD per SD of weight


@dataclass(frozen=True)
class Curve:
    """Mean T-score of every site at the median BMI, by age, and the spread within an age.

    Parameters
    ----------
    ages : tuple of float
        Years at which `mean` is given; straight lines between them.
    mean : dict
        By sex, T at each of `ages`.
    sd : dict
        By sex, of the true T-score within an age.
    centre : float
        Mean patient's T-score, around which `bone_signal` scales what a film shows.
    """

    ages: tuple[float, ...]
    mean: dict[str, tuple[float, ...]]
    sd: dict[str, float]
    centre: float

    def at(self, sex: str, age: float, bmi_excess: float) -> float:
        """Mean T at an age in years, `bmi_excess` kg/m² above the median."""
        return float(np.interp(age, self.ages, self.mean[sex])) + T_PER_BMI * bmi_excess

    def pace(self, sex: str, age: float) -> float:
        """Change of the mean T in the year after `age`."""
        ahead, now = np.interp([age + 1, age], self.ages, self.mean[sex])
        return float(ahead - now)


CURVES = {
    # assumed: the slopes. Level and SD bring the lowest of three readings nearest to the classes of OsPenScreen's
    # table 1 (AMC training and SCH). The best fit in women is off by 1.7 points: their mild class, four steps of 0.1,
    # is as full as if it had five, from −1.0 down.
    "screening": Curve(
        (50, 90),
        {"F": (-0.21, -2.01), "M": (0.29, -0.71)},
        {"F": 0.99, "M": 1.02},
        -0.3,
    ),
    # assumed: the shape follows NHANES' means by age (femoral neck: Looker 1998), hip and spine together, rounded from
    # memory. Level (+1.3) and SD are raised until patients with DXA have AI-CXR's T-scores, 0.0 ± 1.6 with 6–7 % at or
    # under −2.5, which are higher and more spread than in any survey.
    "hospital": Curve(
        (25, 35, 45, 55, 65, 75, 85),
        {"F": (1.4, 1.35, 1.2, 0.7, 0.25, -0.2, -0.6), "M": (1.85, 1.6, 1.5, 1.35, 1.2, 0.95, 0.6)},
        {"F": 1.6, "M": 1.6},
        0.95,
    ),
}


CURVES["ospenscreen"] = CURVES["screening"]  # of everybody, before a site chooses whom it sees


@dataclass(frozen=True)
class Bones:
    """One patient's bones: departures of true T-scores from the mean of age, sex and BMI.

    Parameters
    ----------
    sites : dict
        By DXA site.
    filmed : dict
        By filmed bone.
    """

    sites: dict[str, float]
    filmed: dict[str, float]


def draw_bones(sd: float, rng: np.random.Generator) -> Bones:
    """Draw the departures of a patient's bones; `sd` is that of a T-score within an age."""
    factor, own = rng.standard_normal(), rng.standard_normal(len(SITES) + len(BONES))
    loading = np.array([*DXA_LOADING.values(), *[FILM_LOADING] * len(BONES)])
    departure = (sd * (loading * factor + np.sqrt(1 - loading**2) * own)).tolist()
    return Bones(
        dict(zip(SITES, departure[: len(SITES)], strict=True)), dict(zip(BONES, departure[len(SITES) :], strict=True))
    )


def filmed_density(t: float, centre: float, bone_signal: float) -> float:
    """Return the density at which a bone of T-score `t` is drawn, in a population about `centre`."""
    return max(1 + DENSITY_PER_T * (centre + bone_signal * (t - centre)), LEAST_DENSITY)
