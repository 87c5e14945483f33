"""Vertebral bodies: drums with a shell, end plates with rims, and what a fracture and wear do to them."""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.posture import Placed
from bonerisk.phantom.machine.sheet import Array, half_chord
from bonerisk.phantom.machine.texture import Bone

PLATE_MM, WALL_MM = 0.8, 0.55  # end plates and shell; assumed: 0.4–1 mm
RIM_MM = 1.5  # what the ring at a plate's edge adds on each side; assumed
BLUR_MM = 0.35  # edges are rough
IMPACTED = 2.2  # mm of plate that a fractured end plate adds for each half of the height lost; assumed


def lay(body: Placed, bone: Bone) -> None:
    """Lay one body on the sheet of `bone`."""
    outline = Outline(body)
    low, high = body.points.min(axis=0) - 8, body.points.max(axis=0) + 8
    found = bone.sheet.box(low[0], high[0], low[1], high[1])
    if found is None:
        return
    box, x, y = found
    u, v = outline.local(x, y)
    front, back = outline.front(v), outline.back(v)
    middle, half = (front + back) / 2, (front - back) / 2
    height = np.float32(np.ptp(outline.points[:, 1]) / 2)
    wide = np.float32(body.width) * (0.90 + 0.10 * np.minimum((v / height) ** 2, 1.2))
    shift = np.float32(0.27 * body.width * body.turn)  # of the near and the far half of the drum
    near, far = u - middle - shift, u - middle + shift
    inner = half - np.float32(WALL_MM)
    whole = (_section(near / half) + _section(far / half)) * (wide / 2)
    marrow = (_section(near / inner) + _section(far / inner)) * (wide / 2 - np.float32(WALL_MM))
    upper, lower = outline.upper(u) - v, v - outline.lower(u)
    spread = np.abs(np.float32(body.rise)) * whole  # near and far rim lie apart
    ramp = spread + np.float32(BLUR_MM)
    lost = body.shape.lost if body.shape else 0.0
    plate = np.float32(PLATE_MM)
    thick = plate + np.float32(IMPACTED * 2 * lost)
    filled = _filled(upper, ramp) * _filled(lower, ramp)
    inside = _filled(upper - thick, ramp + thick * np.float32(0.3)) * _filled(lower - plate, ramp)
    whole_chord = whole * filled
    marrow_chord = np.minimum(marrow * inside, whole_chord)
    rims = _rims(upper, spread, whole)
    if body.shape:  # the sacrum's first disc is hardly one
        rims += _rims(lower, spread, whole)
    dense = np.float32(1 / (1 - 0.6 * lost))  # the same mineral in less room
    bone.lay(box, dense * (whole_chord + rims), dense * marrow_chord)


def spurs(body: Placed, below: Placed, bone: Bone) -> None:
    """Lay the osteophytes in front of the disc below a body: beaks that grow forwards and towards each other."""
    if body.shape is None or body.shape.spur < 1.5:
        return
    long, (lip, other) = body.shape.spur, (body.points[3], below.points[0])
    gap = other - lip
    ahead = Outline(body).ahead
    for corner, way, size in ((lip, gap, 1.0), (other, -gap, 0.8)):
        tip = corner + size * long * ahead + way * min(0.45, 0.07 * long)
        middle = corner + 0.4 * size * long * ahead - way * 0.03
        start = corner - 2.0 * ahead - way / np.linalg.norm(way) * 1.6
        bone.tube([(*start, 1.0, 0.5), (*middle, 1.5, 0.7), (*tip, 0.4, 0.3)], 4.0)


def _section(q: Array) -> Array:
    """Chord of the drum at q from −1 (back) to 1 (front), of its width: the back is flat, the front is round."""
    q = np.clip(q, -1.2, 1.2)
    square = q * q
    flat = square * square
    return np.where(q > 0, half_chord(1 - square * np.sqrt(np.abs(q))), half_chord(1 - flat * square))


def _filled(inside: Array, ramp: Array) -> Array:
    """Share of a drum's width that lies inside a plate which is `inside` mm away, by the ramp of its tilt."""
    return np.clip(inside / ramp + np.float32(0.5), 0, 1)


def _rims(away: Array, spread: Array, whole: Array) -> Array:
    """Chord of the ring at a plate's edge: its near and far side."""
    near, far = ((away + s * spread / 2 - np.float32(0.4)) / np.float32(0.75) for s in (-1, 1))
    there = np.minimum(whole / 8, 1)
    return np.float32(RIM_MM) * there * (half_chord(1 - near * near) + half_chord(1 - far * far))
