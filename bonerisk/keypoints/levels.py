"""The levels of the spine in order, and the names of a vertebra's points.

The six points are those of six-point morphometry: the corners of the body, and the middles of its end plates.
"""

from __future__ import annotations

import re

THORACIC = tuple(f"t{number}" for number in range(1, 13))
LUMBAR = tuple(f"l{number}" for number in range(1, 6))
EXTRA = ("t13", "l6")  # of people with another number of vertebrae
SACRUM = "s1"
ORDER = (*THORACIC, "t13", *LUMBAR, "l6", SACRUM)  # from the top
RANK = {level: place for place, level in enumerate(ORDER)}

PLACES = ("anterior", "middle", "posterior")
PLATES = ("superior", "inferior")
POINTS = tuple(f"{place}_{plate}" for plate in PLATES for place in PLACES)
CORNERS = tuple(point for point in POINTS if not point.startswith("middle"))


def level(text: str) -> str | None:
    """Return a level as we write it, or None if the text names none.

    Examples
    --------
    >>> [level(text) for text in ("L1", "th12", "T 04", "D11", "s1", "L7")]
    ['l1', 't12', 't4', 't11', 's1', None]
    """
    found = re.fullmatch(r"(t|th|d|l|s)[\s_-]*0*(\d{1,2})", text.strip().lower())
    name = f"{'t' if found[1] in ('th', 'd') else found[1]}{found[2]}" if found else ""
    return name if name in RANK else None


def adjacent(upper: str, lower: str) -> bool:
    """Whether one level follows another, in a film without the extra vertebrae that could lie between.

    Examples
    --------
    >>> adjacent("t12", "l1"), adjacent("t13", "l1"), adjacent("l2", "l4"), adjacent("l2", "l1")
    (True, True, False, False)
    """
    between = ORDER[RANK[upper] + 1 : RANK[lower]]
    return RANK[lower] > RANK[upper] and all(one in EXTRA for one in between)
