"""The outline of a vertebral body: curved end plates and hollow walls through its six points.

Local axes. u runs along the body to the front, v up, both in mm from the body's centre; t is −1 at one end of an edge
and 1 at the other.
"""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.lumbar.posture import Placed, Points
from bonerisk.phantom.machine.sheet import Array

WAIST = 0.045  # of the depth, by which walls are hollow at mid-height; assumed


class Outline:
    """The edges of one body.

    Parameters
    ----------
    body : Placed
    """

    def __init__(self, body: Placed) -> None:
        self.centre = body.centre
        anterior, posterior = body.points[[0, 3]].mean(axis=0), body.points[[2, 5]].mean(axis=0)
        self.ahead = (anterior - posterior) / np.linalg.norm(anterior - posterior)
        self.up = np.array([-self.ahead[1], self.ahead[0]])
        if self.up[1] > 0:
            self.up = -self.up
        local = body.points - self.centre
        self.points: Points = np.column_stack([local @ self.ahead, local @ self.up])
        self.waist = WAIST * (anterior - posterior) @ self.ahead

    def local(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return u and v of x (1, n) and y (m, 1)."""
        x, y = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        (a, b), (c, d) = self.ahead.astype(np.float32), self.up.astype(np.float32)
        return x * a + y * b, x * c + y * d

    def upper(self, u: Array) -> Array:
        """Return v of the upper end plate at u."""
        return _curve(u, self.points[2], self.points[1], self.points[0], 0)

    def lower(self, u: Array) -> Array:
        """Return v of the lower end plate at u."""
        return _curve(u, self.points[5], self.points[4], self.points[3], 0)

    def front(self, v: Array) -> Array:
        """Return u of the front wall at v."""
        bottom, top = self.points[3], self.points[0]
        return _curve(v, bottom, (bottom + top) / 2 - (self.waist, 0), top, 1)

    def back(self, v: Array) -> Array:
        """Return u of the back wall at v."""
        bottom, top = self.points[5], self.points[2]
        return _curve(v, bottom, (bottom + top) / 2 + (0.6 * self.waist, 0), top, 1)

    def contour(self, count: int = 24) -> Points:
        """Return x and y of points round the outline, `count` on each edge; the six points are among them.

        `count` is even, so that an end plate's middle is one of them.
        """
        upper, lower = (np.linspace(self.points[a, 0], self.points[b, 0], count + 1) for a, b in ((2, 0), (3, 5)))
        front, back = (np.linspace(self.points[a, 1], self.points[b, 1], count + 1) for a, b in ((0, 3), (5, 2)))
        edges = [
            *(np.column_stack([upper, self.upper(upper)]), np.column_stack([self.front(front), front])),
            *(np.column_stack([lower, self.lower(lower)]), np.column_stack([self.back(back), back])),
        ]
        local = np.vstack([edge[:-1] for edge in edges])
        return np.asarray(self.centre + local[:, :1] * self.ahead + local[:, 1:] * self.up)


def _curve(place: Array, start: Points, middle: Points, end: Points, axis: int) -> Array:
    """Return the other coordinate at `place` of a parabola through start, middle and end along an axis.

    Outside of start and end it goes on straight.
    """
    half, mean = (end[axis] - start[axis]) / 2, (end[axis] + start[axis]) / 2
    t = np.asarray((place - np.float32(mean)) / np.float32(half))
    other = 1 - axis
    slope, level = (end[other] - start[other]) / 2, (end[other] + start[other]) / 2
    bow = middle[other] - level - slope * (middle[axis] - mean) / half
    return np.float32(level) + np.float32(slope) * t + np.float32(bow) * np.maximum(1 - t * t, 0)
