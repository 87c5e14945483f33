"""Ribs: hollow bands in the wall of an elliptic chest, seen once behind and once in front.

A rib runs round its own ellipse (half axes ``wide``, ``deep``) by the angle φ from the spine (0) over the side (π/2)
towards the sternum (π), falling as it goes. A ray meets the band's outer and inner ellipse at closed-form depths, so
the bright line where rays graze the chest's side follows. All ribs are evaluated together, column by column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bonerisk.phantom.chest.body import RIB_END_X, RIB_FALL, RIB_HALF_WIDTH, RIB_RUN, Body
from bonerisk.phantom.machine.sheet import Array, Sheet, half_chord
from bonerisk.phantom.machine.texture import Bone

SHELL_MM = 0.75  # cortex; assumed: between the 0.5 mm of the skin's side and the 1 mm of the lung's
PART = 1024  # columns laid at once: more would fall out of the processor's cache


class _Band(NamedTuple):
    """The hind or the front half of one rib, in mm and radians."""

    side: float
    wide: float  # half axes of its ring, and its thickness
    deep: float
    thick: float
    start: float  # y at the spine
    down: float  # how far it falls to the side, and to the front
    run: float
    end: float  # φ left at its end; 0 goes on to the midline
    size: float  # factor on the heights


def project(body: Body, bone: Bone) -> None:
    """Lay all ribs of `body`."""
    hind, front = [], []
    for rib in range(12):
        for side in (-1, 1):
            band = _band(body, rib, side)
            end = float(np.arcsin(min(RIB_END_X[rib] / RIB_HALF_WIDTH[rib], 1)))  # angle from the midline
            hind.append(band._replace(end=0.0 if rib < 10 else 0.93))
            if rib < 10:  # the last two end in the flank
                front.append(band._replace(end=end))
    for bands, behind in ((hind, True), (front, False)):
        _lay_all(bone, _course(body, bone.sheet, bands, behind))


def _band(body: Body, rib: int, side: int) -> _Band:
    rng = body.rng
    male = body.sex == "M"
    lie = (0.75, 0.9)[rib] if rib < 2 else 1.0  # the first ribs lie flat
    return _Band(
        side=side,
        wide=body.wide * RIB_HALF_WIDTH[rib],
        deep=body.deep * min(RIB_HALF_WIDTH[rib] + 0.05, 1),
        thick=(7.6 if male else 6.8) / lie,
        start=body.level(rib + 1.25) + float(rng.normal(0, 0.8)),
        down=RIB_FALL[rib] * body.tall * float(rng.normal(1, 0.03)),
        run=RIB_RUN[rib] * body.tall * float(rng.normal(1, 0.03)),
        end=0.0,
        size=(1.0 if male else 0.88) * lie * float(rng.normal(1, 0.05)),
    )


Profile = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True)
class _Course:
    """Halves of ribs, column by column: y and half-height of the axis in mm, all (n,)."""

    columns: npt.NDArray[np.intp]
    y: Array
    half: Array  # along y
    core: Array  # half-height of the marrow
    smear: Array  # how far the rib falls, up and down from y, while a ray passes through it
    steep: Array  # fall a mm towards the sternum, in front
    rest: Array  # mm along the rib to its end
    whole: Array  # length of a ray in the rib at its axis, and in the marrow
    marrow: Array

    def part(self, keep: npt.NDArray[np.intp]) -> _Course:
        """Return the columns to keep."""
        return _Course(*(getattr(self, name.name)[keep] for name in fields(self)))


def _course(body: Body, sheet: Sheet, bands: list[_Band], behind: bool) -> _Course:
    """Return where ribs run behind or in front."""
    table = np.array(bands, np.float32).T
    side, wide, _, thick, start, _, _, end, _ = table
    centre = body.spine_x(start) * (1.0 if behind else 0.3) + body.shift(body.deep * (0.15 if behind else 0.5))
    near = centre + side * (15.0 if behind else np.sin(end) * wide - 8)
    far = centre + side * (wide + thick / 2)
    low, high = ((np.sort([near, far], axis=0) - sheet.left_mm) / sheet.spacing_mm).astype(int)
    first, last = (np.clip(edge, 0, sheet.shape[1]) for edge in (low, high + 2))
    columns = np.concatenate([np.arange(*ends) for ends in zip(first, last, strict=True)])
    band = np.repeat(np.arange(len(bands)), last - first)
    _, wide, deep, thick, start, down, run, end, size = table[:, band]
    x = np.abs(sheet.x[0, columns] - centre.astype(np.float32)[band])
    # A ray meets a band between its outer and its inner ellipse; at the chest's side these are far apart in φ.
    outer, inner = (np.arcsin(np.clip(x / (wide + s * thick / 2), 0, 1)) for s in (1, -1))
    phi = (outer + inner) / 2
    if behind:
        u = phi / (np.pi / 2)
        y = start + down * (1.45 * u**1.6 - 0.45 * u**0.9)
        slope = down * (2.32 * u**0.6 - 0.405 * u**-0.1) / (np.pi / 2)
        height = size * np.interp(u, [0, 0.35, 1], [13.0 * 0.8, 13.0, 14.0])
        rest = np.where(end == 0, np.float32(1e3), (end - u) * wide)
    else:
        v = (np.pi / 2 - phi) / (np.pi / 2 - end)
        y = start + down + (run - down) * v
        slope = (run - down) / (np.pi / 2 - end)
        height = size * np.interp(v, [0, 0.7, 1], [14.0, 15.5, 15.5 * 1.08])
        rest = (1 - v) * (np.pi / 2 - end) * np.hypot(wide * np.cos(phi), slope)
    along = np.hypot(wide * np.cos(phi), deep * np.sin(phi))  # arc length a radian
    half = height / 2 * np.hypot(1, slope / along)  # the band's height is measured across its course, not along y
    steep = np.zeros_like(x) if behind else slope / np.maximum(wide * np.cos(phi), 1)
    core, smear = half * (1 - 2 * SHELL_MM / height), np.abs(slope) * (inner - outer) / 2
    whole, marrow = (_through(x, wide, deep, thick - cut) for cut in (0.0, 2 * SHELL_MM))
    measures = (y, half, core, smear, steep, rest, whole, marrow)
    return _Course(columns, *(measure.astype(np.float32) for measure in measures))


def _lay_all(bone: Bone, course: _Course) -> None:
    """Lay a course part by part, by the profile that its columns need."""
    reach = course.half + course.smear
    grazing = course.smear > 0.25 * course.half
    for some, profile in ((~grazing, _round), (grazing, _smeared)):
        where = np.nonzero(some)[0]
        where = where[np.argsort(reach[where], kind="stable")]  # columns of similar height waste few rows
        for begin in range(0, len(where), PART):
            _lay(bone, course.part(where[begin : begin + PART]), profile)


def _lay(bone: Bone, course: _Course, profile: Profile) -> None:
    sheet = bone.sheet
    reach = int(float((course.half + course.smear).max()) / sheet.spacing_mm) + 2
    axis = np.round((course.y - sheet.top_mm) / sheet.spacing_mm).astype(np.intp)
    steps = np.arange(-reach, reach + 1)[:, None]
    away = (sheet.top_mm + sheet.spacing_mm * axis - course.y).astype(np.float32)
    away = away + (sheet.spacing_mm * steps).astype(np.float32)
    whole = course.whole * profile(away, course.half, course.smear)
    marrow = course.marrow * profile(away, course.core, course.smear)
    ending = np.nonzero(course.rest < 30)[0]
    if len(ending):
        steep = course.steep[ending]
        square = away[:, ending] * (steep / np.hypot(1, steep))  # the end is cut square to the rib's course
        fade = np.clip((course.rest[ending] - square) / 9 + np.float32(0.2), 0, 1)
        whole[:, ending] *= fade
        marrow[:, ending] *= fade
    bone.lay_columns(axis, course.columns, whole, marrow)


def _through(x: Array, wide: Array, deep: Array, thick: Array) -> Array:
    """Length in mm of rays at x within a wall of thickness `thick` round the ring, on one side of the body."""
    # A rib is thinner towards its edges, which rounds off the cusp at the wall's inside.
    share = np.array([[0.6], [0.85], [1.0]], np.float32)
    bulge = thick / 2 * share
    outer, inner = ((deep + s * bulge) * half_chord(1 - (x / (wide + s * bulge)) ** 2) for s in (1, -1))
    return ((outer - inner) / share).mean(axis=0)


def _round(away: Array, half: Array, smear: Array) -> Array:
    """Profile of an elliptic cross-section."""
    return half_chord(1 - (away / half) ** 2)


def _smeared(away: Array, half: Array, smear: Array) -> Array:
    """The same, averaged over the fall `smear` up and down."""
    above, below = (_area((away + s * smear) / half) for s in (1, -1))
    return (above - below) * (half / (2 * np.maximum(smear, 1e-3)))


def _area(t: Array) -> Array:
    """Area under a half circle of radius 1 from 0 to `t`."""
    t = np.clip(t, -1, 1)
    return (t * np.sqrt(1 - t * t) + np.arcsin(t)) / 2
