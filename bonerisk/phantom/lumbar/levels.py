"""The normal size of each vertebra from T11 to L5, in mm of the patient.

assumed: rounded from memory of Panjabi's cadavers (Spine 1991;16:888, 1992;17:299) and of the radiographic norms of
Gallagher (Bone Miner 1988;4:189) and Black (J Bone Miner Res 1991;6:883): heights in front rise down to L3, wedges turn
from kyphotic to lordotic, L5 is the most lordotic.
"""

from __future__ import annotations

from typing import NamedTuple


class Level(NamedTuple):
    """One vertebra of a man of 172 cm, and the disc below it."""

    anterior: float  # heights
    posterior: float
    upper: float  # depth of the end plates, from front to back
    lower: float
    width: float
    disc: float  # height in the middle
    angle: float  # degrees between the disc's end plates, open to the front


LEVELS = {
    "t11": Level(23.0, 24.6, 30.0, 30.5, 37.0, 5.5, 1.0),
    "t12": Level(24.8, 26.4, 30.5, 31.5, 40.0, 7.0, 2.5),
    "l1": Level(26.6, 27.9, 31.5, 32.5, 42.5, 8.5, 5.0),
    "l2": Level(27.6, 28.3, 33.0, 33.5, 44.5, 10.0, 7.0),
    "l3": Level(28.0, 28.0, 34.0, 34.5, 46.5, 11.0, 9.0),
    "l4": Level(28.0, 27.2, 34.5, 35.0, 49.0, 11.5, 11.5),
    "l5": Level(28.4, 24.8, 35.0, 34.0, 52.0, 10.0, 13.5),
}
SACRUM = Level(31.0, 25.0, 34.0, 26.0, 52.0, 0.0, 0.0)  # S1
MAN_CM, WOMAN_CM = 172.0, 159.0
WOMAN = 0.90  # size of a woman of 159 cm
HOLLOW = 0.085  # of the height, by which the middle is lower than the mean of front and back, for both end plates
# SD of heights in front, in the middle and behind about the patient's size, relative. They give SDs of 3 to 4 % of the
# ratios within a level, as published norms have (Eastell, J Bone Miner Res 1991;6:207).
SHAPE_SD = (0.028, 0.026, 0.022)
