"""Towards a score and away from it: the two parts of a signed map."""

from __future__ import annotations

import numpy as np

DIRECTIONS = {"towards": 1, "away": -1}


def part(maps: np.ndarray, direction: str) -> np.ndarray:
    """What of signed maps is "towards" a score, or "away" from it; not negative.

    >>> part(np.array([-2.0, 3.0]), "towards"), part(np.array([-2.0, 3.0]), "away")
    (array([0., 3.]), array([2., 0.]))
    """
    return np.maximum(DIRECTIONS[direction] * maps, 0)
