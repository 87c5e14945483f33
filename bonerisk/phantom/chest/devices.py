"""Metal, plastic and wire in and on a patient: sternotomy, port, pacemaker, stomach tube and tracheal tube.

assumed: sizes are those of common products; attenuation at 60 keV from NIST XCOM's μ/ρ (iron 1.205, titanium 0.766
cm²/g), less for hollow devices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine.sheet import Array, Sheet, Solid, arc, smooth

STEEL = 0.95  # 1/mm
TITANIUM = 0.34
CIRCUITS = 0.16  # a pacemaker's battery and circuits
LEAD = 0.6  # its coiled wires
OPAQUE = 0.10  # plastic filled with barium sulphate; a tube's stripe is filled more
PLASTIC = 0.012  # polyvinyl chloride, over soft tissue


def project(body: Body, sheet: Sheet) -> None:
    """Lay the devices among the findings of `body`."""
    for name, lay in DEVICES.items():
        if rng := body.findings.get(name):
            lay(body, sheet, rng)


def _solid(sheet: Sheet, attenuation: float) -> Solid:
    return Solid(sheet, "device", attenuation, attenuation)


def _line(points: npt.ArrayLike, radius: float) -> Array:
    """Return points (n, 2) as a round line for `Solid.tube`."""
    points = np.asarray(points)
    return np.column_stack([points, np.full(len(points), radius), np.zeros(len(points))])


def _sternotomy(body: Body, sheet: Sheet, rng: np.random.Generator) -> None:
    """Lay five to seven wire loops with their twists."""
    wire, x = _solid(sheet, STEEL), body.shift(1.3 * body.deep)
    for y in np.linspace(body.level(3.5), body.level(8.6), int(rng.integers(5, 8))):
        centre = x + float(rng.normal(0, 1.5)), float(y + rng.normal(0, 1.5))
        radii = float(rng.uniform(4.5, 9)), float(rng.uniform(3.0, 6.5))
        start = float(rng.uniform(1.0, 2.1))
        loop = arc(centre, radii, start, start + 2 * np.pi - 0.15, 22)
        loop[:, 1] += (loop[:, 0] - centre[0]) * rng.normal(0, 0.2)
        wire.tube(_line(loop, 0.42))
        wire.tube(_line([loop[0], loop[0] + rng.normal((0.5, 4.0), 0.8)], 0.75))


def _port_a(body: Body, sheet: Sheet, rng: np.random.Generator) -> None:
    """Lay a port on the right chest, its catheter over the collar bone into the superior vena cava."""
    centre = -0.60 * body.wide + float(rng.normal(0, 6)), body.level(5.4) + float(rng.normal(0, 7))
    size = float(rng.uniform(10, 13))
    _solid(sheet, 0.09).ellipse(centre, (size, 0.95 * size), 5.0, 0.0)
    _solid(sheet, TITANIUM).tube(_line(arc(centre, (0.62 * size, 0.6 * size), 0, 2 * np.pi, 20), 1.1))
    x, tip = body.shift(80) - 24, body.level(6.6) + float(rng.normal(0, 7))
    way = [centre, (centre[0] + 12, body.level(3.4)), (-38.0, body.level(1.2)), (x - 6, body.level(2.6)), (x, tip)]
    _solid(sheet, OPAQUE).tube(_line(smooth(way, 28), 1.3))


def _pacemaker(body: Body, sheet: Sheet, rng: np.random.Generator) -> None:
    """Lay a generator on the left chest and one or two leads through the veins into the right heart."""
    x, y = 0.66 * body.wide + float(rng.normal(0, 5)), body.level(4.2) + float(rng.normal(0, 7))
    size = float(rng.uniform(0.9, 1.1))
    found = sheet.box(x - 30, x + 30, y - 30, y + 30)
    if found is not None:
        box, xs, ys = found
        u, v = (xs - np.float32(x)) / np.float32(23 * size), (ys - np.float32(y)) / np.float32(21 * size)
        can = np.clip((1 - (u**4 + v**4)) * 12, 0, 1).astype(np.float32)
        head = np.where(v < -0.5, np.float32(0.35), np.float32(1))  # the leads' plugs lie in plastic
        _solid(sheet, CIRCUITS).lay(box, 7 * can * head, 0 * can)
    heart, shift, cava = body.level(8.6) + 0.4 * (body.right_dome - body.level(10)), body.shift(90), -20.0
    plug, vein = (x - 8 * size, y - 17 * size), [(x - 30, body.level(2.7)), (40.0, body.level(2.4))]
    vein += [(8.0, body.level(3.6)), (cava, body.level(5.2))]
    apex = 33 * body.heart + shift, heart + 44 * body.heart
    ventricle = [plug, *vein, (cava - 6 + shift, heart - 6), (-6 + shift, heart + 38), apex]
    atrium = [plug, *vein, (cava - 7 + shift, heart - 10), (-16 + shift, heart + 14), (-3 + shift, heart - 14)]
    lead = _solid(sheet, LEAD)
    for way in (ventricle, atrium) if rng.random() < 0.6 else (ventricle,):
        bent = np.array(way)
        bent[1:] += rng.normal(0, 1.5, (len(way) - 1, 2))
        course = smooth(bent, 48)
        lead.tube(_line(course, 0.7))
        lead.tube(_line(course[-4:], 1.3))


def _nasogastric_tube(body: Body, sheet: Sheet, rng: np.random.Generator) -> None:
    """Lay a tube behind the heart, past the diaphragm into the stomach."""
    low, spine = body.left_dome, float(body.spine_x(100.0))
    end = 0.42 * body.wide + float(rng.normal(0, 8)), low + float(rng.uniform(45, 85))
    way = [(-1.0, -95.0), (2.0, -20.0), (spine + 1, body.level(4)), (spine + 6, body.level(7)), (12.0, low - 10)]
    points = smooth([*way, (26.0, low + 14), (end[0] - 14, end[1] - 26), end], 40)
    points[:, 0] += np.cumsum(rng.normal(0, 0.35, len(points)))
    _solid(sheet, 2 * PLASTIC).tube(_line(points, 2.3))
    _solid(sheet, 3 * OPAQUE).tube(_line(points + np.array((1.4, 0)), 0.45))


def _endotracheal_tube(body: Body, sheet: Sheet, rng: np.random.Generator) -> None:
    """Lay a tube in the trachea whose tip ends some centimetres above the carina."""
    tip = body.level(5.7) - float(np.clip(rng.normal(42, 14), 8, 70))
    x = body.shift(55) + float(rng.normal(0, 1.2))
    points = smooth([(x + float(rng.normal(1, 2)), -95.0), (x + 1, -30.0), (x - 1, tip)], 14)
    Solid(sheet, "device", 2.5 * PLASTIC, 0.0).tube(np.column_stack([points, np.full(14, 5.0), np.full(14, 1.2)]))
    _solid(sheet, 3 * OPAQUE).tube(_line(points + np.array((3.6, 0)), 0.5))


DEVICES = {
    "sternotomy": _sternotomy,
    "port_a": _port_a,
    "pacemaker": _pacemaker,
    "nasogastric_tube": _nasogastric_tube,
    "endotracheal_tube": _endotracheal_tube,
}
