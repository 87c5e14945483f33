"""One patient's spine without posture: sizes, deformities, discs and signs of wear.

The order of the draws defines the patient: both films have the same spine, except for what time has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonerisk.phantom.lumbar.levels import HOLLOW, LEVELS, MAN_CM, SHAPE_SD, WOMAN, WOMAN_CM
from bonerisk.phantom.people.clinic import SpineFilm, SpinePatient

WEAR_AGE, WEAR_SD = 0.035, 0.16  # a year over 50, and between discs; assumed


@dataclass(frozen=True)
class Vertebra:
    """A vertebra's shape in mm of the patient.

    Parameters
    ----------
    heights : (float, float, float)
        In front, in the middle and behind.
    upper, lower, width : float
        Depth of the end plates from front to back, and width from side to side.
    disc, angle : float
        Height of the disc below it in the middle, and degrees between its end plates.
    lost : float
        Mean share of the height that a fracture has lost.
    spur : float
        Length of the osteophytes at the disc below.
    kind : str or None
        Of its deformity.
    """

    heights: tuple[float, float, float]
    upper: float
    lower: float
    width: float
    disc: float
    angle: float
    lost: float
    spur: float
    kind: str | None


@dataclass(frozen=True)
class Build:
    """A patient's spine.

    Parameters
    ----------
    vertebrae : dict
        By level, from the top.
    size : float
        Factor on all lengths of the skeleton.
    slope : float
        Degrees of the first sacral end plate from the horizontal, in a usual posture.
    bend : float
        Degrees by which vertebrae lean sideways at most (scoliosis).
    turn : float
        Degrees by which they are twisted at most about the long axis, with the bend.
    aorta : float
        Extent of the aorta's calcification, 0 is none.
    """

    vertebrae: dict[str, Vertebra]
    size: float
    slope: float
    bend: float
    turn: float
    aorta: float


def build(patient: SpinePatient, film: SpineFilm) -> Build:
    """Return the spine that `film` shows."""
    rng = np.random.default_rng([patient.population.seed, patient.index, 6])
    male, age = patient.sex == "M", film.age_years
    tall = patient.height_cm / MAN_CM if male else WOMAN * patient.height_cm / WOMAN_CM
    size = (0.4 + 0.6 * tall) * float(rng.normal(1, 0.025))
    slope = float(np.clip(rng.normal(36, 7), 18, 55))
    curved = float(np.clip((0.75 * (slope - 36) + rng.normal(0, 5)) / 46 + 1, 0.45, 1.5))
    scoliotic = rng.random() < 0.08
    bend = float(rng.normal(0, 9 if scoliotic else 2.0))
    turn = 0.6 * bend + float(rng.normal(0, 1.5))
    aorta = float(max(rng.normal(-0.9 + 0.05 * (age - 60), 0.8), 0))
    shown, vertebrae = patient.shown(film), {}
    for level, normal in LEVELS.items():
        fore, middle, hind = 1 + rng.normal(0, SHAPE_SD)
        worn = float(np.clip(WEAR_AGE * (age - 50) + WEAR_SD * rng.standard_normal() - 0.25, 0, 0.75))
        worn *= 1.0 if level in ("l3", "l4", "l5") else 0.6
        spurred = float(rng.exponential(3.0)) * worn * 2.2
        anterior, posterior = normal.anterior * fore * size, normal.posterior * hind * size
        central = (anterior + posterior) / 2 * (1 - HOLLOW) * middle
        heights, one = (anterior, float(central), posterior), shown.get(level)
        if one:
            a, m, p = (height * (1 - lost) for height, lost in zip(heights, one.lost, strict=True))
            heights = (a, min(m, (a + p) / 2 * 0.97), p)
        fused = patient.transitional and level == "l5"
        vertebrae[level] = Vertebra(
            heights=heights,
            upper=normal.upper * size * (1 + (0.04 if one else 0)),
            lower=normal.lower * size,
            width=normal.width * size,
            disc=normal.disc * size * (0.35 if fused else 1 - 0.6 * worn),
            angle=normal.angle * curved * (0.4 if fused else 1 - 0.3 * worn),
            lost=float(np.mean(one.lost)) if one else 0.0,
            spur=min(spurred, 9.0),
            kind=one.kind if one else None,
        )
    return Build(vertebrae, size, slope, bend, turn, aorta)
