"""Diseases of the chest's soft tissue on film: fluid, consolidation and calcified vessels.

assumed, throughout: sizes and places are drawn from ranges that look like the finding on films of NIH ChestX-ray14,
without a claim to epidemiology. Findings that change the shape of heart, lungs or spine are in `body`.
"""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine import texture
from bonerisk.phantom.machine.sheet import Array, Sheet, Solid, arc

MOTTLE_MM = 11.0
CALCIUM = 0.04  # 1/mm over soft tissue at 60 keV; assumed: a plaque as dense as cortical bone


def fluid(body: Body, x: Array, y: Array) -> Array | None:
    """Share of the lungs' depth that pleural fluid fills, at x (1, n) and y (m, 1); None without any."""
    out = np.minimum(np.abs(x) / body.cage_half_width(y).astype(np.float32), 1)  # 0 in the midline, 1 at the ribs
    share = None
    for name, both, rise, middle, curve in (
        ("pleural_effusion", 0.35, (45, 120), 0.6, 4),
        ("costophrenic_angle_blunting", 0.25, (26, 42), 0.0, 9),
    ):
        rng = body.findings.get(name)
        if rng is None:
            continue
        first = int(rng.choice((-1, 1)))
        for side in (-1, 1) if rng.random() < both else (first,):
            angle = (body.right_dome if side < 0 else body.left_dome) + 42 * body.tall  # y of the costophrenic angle
            high = np.float32(rng.uniform(*rise) * (1.0 if side == first else 0.6))
            surface = angle - high * (middle + (1 - middle) * out**curve)  # the meniscus climbs the chest's wall
            fade = np.float32(30 if body.portable and middle else 7)  # it spreads out in a lying patient
            filled = np.clip((y - surface) / fade + 0.5, 0, 1) * (x * side > 0)
            share = filled if share is None else np.maximum(share, filled)
    return share


def consolidated(body: Body, x: Array, y: Array) -> Array | None:
    """Share of the lungs' depth whose air is replaced, at x (1, n) and y (m, 1); None without any."""
    rng = body.findings.get("consolidation")
    if rng is None:
        return None
    share = np.zeros((y.shape[0], x.shape[1]), np.float32)
    side, low = int(rng.choice((-1, 1))), body.right_dome - 12
    middle = side * body.wide * float(rng.uniform(0.38, 0.62)), float(rng.uniform(body.level(4.5), low))
    for _ in range(int(rng.integers(3, 6))):  # merging patches
        across, along = rng.uniform(16, 34, 2)
        dx = (x - np.float32(middle[0] + rng.normal(0, 13))) / np.float32(across)
        dy = (y - np.float32(middle[1] + rng.normal(0, 15))) / np.float32(along)
        share = np.maximum(share, np.float32(rng.uniform(0.45, 0.75)) * np.exp(-((dx * dx + dy * dy) ** 1.4)))
    mottle = texture.interpolate(texture.noise(rng, MOTTLE_MM), MOTTLE_MM, x, y)
    return np.asarray(np.clip(share * (1 + 0.12 * mottle), 0, 0.9))


def calcify(body: Body, sheet: Sheet) -> None:
    """Lay the calcified arc of the aortic knob."""
    rng = body.findings.get("atherosclerosis")
    if rng is None:
        return
    plaque = Solid(sheet, None, CALCIUM, CALCIUM)
    x, y, across, along = body.knob()
    start = float(rng.uniform(-1.5, -0.6))
    for _ in range(int(rng.integers(1, 4))):
        length, thick = float(rng.uniform(0.5, 1.3)), float(rng.uniform(0.7, 1.3))
        line = arc((x, y), (across - 1.5, along - 1.5), start, start + length, 9)
        taper = np.sin(np.linspace(0.25, np.pi - 0.25, 9)) * thick + rng.uniform(0, 0.25, 9)
        plaque.tube(np.column_stack([line, taper, np.zeros(9)]), 5.0)  # a shell seen from its edge is deep
        start += length + float(rng.uniform(0.1, 0.5))
