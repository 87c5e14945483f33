"""What is behind a vertebral body: pedicles, articular processes, laminae, spinous and transverse processes.

Shapes are chains of tubes in the frame of the body's back wall: u to the back and v up, in shares of a lumbar body's
depth and height, with radius and thickness of the cortex in mm. assumed: drawn after atlas figures.
"""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.posture import Placed, Points
from bonerisk.phantom.machine.texture import Bone

PEDICLE = ((0.09, 0.21, 6.0, 1.0), (0.26, 0.19, 6.8, 1.0), (0.37, 0.10, 7.0, 1.0))
SUPERIOR = ((0.37, 0.38, 6.0, 0.9), (0.40, 0.62, 5.2, 1.0), (0.42, 0.82, 3.0, 1.0))
INFERIOR = ((0.46, -0.14, 5.6, 1.1), (0.54, -0.42, 6.2, 1.1), (0.57, -0.70, 4.6, 1.0))
SIDE = (*PEDICLE, *SUPERIOR, PEDICLE[-1], *INFERIOR)  # one chain, so that its parts merge instead of adding up
LAMINA = ((0.50, -0.06, 5.6, 0.9), (0.62, -0.16, 6.6, 0.9), (0.70, -0.21, 5.6, 0.8))
SPINOUS = ((0.62, -0.14, 8.4, 0.8), (0.86, -0.26, 9.6, 0.8), (1.10, -0.36, 10.6, 0.8), (1.26, -0.42, 9.8, 0.9))
SIDE_MM = 15.0  # of pedicles and joints from the midline


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
        bone.tube(chain(SIDE, SIDE_MM * depth), 0.8)
        bone.tube(chain(LAMINA, 8 * depth), 0.3)
        tip = chain(((0.20, 0.19, 3.4, 0.7), (0.30, 0.14, 4.2, 0.8)), 36 * depth)
        bone.tube(tip, 0.6)  # the transverse process, end on
    bone.tube(chain(SPINOUS, 0.0, spinous), 0.45)
