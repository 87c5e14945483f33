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

from bonerisk.imaging.masks import PLANES

Place = tuple[slice, slice] | npt.NDArray[np.intp]  # a box, or indices into the flattened sheet
Array = npt.NDArray[Any]  # float32; the stubs of NumPy and OpenCV widen it on the way

# Linear attenuation in 1/mm at 60 keV, near the mean energy behind a patient at 120 kVp: NIST XCOM μ/ρ for the ICRU-44
# tissues (soft 0.2048, adipose 0.1974, cortical bone 0.3148 cm²/g) times ICRU-44's densities (1.06, 0.95, 1.92; lung
# 0.26 g/cm³).
SOFT = 0.02171
FAT = 0.01875
LUNG = 0.00534
CORTICAL = 0.06044 - SOFT  # bones are laid over soft tissue, so only what they add counts
TRABECULAR = (
    0.0060  # added by spongiosa; assumed: 1.18 g/cm³ at 0.235 cm²/g, as ICRP 110's spongiosas lie from 1.1 to 1.25
)

BIT = {name: 1 << place for place, name in enumerate(PLANES)}

COARSE = 2  # film pixels per side of a mask pixel


class Sheet:
    """A pixel grid and the projections laid on it so far.

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
        self.solid = np.zeros(shape, np.float32)
        self.planes = np.zeros((shape[0] // COARSE, shape[1] // COARSE), np.uint16)
        self.x, self.y = self.axes()

    def axes(self, step: int = 1) -> tuple[Array, Array]:
        """Return x (1, columns) and y (rows, 1) of the centres of blocks of `step`² pixels."""
        rows, columns = self.shape[0] // step, self.shape[1] // step
        x = self.left_mm + self.spacing_mm * (np.arange(columns, dtype=np.float32) * step + (step - 1) / 2)
        y = self.top_mm + self.spacing_mm * (np.arange(rows, dtype=np.float32) * step + (step - 1) / 2)
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def box(self, x0: float, x1: float, y0: float, y1: float) -> tuple[tuple[slice, slice], Array, Array] | None:
        """Return the slices of a rectangle, its x (1, n) and y (m, 1); None where it lies outside."""
        rows = self._span(y0 - self.top_mm, y1 - self.top_mm, self.shape[0])
        columns = self._span(x0 - self.left_mm, x1 - self.left_mm, self.shape[1])
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        return (rows, columns), self.x[:, columns], self.y[rows]

    def _span(self, low: float, high: float, size: int) -> slice:
        return slice(max(int(low / self.spacing_mm), 0), min(int(high / self.spacing_mm) + 2, size))


def half_chord(square: Array) -> Array:
    """Square root where `square` is positive, 0 elsewhere."""
    return np.sqrt(np.maximum(square, 0, out=square), out=square)


class Solid:
    """Lays solids of a rim and a core on a sheet.

    Parameters
    ----------
    sheet : Sheet
    plane : str or None
        Name in `PLANES` of the plane that marks its place; None if it is no organ.
    rim, core : float
        Attenuation in 1/mm that they add to soft tissue.
    """

    def __init__(self, sheet: Sheet, plane: str | None, rim: float, core: float) -> None:
        self.sheet, self.bit = sheet, np.uint16(0 if plane is None else BIT[plane])
        self.rim, self.core = np.float32(rim), np.float32(core)

    def added(self, whole: Array, marrow: Array, place: Place) -> Array:
        """Return the attenuation of chords `whole`, of which `marrow` lies in the core, at `place` of the sheet."""
        return np.asarray(self.rim * (whole - marrow) + self.core * marrow)

    def lay(self, box: tuple[slice, slice], whole: Array, marrow: Array) -> None:
        """Add a solid in `box` whose chord is `whole`, of which `marrow` lies in the core."""
        self.sheet.solid[box] += self.added(whole, marrow, box)
        self._mark(box, whole)

    def lay_columns(
        self, axis: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], whole: Array, marrow: Array
    ) -> None:
        """Add a solid whose chords (2 k + 1, n) stand in `columns` (n,) about rows `axis` (n,); pixels may repeat."""
        sheet = self.sheet
        reach = len(whole) // 2
        steps = np.arange(-reach, reach + 1)[:, None]
        index = (axis * sheet.shape[1] + columns) + steps * sheet.shape[1]
        if axis.min() < reach or axis.max() + reach >= sheet.shape[0]:
            outside = (axis + steps < 0) | (axis + steps >= sheet.shape[0])
            whole[outside] = marrow[outside] = 0
            index = np.where(outside, 0, index)
        added = self.added(whole, marrow, index)
        np.add.at(sheet.solid.ravel(), index.ravel(), added.ravel())
        even = np.nonzero(columns % COARSE == 0)[0]
        rows, columns = (axis[even] + steps[::COARSE]) // COARSE, columns[even] // COARSE
        some = whole[::COARSE, even] > 0
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
            x, y, radius and thickness of the rim, in mm, along the axis.
        flatness : float
            Ratio of the cross-section's depth to its width in the film.
        """
        chain = np.asarray(points, np.float32).astype(float)  # so that no segment's box passes the chain's by rounding
        reach = chain[:, 2].max()
        low, high = (chain.min(axis=0) - reach).tolist(), (chain.max(axis=0) + reach).tolist()
        found = self.sheet.box(low[0], high[0], low[1], high[1])
        if found is None:
            return
        box, x, y = found
        whole, marrow = (np.zeros((len(y), x.shape[1]), np.float32) for _ in range(2))
        for start, end in pairwise(chain.tolist()):
            self._segment(start, end, box, whole, marrow)
        whole, marrow = np.sqrt(whole, out=whole), np.sqrt(marrow, out=marrow)
        self.lay(box, np.float32(2 * flatness) * whole, np.float32(2 * flatness) * marrow)

    def _segment(
        self, start: list[float], end: list[float], box: tuple[slice, slice], whole: Array, marrow: Array
    ) -> None:
        """Merge the squared half chords of a segment into those of its chain, which fill `box`."""
        reach = max(start[2], end[2])
        found = self.sheet.box(
            min(start[0], end[0]) - reach,
            max(start[0], end[0]) + reach,
            min(start[1], end[1]) - reach,
            max(start[1], end[1]) + reach,
        )
        if found is None:
            return
        (rows, columns), x, y = found
        here = (
            slice(rows.start - box[0].start, rows.stop - box[0].start),
            slice(columns.start - box[1].start, columns.stop - box[1].start),
        )
        way_x, way_y, wider, thicker = (b - a for a, b in zip(start, end, strict=True))
        length2 = max(way_x**2 + way_y**2, 1e-6)
        x, y = x - start[0], y - start[1]
        foot = x * (way_x / length2) + y * (way_y / length2)
        place = np.minimum(np.maximum(foot, 0), 1)
        distance2 = x * x + y * y + (length2 * place) * (place - 2 * foot)
        radius = start[2] + wider * place
        hollow = np.maximum(radius - start[3] - thicker * place, 0)
        np.maximum(whole[here], radius * radius - distance2, out=whole[here])
        np.maximum(marrow[here], hollow * hollow - distance2, out=marrow[here])


def reach_of(axis: Array, middle: float, reach: float) -> slice:
    """Return the slice of an axis within `reach` mm of `middle`: a small organ is evaluated only there."""
    return slice(*np.searchsorted(axis.ravel(), (middle - reach, middle + reach)))


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


def arc(centre: tuple[float, float], radii: tuple[float, float], start: float, end: float, count: int) -> Array:
    """Return `count` points (x, y) of an ellipse, from angle `start` to `end`: 0 is to the right, π/2 down."""
    angle = np.linspace(start, end, count)
    return np.column_stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)])
