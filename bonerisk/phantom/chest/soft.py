"""Soft tissue of the chest: body wall, lungs, heart, great vessels, airways, diaphragm and stomach.

Evaluated on a coarser grid than bone, since none of it has edges finer than a millimetre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonerisk.phantom.chest import pathology, wall
from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine import texture
from bonerisk.phantom.machine.sheet import FAT, LUNG, SOFT, Array, half_chord, reach_of

MOTTLE_MM = 4.2


@dataclass(frozen=True)
class Soft:
    """The soft tissue projected on the coarse grid.

    Parameters
    ----------
    attenuation : Array
        Line integral.
    right, left, heart, body : Array
        Chord of each lung, the heart and the body in mm.
    """

    attenuation: Array
    right: Array
    left: Array
    heart: Array
    body: Array


def ellipsoid(
    x: Array, y: Array, centre: tuple[float, float], radii: tuple[float, float, float], lean: float = 0.0
) -> Array:
    """Return the chord of an ellipsoid of half axes `radii` across, along and in depth, leaning by `lean` radians."""
    chord = np.zeros((y.shape[0], x.shape[1]), np.float32)
    reach = max(radii[:2])
    rows, columns = (reach_of(axis, middle, reach) for axis, middle in ((y, centre[1]), (x, centre[0])))
    dx, dy = x[:, columns] - np.float32(centre[0]), y[rows] - np.float32(centre[1])
    cos, sin = np.float32(np.cos(lean)), np.float32(np.sin(lean))
    across, along = dx * (cos / radii[0]) + dy * (sin / radii[0]), dy * (cos / radii[1]) - dx * (sin / radii[1])
    chord[rows, columns] = np.float32(2 * radii[2]) * half_chord(1 - across * across - along * along)
    return chord


def project(body: Body, x: Array, y: Array) -> Soft:
    """Project the soft tissue of `body` at x (1, n) and y (m, 1)."""
    rng = body.rng
    trunk, fat = wall.project(body, x, y)
    cage = body.cage_half_width(y).astype(np.float32)
    cavity = np.float32(2 * body.deep) * half_chord(1 - (x / cage) ** 2)
    apex_room = half_chord(1 - np.clip((body.level(5) - y) / (body.level(5) - body.apex), 0, 1) ** 2)
    lungs = cavity * (0.25 + 0.75 * apex_room)

    heart = _heart(body, x, y)
    middle = _mediastinum(body, x, y)
    domes = _domes(body, x, y)
    free = np.maximum(lungs - np.sqrt((lungs * middle) ** 2 + (1.25 * heart) ** 2), 0) * (1 - domes)
    free *= _apex(body, x, y)
    for share in (pathology.fluid(body, x, y), pathology.consolidated(body, x, y)):
        if share is not None:
            free *= 1 - share
    spine_x = body.spine_x(y).astype(np.float32)
    right, left = np.where(x < spine_x, free, 0), np.where(x >= spine_x, free, 0)
    free = np.minimum(free, 0.85 * trunk)
    air = np.float32(LUNG * body.air)
    attenuation = SOFT * trunk - (SOFT - FAT) * fat - (SOFT - air) * free - SOFT * _air(body, rng, x, y)
    attenuation += FAT * wall.breasts(body, x, y) + _markings(body, x, y) * np.minimum(free / 60, 1)
    return Soft(np.maximum(attenuation, 0), right, left, heart, trunk)


def _markings(body: Body, x: Array, y: Array) -> Array:
    """Attenuation of vessels too small to be drawn: dense about the hila, mottled everywhere."""
    across = (np.abs(x - np.float32(body.shift(60))) - 32) / 34
    haze = 0.40 * np.exp(-(across**2)) * np.exp(-(((y - np.float32(body.level(7.2))) / 55) ** 2))
    mottle = texture.interpolate(texture.noise(body.rng, MOTTLE_MM), MOTTLE_MM, x, y)
    return body.air * (haze * (1 + 0.12 * mottle) + 0.012 * mottle).astype(np.float32)


def _heart(body: Body, x: Array, y: Array) -> Array:
    size = body.wide / 138 * (1 + 0.004 * (body.bmi_kg_m2 - 27)) * body.heart
    shift = body.shift(110)
    level = body.level(8.6) + 0.4 * (body.right_dome - body.level(10))
    y = np.where(y > level + 18, level + 18 + 0.55 * (y - level - 18), y)  # it rests broadly on the diaphragm
    heart = np.zeros((y.shape[0], x.shape[1]), np.float32)
    rows, columns = reach_of(y, level, 110 * size), reach_of(x, shift, 110 * size)
    x, y = x[:, columns], y[rows]
    ventricle = ellipsoid(x, y, (30 * size + shift, level + 8), (46 * size, 70 * size, 60), lean=-0.72)
    atrium = ellipsoid(x, y, (-12 * size + shift, level + 2), (28 * size, 54 * size, 52))
    outflow = ellipsoid(x, y, (18 * size + shift, level - 38), (23 * size, 38 * size, 44), lean=-0.3)
    heart[rows, columns] = np.sqrt(ventricle**2 + atrium**2 + outflow**2)
    return heart


def _mediastinum(body: Body, x: Array, y: Array) -> Array:
    """Share of the chest's depth that the mediastinum fills."""
    rng = body.rng
    age = (body.age_years - 50) / 40
    shift = body.shift(60)
    filled = np.zeros((y.shape[0], x.shape[1]), np.float32)
    columns = reach_of(x, shift, 60)
    x = x[:, columns]
    levels = [body.level(n) for n in (-1, 1.5, 3, 4, 4.6, 5.4, 6.2, 7.5, 9, 13)]
    left = np.interp(y, levels, [44, 37, 30, 27, 26, 27, 29, 28, 28, 34]) + rng.normal(0, 1.5)
    right = np.interp(y, levels, [42, 35, 32, 32, 33, 33, 31, 27, 26, 34]) + rng.normal(0, 1.5)
    width = np.where(x < shift, right, left).astype(np.float32)
    inside = np.maximum(1 - ((x - np.float32(shift)) / width) ** 2, 0)
    soft = np.interp(y, [body.level(4), body.level(7.5)], [0.0, 0.8]).astype(np.float32)
    core = (0.93 - 0.18 * soft) * (np.sqrt(inside) * (1 - soft) + inside * soft)
    knob_x, knob_y, across, along = body.knob()
    knob = ellipsoid(x, y, (knob_x, knob_y), (across, along, 0.33))
    aorta_x = body.spine_x(y) + np.interp(y, levels, [20, 20, 20, 20, 20, 20, 19, 16, 12, 4]) + 5 * age
    descending = 0.22 * half_chord(1 - ((x - aorta_x.astype(np.float32)) / 14) ** 2) * np.clip((y - knob_y) / 25, 0, 1)
    filled[:, columns] = np.minimum(np.sqrt(core**2 + knob**2) + descending * (1 - core), 1)
    return filled


def _domes(body: Body, x: Array, y: Array) -> Array:
    """Share of the chest's depth that liver, spleen and stomach fill below the diaphragm."""
    wide = body.wide
    right = (-0.46 * wide, 0.57 * wide, body.right_dome)
    left = (0.50 * wide, 0.53 * wide, body.left_dome)
    middle = (10.0, 0.55 * wide, body.right_dome + 9)
    filled = np.zeros((y.shape[0], x.shape[1]), np.float32)
    high = np.float32(62 * body.tall * body.flat)
    for centre, radius, summit in (right, left, middle):
        below = np.minimum(y - (summit + high), 0) / high
        u = (x - np.float32(centre)) / np.float32(radius)
        filled = np.maximum(filled, half_chord(1 - u * u - below * below))
    return np.minimum(1.25 * filled, 1)


def _apex(body: Body, x: Array, y: Array) -> Array:
    """Share of the lungs' depth near their tops, which are domes beside the midline."""
    bottom = np.float32(body.level(4.4))
    v = np.clip((bottom - y) / np.float32(bottom - body.apex), 0, None)
    outer = float(body.cage_half_width(float(bottom)))
    centre = 0.265 * body.wide
    u = np.maximum(np.abs(x) - np.float32(centre), 0) / np.float32(outer - centre)
    return half_chord(1 - v * v / np.maximum(1 - u * u, 1e-4))


def _air(body: Body, rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Chord of the trachea, main bronchi and the stomach's bubble."""
    air = np.zeros((y.shape[0], x.shape[1]), np.float32)
    carina = body.level(5.7)
    rows, columns = slice(0, reach_of(y, carina, 40).stop), reach_of(x, body.shift(55), 60)
    air[rows, columns] = _airways(body, carina, x[:, columns], y[rows])
    if rng.random() < 0.6:
        size = float(rng.uniform(14, 26))
        centre = (0.47 * body.wide + float(rng.normal(0, 8)), body.left_dome + 10 + size * 0.75)
        bubble = ellipsoid(x, y, centre, (size * 1.35, size * 0.8, size * 0.7))
        air += bubble * (y < centre[1] + size * float(rng.uniform(0.1, 0.5)))
    return air


def _airways(body: Body, carina: float, x: Array, y: Array) -> Array:
    """Chord of the trachea down to `carina` and of the main bronchi."""
    shift = body.shift(55)
    radius = np.float32(8.6 if body.sex == "M" else 7.4)
    bow = -3.5 * np.exp(-(((y - body.level(4.4)) / 30) ** 2)) + shift
    airways = 2 * half_chord(radius**2 - (x - bow.astype(np.float32)) ** 2) * (y < carina)
    fall = np.maximum(y - carina + 6, 0)
    for slope, size, long in ((-0.5, 6.6, 30.0), (0.95, 5.4, 40.0)):
        distance = (x - np.float32(shift) - np.float32(slope) * fall) / np.float32(np.hypot(1, slope))
        fade = np.clip((long - fall) / 12, 0, 1) * (fall > 0)
        airways = np.maximum(airways, 2 * half_chord(size**2 - distance**2) * fade)
    return airways
