"""Soft tissue of the chest: body wall, lungs, heart, great vessels, airways, diaphragm and stomach.

Evaluated on a coarser grid than bone, since none of it has edges finer than a millimetre.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bonerisk.phantom.body import Body
from bonerisk.phantom.sheet import FAT, LUNG, SOFT, Array, half_chord


@dataclass(frozen=True)
class Soft:
    """What the soft tissue gives on the coarse grid.

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
    rows, columns = (_about(axis, middle, reach) for axis, middle in ((y, centre[1]), (x, centre[0])))
    dx, dy = x[:, columns] - np.float32(centre[0]), y[rows] - np.float32(centre[1])
    cos, sin = np.float32(np.cos(lean)), np.float32(np.sin(lean))
    across, along = dx * (cos / radii[0]) + dy * (sin / radii[0]), dy * (cos / radii[1]) - dx * (sin / radii[1])
    chord[rows, columns] = np.float32(2 * radii[2]) * half_chord(1 - across * across - along * along)
    return chord


def _about(axis: Array, middle: float, reach: float) -> slice:
    """Return where an axis lies within `reach` mm of `middle`: all else of a small organ needs no evaluation."""
    return slice(*np.searchsorted(axis.ravel(), (middle - reach, middle + reach)))


def project(body: Body, x: Array, y: Array) -> Soft:
    """Project the soft tissue of `body` at x (1, n) and y (m, 1)."""
    rng = body.rng
    finer = (x.shape[1], y.shape[0])
    wall, fat = (cv2.resize(chord, finer) for chord in _wall(body, _every_other(x), _every_other(y.T).T))
    cage = body.cage_half_width(y).astype(np.float32)
    cavity = np.float32(2 * body.deep) * half_chord(1 - (x / cage) ** 2)
    apex_room = half_chord(1 - np.clip((body.level(5) - y) / (body.level(5) - body.apex), 0, 1) ** 2)
    lungs = cavity * (0.25 + 0.75 * apex_room)

    heart = _heart(body, x, y)
    middle = _mediastinum(body, x, y)
    domes = _domes(body, x, y)
    free = np.maximum(lungs - np.sqrt((lungs * middle) ** 2 + (1.25 * heart) ** 2), 0) * (1 - domes)
    free *= _apex(body, x, y)
    spine_x = body.spine_x(y).astype(np.float32)
    right, left = np.where(x < spine_x, free, 0), np.where(x >= spine_x, free, 0)
    free = np.minimum(free, 0.85 * wall)
    attenuation = SOFT * wall - (SOFT - FAT) * fat - (SOFT - LUNG) * free - SOFT * _air(body, rng, x, y)
    attenuation += FAT * _breasts(body, rng, x, y) + _markings(body, x, y) * np.minimum(free / 60, 1)
    return Soft(np.maximum(attenuation, 0), right, left, heart, wall)


def _markings(body: Body, x: Array, y: Array) -> Array:
    """Attenuation of vessels too small to be drawn: dense about the hila, mottled everywhere."""
    across = (np.abs(x - np.float32(body.shift(60))) - 32) / 34
    haze = 0.40 * np.exp(-(across**2)) * np.exp(-(((y - np.float32(body.level(7.2))) / 55) ** 2))
    grains = body.rng.standard_normal((y.shape[0] // 6, x.shape[1] // 6), np.float32)
    mottle = cv2.resize(grains, (x.shape[1], y.shape[0]), interpolation=cv2.INTER_CUBIC)
    return (haze * (1 + 0.12 * mottle) + 0.012 * mottle).astype(np.float32)


def _every_other(axis: Array) -> Array:
    """Return the centres (1, n / 2) of pairs along an axis (1, n)."""
    return (axis[:, 0::2] + axis[:, 1::2]) / 2


def _wall(body: Body, x: Array, y: Array) -> tuple[Array, Array]:
    """Chords of the whole body and of the fat under its skin."""
    cover = body.fat + body.muscle
    trunk = body.wide * 1.01 + cover * 0.85
    shoulder = body.wide * 1.05 + 62 + 0.35 * body.fat
    heights = [body.level(n) for n in (1, 3, 4.2, 5.5, 7, 9, 12, 15)]
    widths = [
        shoulder,
        shoulder - 6,
        shoulder - 24,
        trunk + 16,
        trunk + 3,
        trunk - 1,
        trunk + 1,
        trunk + 0.3 * body.fat,
    ]
    half = np.interp(y, heights, widths).astype(np.float32)
    depth = np.interp(y, [body.level(n) for n in (0, 2, 5, 8)], [56 + body.fat * 0.4, 72, 92, body.deep]) + 0.85 * cover
    depth = depth.astype(np.float32)
    away = np.abs(x)
    crest = np.float32(body.level(0.2)) - 66 + 56 * (1 - np.exp(-np.maximum(away - 45, 0) / 45))
    crest = crest - np.float32(0.3 * body.fat) + np.maximum(away - shoulder + 45, 0) ** 2 / 60
    rise = half_chord(1 - (1 - np.clip((y - crest) / 62, 0, 1)) ** 2)
    u2 = (x / half) ** 2
    trunk_chord = 2 * depth * half_chord((1 - u2) * (1 + 0.8 * u2)) * rise
    skin = np.float32(body.fat)
    u2 = (x / (half - skin)) ** 2
    inner = (
        2
        * (depth - skin)
        * half_chord((1 - u2) * (1 + 0.5 * u2))
        * half_chord(1 - (1 - np.clip((y - crest - skin) / 62, 0, 1)) ** 2)
    )
    neck = np.float32(52 if body.sex == "M" else 46) + np.float32(0.25 * body.fat)
    neck_width = neck + np.clip((y + 70) * 0.8, 0, 90)
    neck_chord = 2 * neck * half_chord(1 - (x / neck_width) ** 2)
    arm, arm_inner = _arms(body, x, y, shoulder)
    whole = _union(trunk_chord, neck_chord, arm)
    lean = _union(inner, np.maximum(neck_chord - 12, 0), arm_inner)
    return whole, whole - np.minimum(lean, whole)


def _union(*chords: Array) -> Array:
    """Chord of solids that grow into each other."""
    squares = [chord * chord for chord in chords]
    total = sum(square * square for square in squares)
    return np.sqrt(np.sqrt(total))


def _arms(body: Body, x: Array, y: Array, shoulder: float) -> tuple[Array, Array]:
    thick = (49 if body.sex == "M" else 43) + 0.55 * body.fat
    start_x, start_y = shoulder - thick * 0.95, body.level(2.6)
    axis = np.float32(start_x) + np.maximum(y - start_y, 0) * np.float32(0.30)
    distance = (np.abs(x) - axis) * np.float32(0.96)
    top = half_chord(1 - (np.minimum(y - start_y, 0) / thick) ** 2)
    skin = 0.5 * body.fat
    return (
        2 * half_chord(thick**2 * top - distance**2),
        2 * half_chord((thick - skin) ** 2 * top - distance**2),
    )


def _heart(body: Body, x: Array, y: Array) -> Array:
    size = body.wide / 138 * (1 + 0.004 * (body.bmi_kg_m2 - 27)) * float(body.rng.normal(1, 0.06))
    shift = body.shift(110)
    level = body.level(8.6) + 0.4 * (body.right_dome - body.level(10))
    y = np.where(y > level + 18, level + 18 + 0.55 * (y - level - 18), y)  # it rests broadly on the diaphragm
    heart = np.zeros((y.shape[0], x.shape[1]), np.float32)
    rows, columns = _about(y, level, 110 * size), _about(x, shift, 110 * size)
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
    knob_y = body.level(4.6)
    filled = np.zeros((y.shape[0], x.shape[1]), np.float32)
    columns = _about(x, shift, 60)
    x = x[:, columns]
    levels = [body.level(n) for n in (-1, 1.5, 3, 4, 4.6, 5.4, 6.2, 7.5, 9, 13)]
    left = np.interp(y, levels, [44, 37, 30, 27, 26, 27, 29, 28, 28, 34]) + rng.normal(0, 1.5)
    right = np.interp(y, levels, [42, 35, 32, 32, 33, 33, 31, 27, 26, 34]) + rng.normal(0, 1.5)
    width = np.where(x < shift, right, left).astype(np.float32)
    inside = np.maximum(1 - ((x - np.float32(shift)) / width) ** 2, 0)
    soft = np.interp(y, [body.level(4), body.level(7.5)], [0.0, 0.8]).astype(np.float32)
    core = (0.93 - 0.18 * soft) * (np.sqrt(inside) * (1 - soft) + inside * soft)
    knob = ellipsoid(x, y, (17 + shift + 3 * age, knob_y), (15 + 4 * age, 17 + 3 * age, 0.33))
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
    high = np.float32(62 * body.tall)
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
    rows, columns = slice(0, _about(y, carina, 40).stop), _about(x, body.shift(55), 60)
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


def _breasts(body: Body, rng: np.random.Generator, x: Array, y: Array) -> Array:
    if body.sex == "M":
        thick, size, low = 4 + 0.35 * body.fat, 58.0, body.level(7.6)
    else:
        thick, size, low = max(24 + 1.6 * (body.bmi_kg_m2 - 25), 10), 54 + 1.1 * (body.bmi_kg_m2 - 25), body.level(9.5)
    low += float(rng.normal(0, 7))
    total = np.zeros((y.shape[0], x.shape[1]), np.float32)
    rows = _about(y, low, 1.9 * size)
    y = y[rows]
    for side in (-1, 1):
        centre = side * 0.60 * body.wide + body.shift(200) + float(rng.normal(0, 3))
        columns = _about(x, centre, 1.08 * size)
        u = (x[:, columns] - np.float32(centre)) / np.float32(size * 1.08)
        v = np.where(y < low, (low - y) / (1.9 * size), (y - low) / (0.62 * size)).astype(np.float32)
        round_ = half_chord(1 - u * u - v * v)
        flat = np.clip(v * 1.6, 0, 1) * (y < low)  # above, the breast thins out into the wall
        total[rows, columns] += np.float32(thick) * round_ * (1 - flat + flat * round_)
    return total
