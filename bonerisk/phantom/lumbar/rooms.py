"""The clinic's two X-ray rooms: their detectors for lateral lumbar films, which differ in pixels, grey and sharpness."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bonerisk.phantom.machine.detector import SYSTEMS, System


@dataclass(frozen=True)
class Room:
    """A room.

    Parameters
    ----------
    distance_mm : float
        From the source to the detector.
    turned : float
        Share of films on which the patient faces to the right.
    """

    system: System
    distance_mm: float
    turned: float


ROOMS = {  # assumed: detectors of 43 cm, cut to the collimated width
    "room_1": Room(
        replace(
            SYSTEMS["site_a"],
            shape=(2140, 1240),
            spacing_mm=0.2,
            blur_px=0.9,
            quanta=40_000,
            equalisation=0.62,
            sharpening=1.0,
            gamma=4.6,
        ),
        1150,
        0.0,
    ),
    "room_2": Room(
        replace(
            SYSTEMS["site_b"],
            shape=(2260, 1360),
            spacing_mm=0.185,
            blur_px=1.2,
            quanta=25_000,
            equalisation=0.55,
            sharpening=0.8,
            gamma=4.2,
        ),
        1050,
        0.25,
    ),
}
