"""Soft tissue from the side: trunk and its fat, lungs above the diaphragm, bowel gas, and a calcified aorta.

Evaluated on a coarse grid, since none of it has edges finer than a millimetre.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from bonerisk.phantom.lumbar.build import Build
from bonerisk.phantom.lumbar.posture import Placed
from bonerisk.phantom.machine import texture
from bonerisk.phantom.machine.sheet import FAT, LUNG, SOFT, Array, Sheet, Solid, half_chord, smooth

GAS_MM, SMALL_MM = 16.0, 6.0  # grain of large and small bowel's gas
PLAQUES = 8  # of a wall, at most
CALCIUM = 0.04  # 1/mm over soft tissue; assumed: a plaque as dense as cortical bone


class Shape(NamedTuple):
    """What the trunk's measures follow from; `size` is that of the skeleton."""

    size: float
    bmi_kg_m2: float
    male: bool


def trunk(
    shape: Shape,
    bodies: dict[str, Placed],
    rng: np.random.Generator,
    passing: np.random.Generator,
    x: Array,
    y: Array,
) -> Array:
    """Return the attenuation (m, n) of the trunk with its gas at x (1, n) and y (m, 1).

    `rng` draws what belongs to the patient, `passing` what differs between films: breath and gas.
    """
    size, bmi, male = shape
    axis = _axis(bodies, y)
    hollow = _axis({level: bodies[level] for level in ("t12", "l1", "l2", "l3", "l4")}, y)  # which the belly follows
    fat = max((13 if male else 19) + 1.9 * (bmi - 24), 5.0) * float(rng.normal(1, 0.12))
    belly = belly_mm(shape) * float(rng.normal(1, 0.06))
    back = (78 + 1.0 * (bmi - 24)) * size * float(rng.normal(1, 0.04))
    wide = (152 + 3.4 * (bmi - 24)) * size * float(rng.normal(1, 0.03))  # half the width
    hips = _bent(y, [-200, -120, -40, 20, 110, 200], [0.98, 0.97, 0.93, 0.93, 1.06, 1.12])
    curve = _bent(y, [-200, -120, -30, 40, 120, 200], [4, 0, 5, 9, -8, -24]) * np.float32(size)
    pelvis = np.float32(10 * size) * np.clip((y - 40) / 60, 0, 1)
    front = hollow - np.float32(belly) - np.float32(8 * size) - pelvis
    rear = np.float32(np.mean(axis)) + np.float32(back) - curve
    middle, half = (front + rear) / 2, (rear - front) / 2
    u = (x - middle) / half
    whole = 2 * np.float32(wide) * hips * half_chord((1 - u * u) * (1 + np.float32(0.7) * u * u))
    u = (x - middle) / (half - np.float32(fat))
    lean = 2 * (np.float32(wide) * hips - np.float32(fat)) * half_chord((1 - u * u) * (1 + np.float32(0.5) * u * u))
    lean = np.minimum(lean, whole)
    lungs = _lungs(bodies, size, passing, x, y, lean)
    gas = _gas(bodies, size, axis, front, fat, passing, x, y)
    gas = np.minimum(gas * (lungs < 5), 0.4 * lean)
    solid = SOFT * lean + FAT * (whole - lean)
    mottle = texture.interpolate(texture.noise(rng, 9.0), 9.0, x, y)  # fat between organs
    return np.asarray(np.maximum(solid * (1 + np.float32(0.006) * mottle) - (SOFT - LUNG) * lungs - SOFT * gas, 0))


def belly_mm(shape: Shape) -> float:
    """Return the usual distance from the spine's axis to the skin in front."""
    return max(92 + 3.2 * (shape.bmi_kg_m2 - 24), 76) * shape.size


def _bent(y: Array, heights: list[float], values: list[float]) -> Array:
    """Return the smooth curve through `values` at `heights`, at y."""
    curve = smooth(np.column_stack([heights, values]), 60)
    return np.interp(y, curve[:, 0], curve[:, 1]).astype(np.float32)


def _axis(bodies: dict[str, Placed], y: Array) -> Array:
    """Return x of the spine's axis at y (m, 1)."""
    centres = np.array([body.centre for body in bodies.values()])
    order = np.argsort(centres[:, 1])
    found = np.interp(y[:, 0], centres[order, 1], centres[order, 0]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(found[:, None], (0, 0), 40.0, borderType=cv2.BORDER_REPLICATE))


def _lungs(bodies: dict[str, Placed], size: float, rng: np.random.Generator, x: Array, y: Array, lean: Array) -> Array:
    """Return the chord of both lungs' bases: domes of the diaphragm in front, and the recess behind the spine."""
    level = float(bodies["t12"].centre[1]) + float(rng.normal(-6, 12))
    spine = float(bodies["t12"].centre[0])
    total = np.zeros((y.shape[0], x.shape[1]), np.float32)
    for lift in (0.0, float(rng.normal(10, 5))):
        dome = level - lift - 26 * size
        ahead = (x - np.float32(spine - 38 * size)) / np.float32(95 * size)
        surface = dome + np.where(ahead < 0, 26 * ahead**2, 78 * ahead**2) * size  # the recess behind reaches lowest
        depth = np.clip((np.float32(surface) - y) / np.float32(75 * size), 0, 1)
        total += np.sqrt(depth) * np.float32(70 * size)
    most = np.maximum(0.75 * (lean - 50 * size), 0)
    return np.asarray(total * most / np.maximum(total + 0.6 * most, 1))


def _gas(
    bodies: dict[str, Placed],
    size: float,
    axis: Array,
    front: Array,
    fat: float,
    rng: np.random.Generator,
    x: Array,
    y: Array,
) -> Array:
    """Return the chord of bowel gas in front of the spine, some of it over the lower vertebrae."""
    amount = float(np.clip(rng.normal(0.35, 0.25), 0, 1.1))
    low = float(bodies["s1"].centre[1])
    reach = axis - np.float32(float(rng.normal(6, 9)))  # the back edge of the bowel
    inside = np.clip((reach - x) / 14, 0, 1) * np.clip((x - front - np.float32(fat + 6)) / 12, 0, 1)
    inside = inside * np.clip((y - np.float32(low - 190 * size)) / 30, 0, 1) * np.clip((low + 50 - y) / 25, 0, 1)
    large = texture.interpolate(texture.noise(rng, GAS_MM), GAS_MM, x, y)
    small = texture.interpolate(texture.noise(rng, SMALL_MM), SMALL_MM, x, y)
    field = large + np.float32(0.35) * small - np.float32(1.9 - amount)
    sharp = 1 / (1 + np.exp(-7 * field))
    return np.asarray(inside * sharp * (14 + 22 * np.clip(field, 0, 1.2)) * np.float32(size), np.float32)


def aorta(build: Build, bodies: dict[str, Placed], sheet: Sheet, rng: np.random.Generator) -> None:
    """Lay plaques of the aorta's walls in front of L2–L4; a later film shows the same ones, and more."""
    plaque = Solid(sheet, None, CALCIUM, CALCIUM)
    heights = [bodies[level].centre[1] for level in ("l1", "l2", "l3", "l4")]
    fronts = [bodies[level].points[[0, 3], 0].mean() for level in ("l1", "l2", "l3", "l4")]
    for wall in (6.0, 6.0 + 17.0 * build.size):
        for _ in range(PLAQUES):
            late, start, long, thick, rough = rng.random(), *rng.random(3), rng.normal(0, 0.5, 5)
            if late > build.aorta / 2:
                continue
            top = heights[1] - 10 + start * (heights[3] - heights[1] + 10)
            ys = np.linspace(top, top + 4 + 14 * long, 5)
            xs = np.interp(ys, heights, fronts) - wall * build.size + rough
            radius = np.sin(np.linspace(0.3, np.pi - 0.3, 5)) * (0.3 + 0.5 * thick)
            plaque.tube(np.column_stack([xs, ys, radius, np.zeros(5)]), 6.0)
