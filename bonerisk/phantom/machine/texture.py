"""How bone quality shows at a given density: the grain of trabecular bone, and the cortex's share of mineral.

Vocabulary. *Quality* is standard normal, higher is better. Poor quality: fewer, coarser and unevenly spread trabeculae,
mainly upright, and a thinner cortex, whose lost mineral is assumed to lie inside it, in the trabecular bone.
"""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.phantom.machine.sheet import CORTICAL, TRABECULAR, Array, Place, Sheet, Solid

# Trabecular bone is lost faster than cortical bone (Riggs et al., J Bone Miner Res 2008;23:205). assumed: these powers
# of the density, whose sum stays close to it.
CORTICAL_POWER, TRABECULAR_POWER = 0.85, 1.6

# assumed: one SD moves a tenth of the smaller share, since cortical thickness varies by 10–15 % between people of one
# age and density; a bone's quality departs from its patient's by 0.4 SD.
SHIFT_PER_SD, SHIFT_MOST = 0.10, 0.35
BONE_SD = 0.4

# assumed: trabeculae lie 0.6–1 mm apart in good bone, and where plates are lost, holes of several mm open (Parfitt, J
# Bone Miner Res 1987;2:595); a film shows sums of many along a ray. Local mineral varies by half of its mean.
FINE_MM, COARSE_MM = 0.9, 3.0
COARSE_SHARE, COARSE_PER_SD = 0.40, -0.18  # of the grain's variance
GRAIN_SD, GRAIN_PER_SD = 0.65, -0.28  # of the local mineral; change of its logarithm per SD

NODE_MM = 0.75
FIELD_MM = ((-200.0, 200.0), (-110.0, 370.0))  # x and y where a patient has grain


def grain(rng: np.random.Generator, quality: float, sheet: Sheet) -> Array:
    """Return the grain (rows, columns) of a patient's trabecular bone, of mean 0 and SD 1; it belongs to the patient.

    Parameters
    ----------
    rng : Generator
        One number is drawn.
    quality : float
    sheet : Sheet
    """
    white = noise(rng, NODE_MM)
    share = float(np.clip(COARSE_SHARE + COARSE_PER_SD * quality, 0.03, 0.97))
    fine_px, coarse_px = FINE_MM / 2.35 / NODE_MM, COARSE_MM / 2.35 / NODE_MM  # a full width at half height is 2.35 SD
    fine = cv2.GaussianBlur(white, (0, 0), fine_px)
    coarse = cv2.GaussianBlur(white[::-1, ::-1], (0, 0), coarse_px, sigmaY=1.4 * coarse_px)
    field = fine * np.float32((1 - share) ** 0.5 / fine.std()) + coarse * np.float32(share**0.5 / coarse.std())
    field -= cv2.blur(field, (17, 17))  # slower variation belongs to the density
    return interpolate(field, NODE_MM, sheet.x, sheet.y)


def noise(rng: np.random.Generator, node_mm: float) -> Array:
    """Return white noise on nodes that cover a patient; one number is drawn for any size of film."""
    (left, right), (top, bottom) = FIELD_MM
    field = np.empty((int((bottom - top) / node_mm), int((right - left) / node_mm)), np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31)))  # OpenCV's normal deviates cost a quarter of NumPy's
    return np.asarray(cv2.randn(field, np.zeros(1), np.ones(1)))


def interpolate(field: Array, node_mm: float, x: Array, y: Array) -> Array:
    """Interpolate a field on nodes that cover a patient to x (1, n) and y (m, 1)."""
    scale = float(x[0, 1] - x[0, 0]) / node_mm
    left, top = ((float(axis.flat[0]) - span[0]) / node_mm for axis, span in zip((x, y), FIELD_MM, strict=True))
    place = np.array([[scale, 0, left], [0, scale, top]])
    how = cv2.INTER_CUBIC if scale < 0.4 else cv2.INTER_LINEAR
    size = (x.shape[1], y.shape[0])
    found = cv2.warpAffine(field, place, size, flags=how | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found)


class Bone(Solid):
    """Lays the cortical and trabecular chords of one bone group, at its density and quality.

    Parameters
    ----------
    sheet : Sheet
    name : str
        A plane of `sheet.PLANES`; None if it has no plane.
    density : float
        1 is the young mean.
    quality : float
        Of this bone.
    grain : Array (rows, columns), optional
    """

    def __init__(
        self, sheet: Sheet, name: str | None, density: float, quality: float = 0.0, grain: Array | None = None
    ) -> None:
        super().__init__(sheet, name, CORTICAL * density**CORTICAL_POWER, TRABECULAR * density**TRABECULAR_POWER)
        self.moved = float(np.clip(SHIFT_PER_SD * quality, -SHIFT_MOST, SHIFT_MOST))
        self.size_mm = np.float32(FINE_MM + COARSE_MM) / 2
        self.rough = self.core * np.float32(GRAIN_SD * np.exp(GRAIN_PER_SD * quality))
        self.grain = grain

    def added(self, whole: Array, marrow: Array, place: Place) -> Array:
        """Return the attenuation of chords `whole` and `marrow` at `place`; quality keeps its sum, grain aside."""
        rim, core = self._split(float(whole.sum()), float(marrow.sum()))
        total = rim * whole
        total += (core - rim) * marrow
        if self.grain is not None:
            # Independent grains along a ray add up as the root of their number; a ray shorter than one has one.
            rough = np.minimum(marrow, self.size_mm)
            rough *= marrow
            np.sqrt(rough, out=rough)
            rough *= self.grain[place] if isinstance(place, tuple) else self.grain.ravel()[place]
            rough *= self.rough
            total += rough
        return total

    def _split(self, whole: float, marrow: float) -> tuple[np.float32, np.float32]:
        """Return the attenuation in 1/mm of rim and core of a solid, from its summed chords."""
        outer, inner = float(self.rim) * (whole - marrow), float(self.core) * marrow
        moved = self.moved * min(outer, inner)
        if not moved:
            return self.rim, self.core
        return np.float32(self.rim * (1 + moved / outer)), np.float32(self.core * (1 - moved / inner))
