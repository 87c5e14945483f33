"""The measures of one patient's chest, from sex, height and body mass index, with individual variation.

Lengths in mm as projected (`sheet` has the axes). assumed: they were set by eye on films of NIH ChestX-ray14, since no
single source gives a chest's whole shape; the cardiothoracic ratio stays near 0.45, and men's chests are 8 % wider.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bonerisk.phantom.chest import findings
from bonerisk.phantom.people.patient import Exposure, Patient

Floats = npt.NDArray[np.float64]

PITCH = (19.5, 20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.8, 24.8, 25.8, 27.0, 29.0, 31.0)  # T1–L2 with disc, 175 cm
RIB_HALF_WIDTH = (0.46, 0.67, 0.80, 0.885, 0.94, 0.975, 1.0, 1.01, 1.02, 1.01, 0.95, 0.75)  # of the widest, ribs 1–12
RIB_FALL = (14, 27, 37, 45, 52, 58, 63, 67, 70, 71, 60, 40)  # from the spine to the side
RIB_RUN = (38, 62, 82, 98, 111, 120, 125, 125, 118, 106, 60, 40)  # from the spine to the front end
RIB_END_X = (0.26, 0.36, 0.40, 0.45, 0.52, 0.61, 0.70, 0.78, 0.85, 0.90, 1.0, 1.0)  # front end's x, of the widest

# A portable film: the tube in front of the patient, 1.1 m from the detector behind the back. assumed: the heart, about
# 150 mm from the detector, is magnified by 1100 / (1100 - 150), compared with 1.03 on a posteroanterior film; a sitting
# or lying patient breathes in by about one intercostal space less.
PORTABLE_HEART = 1.13
PORTABLE_RISE = 20.0  # mm


class Body:
    """Measures that every part of the anatomy uses.

    Parameters
    ----------
    patient : Patient
        The anatomy is the same in all of a patient's films, except for age, findings and position.
    film : Exposure
    seed : int
    pose : Generator
        Draws the position, which belongs to the film.

    Raises
    ------
    ValueError
        `film.drawn` names a finding that can't be drawn.
    """

    def __init__(self, patient: Patient, film: Exposure, seed: int, pose: np.random.Generator) -> None:
        self.findings = findings.choose(film.drawn, seed, patient.index, film.number)
        self.rng = rng = np.random.default_rng([seed, patient.index, 1])  # the order of its draws defines the patient
        self.sex, self.bmi_kg_m2, self.age_years = patient.sex, patient.bmi_kg_m2, film.age_years
        self.portable = film.view == "AP"
        male, bmi = self.sex == "M", self.bmi_kg_m2
        self.tall = patient.height_cm / 175 * rng.normal(1, 0.025) * (1.0 if male else 1.01)  # factor on y
        build = (0.6 + 0.4 * self.tall) * (1 + 0.004 * (bmi - 27))
        self.wide = (141 if male else 130) * build * rng.normal(1, 0.035)  # half the rib cage's greatest width
        self.deep = self.wide * (0.72 + 0.0015 * (self.age_years - 55)) * rng.normal(1, 0.05)  # half its depth
        self.fat = max((9 if male else 13) + 1.5 * (bmi - 25), 3.0) * rng.normal(1, 0.12)  # under the skin
        self.muscle = (13.0 if male else 10.0) * rng.normal(1, 0.1)
        self.bend = rng.normal(0, 1, 2) * (3.0, 1.8)  # mm: sideways curves of the spine
        dome, drop, apex = rng.normal(0, 8), rng.normal(0, 3), rng.normal(0, 3)
        self.heart = rng.normal(1, 0.06) * (PORTABLE_HEART if self.portable else 1.0)  # factor on its size
        self.air = 1.0  # factor on the lungs' attenuation
        self.flat = 1.0  # factor on the height of the diaphragm's domes
        self.turn = pose.normal(0, 0.02)  # rotation about the long axis: mm sideways per mm of depth
        breath = pose.normal(0, 4) - (PORTABLE_RISE if self.portable else 0.0)

        pitch = np.array(PITCH)
        self.wedged = self._wedge()
        for number, lost in self.wedged.items():
            pitch[number - 1] *= 1 - lost
        self.top = np.concatenate([[0], np.cumsum(pitch)]) * self.tall  # upper end plates T1–L2, and the end
        self.right_dome = self.level(10) - 0.5 * max(bmi - 27, 0) + dome + breath  # y of the diaphragm's top
        self.left_dome = self.right_dome + 11 + drop
        self.apex = self.level(1.4) + apex  # y of the lungs' tops
        self._swell()

    def _wedge(self) -> dict[int, float]:
        """Return the number of a fractured vertebra, 1 is T1, and the share of its height that it lost."""
        rng = self.findings.get("fracture")
        return {int(rng.integers(7, 13)): float(rng.uniform(0.3, 0.5))} if rng else {}

    def _swell(self) -> None:
        """Apply the shapes of an enlarged heart and of emphysema: deep, dark lungs over flat domes."""
        if rng := self.findings.get("cardiomegaly"):
            self.heart *= rng.uniform(1.22, 1.42)
        if rng := self.findings.get("emphysematous_change"):
            grade = rng.uniform(0.6, 1.0)
            self.deep *= 1 + 0.12 * grade
            self.heart *= 1 - 0.10 * grade
            self.air *= 1 - 0.45 * grade
            self.flat *= 1 - 0.55 * grade
            self.apex -= 5 * grade
            self.right_dome += 20 * grade
            self.left_dome += 18 * grade

    def level(self, vertebra: float) -> float:
        """Return y at a height of the spine: 1 is the upper end plate of T1, 1.5 its middle, 13 that of L1."""
        return float(np.interp(vertebra - 1, np.arange(len(self.top)), self.top))

    def spine_x(self, y: npt.NDArray[np.floating] | float) -> Floats:
        """Return x of the spine's axis at y."""
        phase = np.asarray(y) / self.level(13)
        return np.asarray(self.bend[0] * np.sin(np.pi * phase) + self.bend[1] * np.sin(2 * np.pi * phase))

    def shift(self, depth: float) -> float:
        """Return the sideways shift, by rotation, of a point `depth` mm in front of the spine."""
        return self.turn * depth

    def cage_half_width(self, y: npt.NDArray[np.floating] | float) -> Floats:
        """Return the inner half-width of the rib cage at y, from the ribs' outermost points."""
        heights = [self.level(rib) + fall * self.tall for rib, fall in enumerate(RIB_FALL[:10], start=1)]
        widths = [self.wide * share - 5 for share in RIB_HALF_WIDTH[:10]]
        return np.asarray(np.interp(y, [*heights[1:], 500], [*widths[1:], widths[-1] * 0.97]))

    def knob(self) -> tuple[float, float, float, float]:
        """Return x and y of the aortic knob's centre, and its half axes across and along."""
        age = (self.age_years - 50) / 40
        return 17 + self.shift(60) + 3 * age, self.level(4.6), 15 + 4 * age, 17 + 3 * age
