"""The measures of one patient's chest, from sex, height and body mass index, with each person's own variation.

Lengths in mm as projected (`sheet` has the axes). assumed: they were set by eye on films of NIH ChestX-ray14, since no
single source gives a chest's whole shape; the cardiothoracic ratio stays near 0.45, and men's chests are 8 % wider.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PITCH = (19.5, 20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.8, 24.8, 25.8, 27.0, 29.0, 31.0)  # T1–L2 with disc, 175 cm
RIB_HALF_WIDTH = (0.46, 0.67, 0.80, 0.885, 0.94, 0.975, 1.0, 1.01, 1.02, 1.01, 0.95, 0.75)  # of the widest, ribs 1–12
RIB_FALL = (14, 27, 37, 45, 52, 58, 63, 67, 70, 71, 60, 40)  # from the spine to the side
RIB_RUN = (38, 62, 82, 98, 111, 120, 125, 125, 118, 106, 60, 40)  # from the spine to the front end
RIB_END_X = (0.26, 0.36, 0.40, 0.45, 0.52, 0.61, 0.70, 0.78, 0.85, 0.90, 1.0, 1.0)  # front end's x, of the widest


class Body:
    """Measures that every part of the anatomy reads.

    Parameters
    ----------
    rng : Generator
        Draws the variation, here and in the parts that read the body; the order of the draws belongs to the phantom.
    sex : str
        F or M.
    height_cm, bmi_kg_m2, age_years : float
    """

    def __init__(
        self, rng: np.random.Generator, sex: str, height_cm: float, bmi_kg_m2: float, age_years: float
    ) -> None:
        self.rng, self.sex, self.bmi_kg_m2, self.age_years = rng, sex, bmi_kg_m2, age_years
        male = sex == "M"
        self.tall = height_cm / 175 * rng.normal(1, 0.025) * (1.0 if male else 1.01)  # factor on lengths along y
        build = (0.6 + 0.4 * self.tall) * (1 + 0.004 * (bmi_kg_m2 - 27))
        self.wide = (141 if male else 130) * build * rng.normal(1, 0.035)  # half the rib cage's greatest width
        self.deep = self.wide * (0.72 + 0.0015 * (age_years - 55)) * rng.normal(1, 0.05)  # half the rib cage's depth
        self.fat = max((9 if male else 13) + 1.5 * (bmi_kg_m2 - 25), 3.0) * rng.normal(1, 0.12)  # under the skin
        self.muscle = (13.0 if male else 10.0) * rng.normal(1, 0.1)
        self.turn = rng.normal(0, 0.02)  # rotation about the long axis: mm sideways a mm of depth
        self.bend = rng.normal(0, 1, 2) * (3.0, 1.8)  # mm: sideways curves of the spine
        self.top = np.concatenate([[0], np.cumsum(PITCH)]) * self.tall  # upper end plates T1–L2, and the end
        self.right_dome = self.level(10) - 0.5 * max(bmi_kg_m2 - 27, 0) + rng.normal(0, 8)  # y of the diaphragm's top
        self.left_dome = self.right_dome + 11 + rng.normal(0, 3)
        self.apex = self.level(1.4) + rng.normal(0, 3)  # y of the lungs' tops

    def level(self, vertebra: float) -> float:
        """Return y at a height of the spine: 1 is the upper end plate of T1, 1.5 its middle, 13 that of L1."""
        return float(np.interp(vertebra - 1, np.arange(len(self.top)), self.top))

    def spine_x(self, y: npt.NDArray[Any] | float) -> Floats:
        """Return x of the spine's axis at y."""
        phase = np.asarray(y) / self.level(13)
        return np.asarray(self.bend[0] * np.sin(np.pi * phase) + self.bend[1] * np.sin(2 * np.pi * phase))

    def shift(self, depth: float) -> float:
        """Return the sideways shift of what lies `depth` mm before the spine, as the patient is turned."""
        return self.turn * depth

    def cage_half_width(self, y: npt.NDArray[Any] | float) -> Floats:
        """Return the inner half-width of the rib cage at y, from the ribs' outermost points."""
        heights = [self.level(rib) + fall * self.tall for rib, fall in enumerate(RIB_FALL[:10], start=1)]
        widths = [self.wide * share - 5 for share in RIB_HALF_WIDTH[:10]]
        return np.asarray(np.interp(y, [*heights[1:], 500], [*widths[1:], widths[-1] * 0.97]))
