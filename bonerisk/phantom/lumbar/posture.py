"""Where each vertebra lies on a lateral film: the stack of bodies and discs on the sacrum, and the six points of each.

Axes as in `machine.sheet`, here from the side: x runs to the right of the film, to the patient's back; y down, both in
mm of the patient, from the middle of L3; z runs from the detector to the tube. The detector's millimetres are these
times the magnification. Rays diverge from a focus above the film's centre: a plate that lies off the central ray, or a
vertebra that leans or turns, is seen a little from above or below. `rise` and `turn` are these slopes, mm of shift in y
and in x for a mm of z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonerisk.phantom.lumbar.build import Build, Vertebra
from bonerisk.phantom.lumbar.levels import SACRUM
from bonerisk.phantom.people.clinic import LEVELS

POINTS = (
    *("anterior_superior", "middle_superior", "posterior_superior"),
    *("anterior_inferior", "middle_inferior", "posterior_inferior"),
)
BALANCE = 0.85  # share of the spine's slant over the sacrum that lying straight takes away; assumed
Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """A vertebral body in place.

    Parameters
    ----------
    points : array (6, 2)
        x and y of `POINTS`.
    width : float
        From side to side.
    rise, turn : float
    shape : Vertebra or None
        None of the sacrum.
    """

    points: Points
    width: float
    rise: float
    turn: float
    shape: Vertebra | None = None

    @property
    def centre(self) -> Points:
        """Mean of the four corners."""
        return np.asarray(self.points[[0, 2, 3, 5]].mean(axis=0))


@dataclass(frozen=True)
class Posture:
    """What belongs to a film: how the patient lies and how the tube stands.

    Parameters
    ----------
    magnification : float
        Of the spine: source to detector over source to spine.
    source_mm : float
        Distance of the focus from the spine.
    centre : (float, float)
        x and y of the central ray, the film's middle, from the middle of L3.
    tilt, lean, twist, curl : float
        Degrees: turn in the film's plane, towards the tube, about the long axis, and of all lordosis.
    right : bool
        The patient faces to the right: the film is mirrored.
    """

    magnification: float
    source_mm: float
    centre: tuple[float, float]
    tilt: float
    lean: float
    twist: float
    curl: float
    right: bool


def draw_posture(distance_mm: float, turned: float, bmi: float, pose: np.random.Generator) -> Posture:
    """Draw a film's posture; the first two are a room's (`rooms.Room`)."""
    away = float(np.clip(pose.normal(185 + 3.0 * (bmi - 24), 18), 130, 300))  # half the patient, table and grid
    return Posture(
        magnification=distance_mm / (distance_mm - away),
        source_mm=distance_mm - away,
        centre=(float(pose.normal(-8, 9)), float(pose.normal(4, 12))),
        tilt=float(pose.normal(0, 3.0)),
        lean=float(pose.normal(0, 1.8)),
        twist=float(pose.normal(0, 2.2)),
        curl=float(pose.normal(0, 2.5)),
        right=bool(pose.random() < turned),
    )


def place(build: Build, posture: Posture) -> dict[str, Placed]:
    """Return every body by level, and the first sacral one as "s1"."""
    stack = {}
    slope = np.radians(build.slope + posture.curl)
    sacrum = _sacrum(slope, build.size)
    at, angle = sacrum[:3].mean(axis=0), slope  # middle of the end plate below, and its slope down to the front
    for level in reversed(LEVELS):
        shape = build.vertebrae[level]
        opening = np.radians(shape.angle + 0.15 * posture.curl)
        at = at + _up(angle - opening / 2) * shape.disc
        angle = angle - opening
        points, angle, at = _body(shape, at, angle)
        stack[level] = points
    stack["s1"] = sacrum
    upright = _turned(stack["t11"].mean(axis=0), posture.tilt)
    stack = {level: points @ upright for level, points in stack.items()}
    origin = stack["l3"][[0, 2, 3, 5]].mean(axis=0)
    found = {}
    for order, level in enumerate(("s1", *reversed(LEVELS))):
        points = stack[level] - origin
        middle = points.mean(axis=0)
        rise = np.radians(posture.lean + build.bend * np.cos(np.pi * order / 6))  # one curve, most turned at its middle
        turn = np.radians(posture.twist + build.turn * np.sin(np.pi * order / 6))
        x, y = (middle - posture.centre) / posture.source_mm
        known = build.vertebrae.get(level)
        width = known.width if known else SACRUM.width * build.size
        found[level] = Placed(points, width, float(np.tan(rise) + y), float(np.tan(turn) + x), known)
    return {level: found[level] for level in (*LEVELS, "s1")}


def _turned(top: Points, tilt: float) -> Points:
    """Return the matrix (for points as rows) that brings `top` upright over the sacrum, but for `tilt` degrees."""
    angle = BALANCE * np.arctan2(top[0], -top[1]) + np.radians(tilt)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _front(angle: float) -> Points:
    """Unit vector along an end plate to the front, which is the film's left."""
    return np.array([-np.cos(angle), np.sin(angle)])


def _up(angle: float) -> Points:
    """Unit vector out of an upper end plate."""
    return np.array([-np.sin(angle), -np.cos(angle)])


def _body(shape: Vertebra, at: Points, angle: float) -> tuple[Points, float, Points]:
    """Return the points of a body whose lower end plate's middle is at `at`; its upper plate's slope and middle."""
    ahead = _front(angle)
    anterior, middle, posterior = shape.heights
    front, back = at + ahead * shape.lower / 2, at - ahead * shape.lower / 2
    wedge = np.arctan((anterior - posterior) / shape.lower)
    # Both walls stand square on the mean of the plates.
    axis = _up(angle - wedge / 2)
    step = _front(angle - wedge / 2) * (shape.upper - shape.lower) / 2
    upper_front, upper_back = front + axis * anterior + step, back + axis * posterior - step
    plate = (upper_front + upper_back) / 2
    hollow = (anterior + posterior) / 2 - middle
    share = {"wedge": 0.75, "biconcave": 0.5, "crush": 0.6}.get(shape.kind or "", 0.45)  # of the upper plate
    points = np.array(
        [
            *(upper_front, plate - axis * hollow * share, upper_back),
            *(front, at + axis * hollow * (1 - share), back),
        ]
    )
    along = upper_front - upper_back
    return points, float(np.arctan2(along[1], -along[0])), plate


def _sacrum(slope: float, size: float) -> Points:
    """Return the points of S1, whose upper end plate begins at the origin."""
    ahead, out = _front(slope), _up(slope)
    upper, lower = SACRUM.upper * size, SACRUM.lower * size
    front, back = ahead * upper / 2, -ahead * upper / 2
    down = -out * size
    low_front = front + down * SACRUM.anterior - ahead * (upper - lower) * 0.75
    low_back = back + down * SACRUM.posterior + ahead * (upper - lower) * 0.10
    middle = (front + back) / 2 - out * 1.0 * size
    return np.array([front, middle, back, low_front, (low_front + low_back) / 2, low_back])
