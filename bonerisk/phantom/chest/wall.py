"""The body's wall: skin, fat and muscle of trunk, neck and arms, and the breasts."""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine.sheet import Array, half_chord, reach_of


def project(body: Body, x: Array, y: Array) -> tuple[Array, Array]:
    """Return the chords of the whole body and of the fat under its skin at x (1, n) and y (m, 1), both even."""
    whole, fat = _wall(body, _every_other(x), _every_other(y.T).T)
    finer = (x.shape[1], y.shape[0])
    return cv2.resize(whole, finer), cv2.resize(fat, finer)


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
    """Chord of solids that merge smoothly."""
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


def breasts(body: Body, x: Array, y: Array) -> Array:
    """Return the chord of the breasts, thinning out upwards into the wall."""
    rng = body.rng
    if body.sex == "M":
        thick, size, low = 4 + 0.35 * body.fat, 58.0, body.level(7.6)
    else:
        thick, size, low = max(24 + 1.6 * (body.bmi_kg_m2 - 25), 10), 54 + 1.1 * (body.bmi_kg_m2 - 25), body.level(9.5)
    low += float(rng.normal(0, 7))
    total = np.zeros((y.shape[0], x.shape[1]), np.float32)
    rows = reach_of(y, low, 1.9 * size)
    y = y[rows]
    for side in (-1, 1):
        centre = side * 0.60 * body.wide + body.shift(200) + float(rng.normal(0, 3))
        columns = reach_of(x, centre, 1.08 * size)
        u = (x[:, columns] - np.float32(centre)) / np.float32(size * 1.08)
        v = np.where(y < low, (low - y) / (1.9 * size), (y - low) / (0.62 * size)).astype(np.float32)
        round_ = half_chord(1 - u * u - v * v)
        flat = np.clip(v * 1.6, 0, 1) * (y < low)  # above, the breast thins out into the wall
        total[rows, columns] += np.float32(thick) * round_ * (1 - flat + flat * round_)
    return total
