"""The shoulder girdle: clavicles, scapulae, the heads and shafts of the humeri; and the manubrium."""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine.sheet import Array, smooth
from bonerisk.phantom.machine.texture import Bone

# Share of the way from the inner end to the acromion (x, y), radius and thickness of the cortex in mm.
CLAVICLE = (
    (0.00, 0.00, 9.5, 0.8),
    (0.09, 0.10, 8.4, 1.1),
    (0.30, 0.42, 6.4, 2.0),
    (0.55, 0.78, 6.2, 2.2),
    (0.80, 1.02, 6.6, 1.6),
    (1.00, 1.00, 8.0, 0.9),
)
# x (outwards) and y from the acromion's tip, radius and thickness of the cortex in mm: lateral, medial and upper
# border, spine with acromion, coracoid.
SCAPULA = (
    ((-21, 42, 5.0, 1.2), (-26, 75, 3.6, 1.4), (-33, 115, 2.6, 1.1), (-44, 150, 2.0, 0.9)),
    ((-44, 150, 2.0, 0.9), (-62, 110, 1.7, 0.9), (-79, 55, 1.9, 1.1), (-76, 14, 2.4, 1.1)),
    ((-76, 14, 2.2, 1.0), (-58, 12, 1.7, 0.9), (-42, 20, 2.0, 0.9), (-32, 26, 3.2, 0.9)),
    ((-78, 45, 2.2, 1.0), (-48, 26, 3.6, 1.2), (-22, 8, 5.4, 1.3), (2, 2, 7.0, 1.2), (9, 8, 6.0, 1.0)),
    ((-34, 30, 5.0, 1.1), (-38, 20, 5.0, 1.1), (-30, 14, 5.4, 1.1), (-20, 22, 4.6, 1.1)),
)
# x (outwards) and y from the head's centre, radius and thickness of the cortex in mm.
HUMERUS = (
    (0, 0, 23.5, 0.9),
    (5, 6, 22.5, 0.9),
    (12, 24, 17.0, 1.4),
    (20, 46, 13.0, 3.0),
    (34, 84, 11.5, 3.6),
    (62, 170, 11.0, 3.8),
    (95, 280, 11.0, 3.8),
)


def clavicles(body: Body, bone: Bone) -> None:
    """Lay both clavicles: S-shaped tubes from the manubrium to the acromion."""
    for side, tip, inner in _sides(body):
        size = 1.0 if body.sex == "M" else 0.86
        x0, y0 = inner
        way_x, way_y = tip[0] - x0, tip[1] - y0
        points = [
            (side * (x0 + a * way_x) + body.shift(120), y0 + b * way_y, r * size, shell * size)
            for a, b, r, shell in CLAVICLE
        ]
        bone.tube(smooth(points, 13), 0.9)


def scapulae(body: Body, bone: Bone) -> None:
    """Lay both scapulae: a thin blade with thick borders, spine, acromion, coracoid and glenoid."""

    def inward(x: float) -> float:  # a portable film's patient can't roll the blades off the lungs
        return x - 0.4 * max(-21 - x, 0) if body.portable else x

    for side, tip, _ in _sides(body):
        size = 1.0 if body.sex == "M" else 0.87
        lateral, medial, upper, ridge, coracoid = (
            smooth([(side * (tip[0] + inward(x) * size), tip[1] + y * size, r * size, t) for x, y, r, t in line], 9)
            for line in SCAPULA
        )
        _blade(bone, np.vstack([lateral, medial, upper])[:, :2], 4.0 * size)
        for border in (lateral, medial, upper):
            bone.tube(border)
        bone.tube(ridge, 0.8)
        bone.tube(coracoid)
        socket = (side * (tip[0] - 21 * size), tip[1] + 33 * size)
        bone.ellipse(socket, (4.5 * size, 15 * size), 9 * size, 0.8, lean=0.15 * side)


def humeri(body: Body, bone: Bone) -> None:
    """Lay both humeral heads and the upper shafts."""
    for side, tip, _ in _sides(body):
        size = 1.0 if body.sex == "M" else 0.87
        x0, y0 = tip[0] + 7 * size, tip[1] + 31 * size
        points = [(side * (x0 + x * size), y0 + y * size, r * size, shell * size) for x, y, r, shell in HUMERUS]
        bone.tube(smooth(points, 11))


def _sides(body: Body) -> list[tuple[int, tuple[float, float], tuple[float, float]]]:
    """Side, tip of the shoulder (acromion) and inner end of the clavicle, as (|x|, y)."""
    found = []
    for side in (-1, 1):
        tip = (body.wide * 1.05 + 28 + float(body.rng.normal(0, 2)), body.level(1.1) + float(body.rng.normal(0, 5)))
        # On a portable film the collar bones are further from the detector and appear higher.
        inner = body.level(2.5 if body.portable else 3.0) + float(body.rng.normal(0, 3))
        found.append((side, tip, (22.0, inner)))
    return found


def _blade(bone: Bone, outline: Array, thickness_mm: float) -> None:
    """Lay a plate with the given outline (n, 2)."""
    sheet = bone.sheet
    low, high = outline.min(axis=0), outline.max(axis=0)
    found = sheet.box(low[0], high[0], low[1], high[1])
    if found is None:
        return
    box, _, _ = found
    corner = (sheet.left_mm + box[1].start * sheet.spacing_mm, sheet.top_mm + box[0].start * sheet.spacing_mm)
    pixels = np.round((outline - np.array(corner)) / sheet.spacing_mm).astype(np.int32)
    plate = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.float32)
    cv2.fillPoly(plate, [pixels], 1.0)
    whole = cv2.GaussianBlur(plate, (0, 0), 1.5) * np.float32(thickness_mm)
    bone.lay(box, whole, whole * 0.45)
