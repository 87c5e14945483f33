"""Osteoporosis (1) against all others (0): low bone mass and normal together."""

from __future__ import annotations

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.classes import KNOWN_FROM, known, labelled
from bonerisk.cohort.targets.target import Target, Words


def rows(cohort: Cohort) -> Cohort:
    """Films of known class."""
    return labelled(known(cohort), {"normal": 0, "low_bone_mass": 0, "osteoporosis": 1})


WORDS = Words("osteoporosis")
TARGET = Target("binary", ("label",), rows, WORDS, WORDS, KNOWN_FROM)
