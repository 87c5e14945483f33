"""The lowest ribs of both sides: from T9–T12 backwards, down and forwards round the flank."""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.lumbar.posture import Placed, Posture
from bonerisk.phantom.machine.sheet import smooth
from bonerisk.phantom.machine.texture import Bone

# From the vertebra's back wall: mm to the back, down, and out to the side; half the rib's height.
COURSES = {
    9: (
        (-2, -2, 12, 5.0),
        (26, 14, 38, 6.0),
        (24, 34, 90, 6.6),
        (-20, 60, 128, 6.2),
        (-60, 79, 128, 6.0),
        (-92, 90, 118, 2.4),
    ),
    10: (
        (-2, -2, 12, 5.0),
        (28, 14, 38, 6.0),
        (27, 34, 88, 6.6),
        (-12, 62, 126, 6.2),
        (-52, 84, 126, 5.6),
        (-84, 96, 120, 2.2),
    ),
    11: (
        (-2, 0, 12, 4.6),
        (26, 18, 38, 5.6),
        (27, 38, 78, 5.8),
        (4, 64, 116, 5.4),
        (-30, 88, 122, 4.4),
        (-44, 97, 124, 2.0),
    ),
    12: ((0, 2, 12, 4.0), (20, 20, 36, 4.8), (25, 38, 62, 4.6), (20, 56, 84, 3.4), (16, 66, 92, 1.8)),
}


def project(
    bodies: dict[str, Placed], posture: Posture, bone: Bone, size: float, reach: float, rng: np.random.Generator
) -> None:
    """Lay the ribs of both sides; those above T11 start a vertebra's height higher each.

    They come as far to the front as the belly, which is `reach` mm in front of the spine.
    """
    eleventh, twelfth = bodies["t11"], bodies["t12"]
    step = eleventh.centre - twelfth.centre
    long = float(rng.uniform(0.5, 1.15))  # the twelfth ribs differ most
    for rib, course in COURSES.items():
        base = (twelfth if rib == 12 else eleventh).points[2] + step * max(11 - rib, 0)
        for side in (-1, 1):
            given = np.array(course)
            given[:, 0] *= np.where(given[:, 0] < 0, 0.95 * reach / (92 * size), 1)
            if rib == 12:
                given[:, :3] = given[0, :3] + (given[:, :3] - given[0, :3]) * long
            given[:, :3] *= 1 + 0.03 * rng.standard_normal((1, 3))
            z = side * given[:, 2] * size
            points = base + size * given[:, :2] + rng.normal(0, 1.0, 2)
            points = points + z[:, None] * np.array(
                [np.tan(np.radians(posture.twist)), np.tan(np.radians(posture.lean))]
            )
            grown = (posture.source_mm / (posture.source_mm - z))[:, None]
            points = posture.centre + (points - posture.centre) * grown
            radius = given[:, 3:] * size * grown
            chain = smooth(np.hstack([points, radius, np.full_like(radius, 0.9)]), 22)
            bone.tube(chain, 0.5)
