"""The sheet on which solids are projected: attenuation line integrals and organ bit planes, in millimetres.

Vocabulary. x runs to the patient's left (the right side of a posteroanterior film), y down, z to the front; all in
mm as projected on the detector, x from the midline, y from the upper end plate of T1. A *chord* is the length in mm
that a ray along z runs inside a solid.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # float32; the stubs of NumPy and OpenCV widen it on the way

# Linear attenuation in 1/mm at 60 keV, near the mean energy behind a patient at 120 kVp: NIST XCOM μ/ρ for the ICRU-44
# tissues (soft 0.2048, adipose 0.1974, cortical bone 0.3148 cm²/g) times ICRU-44's densities (1.06, 0.95, 1.92; lung
# 0.26 g/cm³).
SOFT = 0.02171
FAT = 0.01875
LUNG = 0.00534
CORTICAL = 0.06044 - SOFT  # bones are laid over soft tissue, so only what they add counts
TRABECULAR = (
    0.0060  # added by spongiosa; assumed: 1.18 g/cm³ at 0.235 cm²/g, as ICRP 110's spongiosas lie between 1.1 and 1.25
)

# Trabecular bone is lost faster than cortical bone (Riggs et al., J Bone Miner Res 2008;23:205). assumed: these powers
# of the density, which keep their sum close to it.
CORTICAL_POWER, TRABECULAR_POWER = 0.85, 1.6

PLANES = ("body", "lung_right", "lung_left", "heart", "vertebrae", "ribs", "clavicles", "scapulae", "humeri")
BIT = {name: 1 << place for place, name in enumerate(PLANES)}


COARSE = 2  # pixels a side of a pixel of the organ masks


class Sheet:
    """A pixel grid with what has been projected on it so far.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    spacing_mm : float
    left_mm, top_mm : float
        x and y of the first pixel.
    """

    def __init__(self, shape: tuple[int, int], spacing_mm: float, left_mm: float, top_mm: float) -> None:
        self.shape, self.spacing_mm, self.left_mm, self.top_mm = shape, spacing_mm, left_mm, top_mm
        self.bone = np.zeros(shape, np.float32)
        self.planes = np.zeros((shape[0] // COARSE, shape[1] // COARSE), np.uint16)

    def axes(self, step: int = 1) -> tuple[Array, Array]:
        """Return x (1, columns) and y (rows, 1) of the centres of blocks of `step`² pixels."""
        rows, columns = self.shape[0] // step, self.shape[1] // step
        x = self.left_mm + self.spacing_mm * (np.arange(columns, dtype=np.float32) * step + (step - 1) / 2)
        y = self.top_mm + self.spacing_mm * (np.arange(rows, dtype=np.float32) * step + (step - 1) / 2)
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def box(self, x0: float, x1: float, y0: float, y1: float) -> tuple[tuple[slice, slice], Array, Array] | None:
        """Return the slices of a rectangle, its x (1, n) and y (m, 1); None where it lies outside."""
        (r0, r1), (c0, c1) = (
            (max(int((low - start) / self.spacing_mm), 0), min(int((high - start) / self.spacing_mm) + 2, size))
            for low, high, start, size in (
                (y0, y1, self.top_mm, self.shape[0]),
                (x0, x1, self.left_mm, self.shape[1]),
            )
        )
        if r0 >= r1 or c0 >= c1:
            return None
        x = (self.left_mm + self.spacing_mm * np.arange(c0, c1)).astype(np.float32)
        y = (self.top_mm + self.spacing_mm * np.arange(r0, r1)).astype(np.float32)
        return (slice(r0, r1), slice(c0, c1)), x[None, :], y[:, None]


def half_chord(square: Array) -> Array:
    """Square root of what is inside, 0 outside."""
    return np.sqrt(np.maximum(square, 0, out=square), out=square)


class Bone:
    """Lays the cortical and trabecular chords of one bone group on a sheet, at its density."""

    def __init__(self, sheet: Sheet, name: str, density: float) -> None:
        self.sheet, self.bit = sheet, np.uint16(BIT[name])
        self.cortical = np.float32(CORTICAL * density**CORTICAL_POWER)
        self.trabecular = np.float32(TRABECULAR * density**TRABECULAR_POWER)

    def lay(self, box: tuple[slice, slice], whole: Array, marrow: Array) -> None:
        """Add a solid in `box` whose chord is `whole`, of which `marrow` lies inside the cortical shell."""
        self.sheet.bone[box] += self.cortical * (whole - marrow) + self.trabecular * marrow
        self._mark(box, whole)

    def lay_columns(
        self, rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32], whole: Array, marrow: Array
    ) -> None:
        """Add a solid whose chords stand at `rows` (m, n) of `columns` (n,), no pixel twice."""
        sheet = self.sheet
        added = self.cortical * (whole - marrow) + self.trabecular * marrow
        index = rows * sheet.shape[1] + columns
        inside = (whole > 0) & (index >= 0) & (index < sheet.bone.size)
        sheet.bone.ravel()[index[inside]] += added[inside]
        some = inside[::COARSE, ::COARSE]
        rows, columns = rows[::COARSE, ::COARSE] // COARSE, columns[::COARSE] // COARSE
        sheet.planes.ravel()[(rows * sheet.planes.shape[1] + columns)[some]] |= self.bit

    def _mark(self, box: tuple[slice, slice], whole: Array) -> None:
        places, found = [], whole
        for axis, part in enumerate(box):
            skip = -part.start % COARSE
            found = found[skip::COARSE] if axis == 0 else found[:, skip::COARSE]
            start = (part.start + skip) // COARSE
            places.append(slice(start, start + found.shape[axis]))
        self.sheet.planes[tuple(places)] |= np.where(found > 0, self.bit, np.uint16(0))

    def ellipse(
        self, centre: tuple[float, float], radii: tuple[float, float], depth: float, shell: float, lean: float = 0.0
    ) -> None:
        """Project an ellipsoid of half axes `radii` (mm, across and along) and `depth`, leaning by `lean` radians."""
        reach = max(radii)
        found = self.sheet.box(centre[0] - reach, centre[0] + reach, centre[1] - reach, centre[1] + reach)
        if found is None:
            return
        box, x, y = found
        x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
        cos, sin = np.float32(np.cos(lean)), np.float32(np.sin(lean))
        across, along = x * cos + y * sin, y * cos - x * sin
        whole, marrow = (
            2 * (depth - cut) * half_chord(1 - (across / (radii[0] - cut)) ** 2 - (along / (radii[1] - cut)) ** 2)
            for cut in (0.0, shell)
        )
        self.lay(box, whole, marrow)

    def tube(self, points: npt.ArrayLike, flatness: float = 1.0) -> None:
        """Project a chain of tapered round tubes.

        Parameters
        ----------
        points : array (n, 4)
            x, y, radius and thickness of the cortical bone, in mm, along the axis.
        flatness : float
            Depth of the cross-section over its width in the film.
        """
        chain = np.asarray(points, np.float32)
        reach = float(chain[:, 2].max())
        low, high = chain.min(axis=0) - reach, chain.max(axis=0) + reach
        found = self.sheet.box(low[0], high[0], low[1], high[1])
        if found is None:
            return
        box, x, y = found
        origin = box[0].start, box[1].start
        whole, marrow = (np.zeros((len(y), x.shape[1]), np.float32) for _ in range(2))
        for start, end in pairwise(chain):
            self._segment(start, end, origin, whole, marrow)
        row, column = np.nonzero(whole)
        depth = np.float32(2 * flatness)
        square, hollow = whole[row, column], marrow[row, column]
        added = self.trabecular * np.sqrt(hollow) + self.cortical * (np.sqrt(square) - np.sqrt(hollow))
        self.sheet.bone[row + origin[0], column + origin[1]] += depth * added
        self._mark(box, whole)

    def _segment(self, start: Array, end: Array, origin: tuple[int, int], whole: Array, marrow: Array) -> None:
        reach = max(start[2], end[2])
        low, high = np.minimum(start, end) - reach, np.maximum(start, end) + reach
        found = self.sheet.box(low[0], high[0], low[1], high[1])
        if found is None:
            return
        (rows, columns), x, y = found
        here = (
            slice(rows.start - origin[0], rows.stop - origin[0]),
            slice(columns.start - origin[1], columns.stop - origin[1]),
        )
        way = end - start
        length2 = max(float(way[0] ** 2 + way[1] ** 2), 1e-6)
        x, y = x - start[0], y - start[1]
        place = np.clip((x * way[0] + y * way[1]) / length2, 0, 1)
        distance2 = (x - place * way[0]) ** 2 + (y - place * way[1]) ** 2
        radius = start[2] + place * way[2]
        np.maximum(whole[here], radius**2 - distance2, out=whole[here])
        hollow = np.maximum(radius - start[3] - place * way[3], 0)
        np.maximum(marrow[here], hollow**2 - distance2, out=marrow[here])


def smooth(points: npt.ArrayLike, count: int) -> Array:
    """Return `count` points of the smooth curve through `points` (n, k): Catmull–Rom."""
    given = np.asarray(points, float)
    padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    place = np.linspace(0, len(given) - 1 - 1e-9, count)
    first = place.astype(int)
    t = (place - first)[:, None]
    p0, p1, p2, p3 = (padded[first + k] for k in range(4))
    curve = 2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    return (curve / 2).astype(np.float32)
