"""The sacrum below its first body, and the two wings of the pelvis."""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.posture import Placed, Points, Posture
from bonerisk.phantom.machine.sheet import smooth
from bonerisk.phantom.machine.texture import Bone

# From the middle of S1's upper end plate, mm to the front and down: crest from the front spine over the top to the
# back spine, then the back border, the notch and the front border.
CREST = ((88, 62), (84, 40), (66, 12), (38, -12), (8, -22), (-22, -14), (-46, 6), (-58, 28))
BELOW = ((-58, 28), (-60, 48), (-44, 62), (-24, 84), (-2, 92), (14, 112), (10, 150), (96, 160), (92, 110), (88, 62))
NOTCH = slice(0, 9)  # of its 30 smooth points: the back border, and the front one
FRONT = slice(24, 30)
SEGMENTS = ((25.0, 8.0), (22.0, 20.0), (18.0, 36.0), (16.0, 58.0))  # S2–S5: length, and degrees off S1's axis
ALA_MM = 34.0  # depth of the sacrum's sides along a ray
WING_MM = 115.0  # of a wing from the midline


def sacrum(first: Placed, bone: Bone, size: float) -> None:
    """Lay the segments below the first, its crest, and the sides of the first two."""
    outline = Outline(first)
    front, back, down = first.points[3], first.points[5], -outline.up
    edges = [[front], [back]]
    for length, bend in SEGMENTS:
        angle = np.radians(bend)
        way = (down * np.cos(angle) - outline.ahead * np.sin(angle)) * length * size
        front, back = front + 0.92 * way + (back - front) * 0.10, back + way
        edges[0].append(front)
        edges[1].append(back)
    body = np.vstack([smooth(edges[0], 14), smooth(edges[1], 14)[::-1]])
    _blade(bone, body, 20 * size)
    bone.tube([(*point, 1.6 * size, 0.9) for point in smooth(edges[0], 14) + down * 1.2], 2.2)
    behind = smooth(edges[1], 14) - outline.ahead * 11 * size
    thick = np.interp(np.arange(14), [0, 3, 13], [1.5, 6.0, 5.0]) * size
    bone.tube(np.column_stack([behind, thick, np.full(14, 1.0)]), 0.8)
    side = np.array([[0.3, 0.35], [-0.2, 0.5], [-0.8, 0.4], [-1.0, -0.6], [-1.2, -1.7], [-0.6, -1.8], [0.0, -0.7]])
    ala = first.centre + side @ np.array([outline.ahead * 28, outline.up * 28]) * size
    _blade(bone, ala, ALA_MM * size, 5.0)


def wings(first: Placed, posture: Posture, bone: Bone, size: float, rng: np.random.Generator) -> None:
    """Lay both wings; the far one is magnified more, and a turned patient's do not overlap."""
    origin = first.points[:3].mean(axis=0)
    rise, fore = float(rng.normal(0, 7)), float(rng.normal(0, 5))
    for side in (-1, 1):
        z = side * WING_MM * size
        grown = posture.source_mm / (posture.source_mm - z)
        shift = z * np.array([np.tan(np.radians(posture.twist)), np.tan(np.radians(posture.lean))])

        def shown(points: tuple[tuple[float, float], ...], grown: float = grown, shift: Points = shift) -> Points:
            there = origin + size * np.array([(-a - fore, d + rise) for a, d in points]) + shift
            return np.asarray(posture.centre + (there - posture.centre) * grown)

        crest, below = smooth(shown(CREST), 30), smooth(shown(BELOW), 30)
        _blade(bone, np.vstack([crest, below]), 5.5 * size)
        border = np.vstack([below[FRONT], crest[1:]])
        thick = np.interp(np.arange(len(border)), [0, 6, 13, 22, 30, 34], [2.6, 2.6, 3.6, 3.2, 4.6, 3.4]) * size
        bone.tube(np.column_stack([border, thick, np.full(len(border), 1.1)]), 1.2)
        notch = below[NOTCH]
        bone.tube(np.column_stack([notch, np.full(len(notch), 3.0 * size), np.full(len(notch), 0.9)]), 0.7)


def _blade(bone: Bone, outline: Points, thickness_mm: float, soft_mm: float = 1.0) -> None:
    """Lay a plate with the given outline (n, 2), thicker towards its borders."""
    sheet = bone.sheet
    low, high = outline.min(axis=0) - 3 * soft_mm, outline.max(axis=0) + 3 * soft_mm
    found = sheet.box(low[0], high[0], low[1], high[1])
    if found is None:
        return
    box, x, y = found
    step = 4
    pixels = (outline - (float(x.flat[0]), float(y.flat[0]))) / sheet.spacing_mm
    small = np.zeros((len(y) // step + 1, x.shape[1] // step + 1), np.float32)
    cv2.fillPoly(small, [np.round(pixels / step * 16).astype(np.int32)], 1.0, cv2.LINE_8, 4)
    edge = cv2.GaussianBlur(small, (0, 0), soft_mm / sheet.spacing_mm / step)
    centre = cv2.GaussianBlur(small, (0, 0), 14 / sheet.spacing_mm / step)
    plate = edge * np.float32(thickness_mm) * (np.float32(1.5) - np.float32(0.8) * centre)
    whole = cv2.resize(plate, (x.shape[1], len(y)), interpolation=cv2.INTER_LINEAR)
    bone.lay(box, whole, whole * np.float32(0.75))
