"""The findings that a film can show, each with its own generator, so that it doesn't change the anatomy's draws."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

NAMES = (
    "cardiomegaly",
    "pleural_effusion",
    "costophrenic_angle_blunting",
    "atherosclerosis",
    "consolidation",
    "emphysematous_change",
    "spondylosis",
    "vertebroplasty",
    "sternotomy",
    "port_a",
    "pacemaker",
    "nasogastric_tube",
    "endotracheal_tube",
    "fracture",
)
PASSING = frozenset({"pleural_effusion", "consolidation", "nasogastric_tube", "endotracheal_tube"})  # differ by film

Findings = dict[str, np.random.Generator]


def choose(drawn: Collection[str], seed: int, index: int, film: int) -> Findings:
    """Return the generator of each finding drawn in film number `film` of patient `index`.

    Raises
    ------
    ValueError
        A finding isn't in `NAMES`.
    """
    unknown = sorted(set(drawn) - set(NAMES))
    if unknown:
        raise ValueError(f"can't draw {', '.join(unknown)}; one of {', '.join(NAMES)}")
    return {
        name: np.random.default_rng([seed, index, 3, place, film if name in PASSING else 0])
        for place, name in enumerate(NAMES)
        if name in drawn
    }
