"""Ribs: hollow bands in the wall of an elliptic chest, seen once behind and once in front.

A rib runs round its own ellipse (half axes ``wide``, ``deep``) by the angle φ from the spine (0) over the side (π/2)
towards the sternum (π), falling as it goes. A ray meets the band's outer and inner ellipse at closed-form depths, so
the bright line where rays graze the chest's side comes by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from bonerisk.phantom.body import RIB_END_X, RIB_FALL, RIB_HALF_WIDTH, RIB_RUN, Body
from bonerisk.phantom.sheet import Array, Bone, half_chord

SHELL_MM = 0.75  # cortex; assumed, between the 0.5 and 1 mm of the skin's and the lung's side


def project(body: Body, bone: Bone) -> None:
    """Lay all ribs of `body`."""
    for rib in range(12):
        for side in (-1, 1):
            _rib(body, bone, rib, side)


def _rib(body: Body, bone: Bone, rib: int, side: int) -> None:
    rng = body.rng
    male = body.sex == "M"
    wide, deep = body.wide * RIB_HALF_WIDTH[rib], body.deep * min(RIB_HALF_WIDTH[rib] + 0.05, 1)
    lie = (0.75, 0.9)[rib] if rib < 2 else 1.0  # the first ribs lie flat
    thick = (7.6 if male else 6.8) / lie
    start = body.level(rib + 1.25) + float(rng.normal(0, 0.8))
    fall = RIB_FALL[rib] * body.tall * float(rng.normal(1, 0.03))
    run = RIB_RUN[rib] * body.tall * float(rng.normal(1, 0.03))
    end = float(np.arcsin(min(RIB_END_X[rib] / RIB_HALF_WIDTH[rib], 1)))  # angle of the front end from the midline
    height = np.array([13.0, 14.0, 15.5]) * (1.0 if male else 0.88) * lie
    height *= float(rng.normal(1, 0.05))
    _band(body, bone, (wide, deep, thick), (start, fall, run, 0.0 if rib < 10 else 0.93), height, side, True)
    if rib < 10:  # the last two end in the flank
        _band(body, bone, (wide, deep, thick), (start, fall, run, end), height, side, False)


Profile = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True)
class _Course:
    """One half of a rib, column by column: |x| from the midline, y and half-height of its axis (mm), all (n,)."""

    columns: npt.NDArray[np.int32]
    x: Array
    y: Array
    half: Array  # along y
    core: Array  # half-height of the marrow
    smear: Array  # how far the rib falls, up and down from y, while a ray passes through it
    steep: Array  # fall a mm towards the sternum, in front
    rest: Array  # mm along the rib to its end

    def where(self, keep: npt.NDArray[np.bool_]) -> _Course:
        """Return the columns to keep."""
        return _Course(*(getattr(self, name.name)[keep] for name in fields(self)))


def _band(
    body: Body,
    bone: Bone,
    ring: tuple[float, float, float],
    fall: tuple[float, float, float, float],
    heights: npt.NDArray[np.float64],
    side: int,
    behind: bool,
) -> None:
    """Lay the hind or the front half of one rib."""
    course = _course(body, bone, ring, fall, heights, side, behind)
    grazing = course.smear > 0.25 * course.half
    for keep, profile in ((~grazing, _round), (grazing, _smeared)):
        if keep.any():
            _lay(bone, course.where(keep), ring, profile)


def _course(
    body: Body,
    bone: Bone,
    ring: tuple[float, float, float],
    fall: tuple[float, float, float, float],
    heights: npt.NDArray[np.float64],
    side: int,
    behind: bool,
) -> _Course:
    """Return where a rib runs; `fall` is y at the spine, mm to the side, mm to the front, and φ left there."""
    sheet = bone.sheet
    wide, deep, thick = ring
    start, down, run, end = fall
    centre = float(body.spine_x(start)) * (1.0 if behind else 0.3) + body.shift(body.deep * (0.15 if behind else 0.5))
    first = 15.0 if behind else np.sin(end) * wide - 8
    low, high = sorted((centre + side * first, centre + side * (wide + thick / 2)))
    columns = np.arange(
        max(int((low - sheet.left_mm) / sheet.spacing_mm), 0),
        min(int((high - sheet.left_mm) / sheet.spacing_mm) + 2, sheet.shape[1]),
        dtype=np.int32,
    )
    x = np.abs(sheet.left_mm + sheet.spacing_mm * columns - centre)
    # A ray meets the band between its outer and its inner ellipse; at the chest's side these are far apart in φ.
    outer, inner = (np.arcsin(np.clip(x / (wide + s * thick / 2), 0, 1)) for s in (1, -1))
    phi = (outer + inner) / 2
    if behind:
        u = phi / (np.pi / 2)
        y = start + down * (1.45 * u**1.6 - 0.45 * u**0.9)
        slope = down * (2.32 * u**0.6 - 0.405 * u**-0.1) / (np.pi / 2)
        height = np.interp(u, [0, 0.35, 1], [heights[0] * 0.8, heights[0], heights[1]])
        rest = 1e3 if end == 0 else (end - u) * wide
    else:
        v = (np.pi / 2 - phi) / (np.pi / 2 - end)
        y = start + down + (run - down) * v
        slope = np.full_like(v, (run - down) / (np.pi / 2 - end))
        height = np.interp(v, [0, 0.7, 1], [heights[1], heights[2], heights[2] * 1.08])
        rest = (1 - v) * (np.pi / 2 - end) * np.hypot(wide * np.cos(phi), slope)
    along = np.hypot(wide * np.cos(phi), deep * np.sin(phi))  # arc length a radian
    half = height / 2 * np.hypot(1, slope / along)  # the band's height is measured across its course, not along y
    steep = np.zeros_like(x) if behind else slope / np.maximum(wide * np.cos(phi), 1)
    core, smear = half * (1 - 2 * SHELL_MM / height), np.abs(slope) * (inner - outer) / 2
    measures = (x, y, half, core, smear, steep, rest + 0 * x)
    return _Course(columns, *(measure.astype(np.float32) for measure in measures))


def _lay(bone: Bone, course: _Course, ring: tuple[float, float, float], profile: Profile) -> None:
    sheet = bone.sheet
    wide, deep, thick = ring
    reach = int(float((course.half + course.smear).max()) / sheet.spacing_mm) + 2
    axis = np.round((course.y - sheet.top_mm) / sheet.spacing_mm).astype(np.int32)
    steps = np.arange(-reach, reach + 1, dtype=np.int32)[:, None]
    rows = axis + steps
    away = (sheet.top_mm + sheet.spacing_mm * axis - course.y).astype(np.float32)
    away = away + np.float32(sheet.spacing_mm) * steps.astype(np.float32)
    whole = _through(course.x, wide, deep, thick) * profile(away, course.half, course.smear)
    marrow = _through(course.x, wide, deep, thick - 2 * SHELL_MM) * profile(away, course.core, course.smear)
    if float(course.rest.min()) < 30:
        square = away * (course.steep / np.hypot(1, course.steep))  # the end is cut square to the rib's course
        fade = np.clip((course.rest - square) / 9 + np.float32(0.2), 0, 1)
        whole, marrow = whole * fade, marrow * fade
    bone.lay_columns(rows, course.columns, whole, marrow)


def _through(x: Array, wide: float, deep: float, thick: float) -> Array:
    """Length in mm of rays at x within a wall of thickness `thick` round the ring, on one side of the body."""
    # A rib is thinner towards its edges, which rounds off the cusp at the wall's inside.
    share = np.array([[0.6], [0.85], [1.0]], np.float32)
    bulge = np.float32(thick / 2) * share
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
