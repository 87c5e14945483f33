"""The spine from C6 to L2: bodies with end plates and side walls, pedicles, spinous and transverse processes."""

from __future__ import annotations

import numpy as np

from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine.sheet import Solid, half_chord
from bonerisk.phantom.machine.texture import Bone

PLATE_MM = 0.6  # end plates, 0.4–0.9 mm; assumed
WALL_MM = 0.5  # the body's shell, 0.3–0.6 mm; assumed
CEMENT = 0.09  # 1/mm; assumed: acrylic with a third of barium sulphate (0.2 at 60 keV) fills under half of the space


def project(body: Body, bone: Bone) -> None:
    """Lay all vertebrae of `body`."""
    pitch = [17.5 * body.tall, 18.5 * body.tall, 19.0 * body.tall]
    tops = [-sum(pitch[k:]) for k in range(3)] + list(body.top[:-1])
    heights = pitch + list(np.diff(body.top))
    for place, (top, height) in enumerate(zip(tops, heights, strict=True)):
        _vertebra(body, bone, place - 2, float(top), float(height))


def _vertebra(body: Body, bone: Bone, number: int, top: float, pitch: float) -> None:
    """Lay vertebra `number`: 1 is T1, 0 is C7."""
    rng, size = body.rng, (1.0 if body.sex == "M" else 0.89)
    half = float(np.interp(number, [-2, 1, 4, 12, 14], [15.5, 16.5, 15.0, 20.0, 23.0])) * size
    depth = float(np.interp(number, [-2, 1, 12, 14], [16, 18, 31, 34])) * size
    disc = float(np.interp(number, [-2, 1, 6, 14], [5.0, 4.0, 4.0, 7.5])) * float(rng.normal(1, 0.1))
    x = float(body.spine_x(top + pitch / 2))
    lost = body.wedged.get(number, 0.0)
    _body(bone, x, top + disc / 2, pitch - disc, half * (1 + 0.15 * lost), depth, lost)
    middle = top + pitch * 0.42
    twist = body.shift(-15)
    for side in (-1, 1):
        bone.ellipse((x + twist + side * half * 0.62, middle), (3.6 * size, 5.8 * size), 4.5 * size, 0.8)
        reach = float(np.interp(number, [-2, 1, 12, 14], [23, 33, 24, 38])) * size
        tip = middle - 1 + float(np.interp(number, [0, 12], [-4, 2]))
        bone.tube([(x + twist + side * half * 0.7, middle, 4.0, 0.5), (x + twist + side * reach, tip, 3.2, 0.5)], 0.7)
    drop = float(np.interp(number, [-2, 4, 7, 12], [0.35, 0.75, 0.95, 0.45])) * pitch
    spinous = (x + body.shift(-40) + float(rng.normal(0, 1.0)), middle + drop)
    bone.ellipse(spinous, (2.6 * size, 6.5 * size), 8 * size, 0.6)
    if number >= 6 and (spurs := body.findings.get("spondylosis")):
        _spurs(spurs, bone, (x, top), half, disc)
    if number == 11 and (cement := body.findings.get("vertebroplasty")):
        _cement(cement, bone, (x, top + pitch / 2), (half, (pitch - disc) / 2))


def _body(bone: Bone, x: float, top: float, high: float, half: float, depth: float, lost: float) -> None:
    """Lay one vertebral body: an elliptic drum with a waist, closed by end plates; lost height makes it denser."""
    found = bone.sheet.box(x - half - 2, x + half + 2, top - 2, top + high + 2)
    if found is None:
        return
    box, xs, ys = found
    u = (ys - np.float32(top + high / 2)) / np.float32(high / 2)
    waist = np.float32(half) * (0.90 + 0.10 * u**4)
    dx = (xs - np.float32(x)) / waist
    sag = np.float32(0.06 + 0.5 * lost) * (1 - dx * dx)  # end plates are hollow in the middle
    blur = np.float32(high / 2 / 0.9)  # plates are curved in depth too: their edges fade over about a millimetre
    fill = np.clip((1 - sag - np.abs(u)) * blur + 0.5, 0, 1)
    plate = np.clip((1 - sag - np.abs(u)) * np.float32(high / 2) / np.float32(1.3), -1, 1)
    plate = (1 - plate**2) * np.float32(PLATE_MM / 1.3)
    whole = np.float32(depth) * half_chord(1 - dx * dx) * fill
    inside = xs - np.float32(x)
    inside = inside / (waist - np.float32(WALL_MM))
    marrow = np.float32(depth - 2 * WALL_MM) * half_chord(1 - inside * inside) * fill
    shell = np.clip((whole - marrow) + marrow * plate, 0, whole)
    dense = np.float32(1 / (1 - lost))
    bone.lay(box, dense * whole, dense * (whole - shell))


def _spurs(rng: np.random.Generator, bone: Bone, corner: tuple[float, float], half: float, disc: float) -> None:
    """Lay osteophytes on both sides of the disc above a vertebra: beaks that grow outwards and towards each other."""
    for side in (-1, 1):
        # The aorta's pulse keeps the left side freer.
        long = float(rng.uniform(3, 10)) * (0.6 if side > 0 else 1.0) * (rng.random() < 0.75)
        if long < 2:
            continue
        for up in (-1, 1):
            x, y = corner[0] + side * (half - 2), corner[1] + up * (disc / 2 + 2)
            meet = up * max(disc / 2 - 0.32 * long, 0.2)
            beak = [(x, y, 2.2, 0.7), (x + side * 0.6 * long, y - up, 1.9, 0.7)]
            bone.tube([*beak, (x + side * (long + 1), corner[1] + meet, 0.8, 0.5)], 2.0)


def _cement(rng: np.random.Generator, bone: Bone, centre: tuple[float, float], room: tuple[float, float]) -> None:
    """Lay the cement of a vertebroplasty: lobes from both pedicles' sides."""
    cement = Solid(bone.sheet, "device", CEMENT, CEMENT)
    for side in (-1, 1):
        for _ in range(4):
            across, along = rng.uniform(0.2, 0.38, 2) * room + 1
            x = centre[0] + side * room[0] * float(rng.uniform(0.15, 0.55))
            y = centre[1] + room[1] * float(rng.uniform(-0.4, 0.4))
            lean = float(rng.normal(0, 0.6))
            cement.ellipse((x, y), (float(across), float(along)), float(rng.uniform(5, 9)), 0.0, lean)
