"""Pulmonary vessels: two trees a lung, tapering and branching from the hila to the periphery."""

from __future__ import annotations

import cv2
import numpy as np

from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine.sheet import LUNG, SOFT, Array

SCALE = 600.0  # grey levels a unit of attenuation: the widest vessel stays under 255
SMALLEST_MM = 0.75
PASSES = ((1.0, 1.1, 0), (0.6, 1.5, 4))  # width and depth relative to the vessel's, and least width (half-mm)
# Angle from straight down, outwards, and width in mm where a vessel leaves the hilum: arteries and veins of the lobes.
TRUNKS = (
    (0.30, 11.0),
    (0.05, 6.0),
    (0.65, 6.5),
    (0.90, 5.0),
    (1.20, 5.5),
    (1.60, 4.5),
    (2.00, 5.0),
    (2.35, 6.0),
    (2.75, 6.5),
    (3.05, 4.5),
)


def project(body: Body, shape: tuple[int, int], spacing_mm: float, left_mm: float, top_mm: float) -> Array:
    """Return the attenuation that the vessels add to the lungs, before it is limited to their area."""
    canvas = np.zeros(shape, np.uint8)
    lines = np.concatenate([_tree(body, side) for side in (-1, 1)])
    ends = ((lines[:, :4] - [left_mm, top_mm, left_mm, top_mm]) / spacing_mm * 16).astype(np.int32).reshape(-1, 2, 2)
    classes = np.round(lines[:, 4] * 2).astype(int)
    for share, depth, least in PASSES:
        for number in np.unique(classes[classes >= least]):  # the widest are drawn last and stay whole
            grey = min((SOFT - LUNG) * number / 2 * depth * SCALE, 255)
            thick = max(round(number / 2 * share / spacing_mm), 1)
            cv2.polylines(canvas, list(ends[classes == number]), False, grey, thick, cv2.LINE_AA, 4)
    blurred = cv2.GaussianBlur(canvas, (0, 0), 0.4 / spacing_mm)
    return blurred * np.float32(1 / SCALE)


def _tree(body: Body, side: int) -> np.ndarray:
    """Return the segments of one lung's vessels: x0, y0, x1, y1 and width in mm, a row each."""
    rng = body.rng
    hilum_x = side * 34 + body.shift(60)
    hilum_y = body.level(6.5 if side < 0 else 6.0)
    angles, widths = np.transpose(TRUNKS)
    starts = hilum_x + side * rng.uniform(0, 6, len(TRUNKS)), hilum_y + rng.normal(0, 8, len(TRUNKS))
    front = np.column_stack([*starts, angles + rng.normal(0, 0.12, len(TRUNKS)), widths])
    front[:, 3] *= rng.normal(1, 0.1, len(front))
    found = []
    while len(front):
        x, y, angle, width = front.T
        for _ in range(3):
            length = (0.5 * width + 4.2) * rng.uniform(0.6, 1.3, len(x))
            angle = angle + rng.normal(0, 0.12, len(x))
            x1, y1 = x + side * np.sin(angle) * length, y + np.cos(angle) * length
            found.append(np.column_stack([x, y, x1, y1, width]))
            x, y, width = x1, y1, width * 0.955
        share = rng.uniform(0.68, 0.9, len(x))
        spread = rng.uniform(0.3, 0.9, len(x)) * rng.choice([-1, 1], len(x))
        main = np.column_stack([x, y, angle - spread * 0.25, width * share])
        twig = np.column_stack([x, y, angle + spread, width * np.sqrt(np.maximum(0.9 - share**2, 0.1))])
        front = np.concatenate([main, twig])
        front = front[front[:, 3] > SMALLEST_MM]
    return np.concatenate(found)
