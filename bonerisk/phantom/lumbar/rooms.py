"""The clinic's two X-ray rooms: detectors that differ in pixels, polarity, noise and sharpness."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bonerisk.phantom.machine.detector import SYSTEMS, System


@dataclass(frozen=True)
class Room:
    """A room.

    Parameters
    ----------
    system : System
    distance_mm : float
        From the source to the detector.
    turned : float
        Share of films on which the patient faces to the right.
    """

    system: System
    distance_mm: float
    turned: float


FIRST = replace(
    SYSTEMS["site_a"],
    shape=(2140, 1240),
    spacing_mm=0.2,
    blur_px=0.9,
    quanta=40_000,
    equalisation=0.62,
    sharpening=1.0,
    gamma=4.6,
)
SECOND = replace(
    SYSTEMS["site_b"],
    shape=(2260, 1360),
    spacing_mm=0.185,
    blur_px=1.2,
    quanta=25_000,
    equalisation=0.55,
    sharpening=0.8,
    gamma=4.2,
)
ROOMS = {  # assumed: detectors of 42 to 43 cm, of which the collimated width is kept
    "room_1": Room(FIRST, distance_mm=1150, turned=0.0),
    "room_2": Room(SECOND, distance_mm=1050, turned=0.25),
}
