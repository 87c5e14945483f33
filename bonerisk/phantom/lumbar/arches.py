"""What is behind a vertebral body: pedicles, articular processes, laminae, spinous and transverse processes.

Shapes are chains of tubes in the frame of the body's back wall: u to the back and v up, in shares of a lumbar body's
depth and height, with radius and thickness of the cortex in mm. assumed: drawn after atlas figures.
"""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.posture import Placed, Points
from bonerisk.phantom.machine.texture import Bone

PEDICLE = ((0.16, 0.21, 7.0, 1.0), (0.24, 0.20, 7.2, 1.0), (0.34, 0.12, 7.6, 0.9))
SUPERIOR = ((0.30, 0.10, 7.4, 0.8), (0.33, 0.40, 6.6, 0.9), (0.37, 0.62, 5.6, 1.0), (0.41, 0.82, 3.2, 1.0))
INFERIOR = ((0.34, 0.12, 7.4, 0.9), (0.45, -0.16, 6.0, 1.1), (0.54, -0.42, 6.4, 1.1), (0.57, -0.70, 4.8, 1.0))
LAMINA = ((0.40, 0.06, 6.4, 0.9), (0.56, -0.12, 8.4, 0.9), (0.70, -0.20, 8.6, 0.8))
SPINOUS = ((0.62, -0.14, 8.4, 0.8), (0.86, -0.26, 9.6, 0.8), (1.10, -0.36, 10.6, 0.8), (1.26, -0.42, 9.8, 0.9))
SIDE_MM = 13.0  # of a pedicle from the midline
FACET_MM = 17.0


def lay(body: Placed, bone: Bone, size: float, spinous: float, rng: np.random.Generator) -> None:
    """Lay the arch of a body; `spinous` is the length of the spinous process, 1 in the lumbar spine."""
    outline = Outline(body)
    corner = body.points[[2, 5]].mean(axis=0)
    frame = np.array([-outline.ahead * 34.0 * size, outline.up * 27.0 * size])

    def chain(shape: tuple[tuple[float, ...], ...], z: float, stretch: float = 1.0) -> Points:
        given = np.array(shape)
        given[:, 0] = given[0, 0] + (given[:, 0] - given[0, 0]) * stretch
        points = corner + given[:, :2] @ frame + z * size * np.array([body.turn, body.rise])
        return np.column_stack([points, given[:, 2:] * size])

    for side in (-1, 1):
        depth = side * (1 + 0.04 * rng.standard_normal())
        bone.tube(chain(PEDICLE, SIDE_MM * depth), 0.6)
        bone.tube(chain(SUPERIOR, FACET_MM * depth), 0.6)
        bone.tube(chain(INFERIOR, (FACET_MM - 3) * depth), 0.75)
        bone.tube(chain(LAMINA, 8 * depth), 0.38)
        tip = chain(((0.20, 0.19, 3.4, 0.7), (0.30, 0.14, 4.2, 0.8)), 36 * depth)
        bone.tube(tip, 0.7)  # the transverse process, end on
    bone.tube(chain(SPINOUS, 0.0, spinous), 0.45)
