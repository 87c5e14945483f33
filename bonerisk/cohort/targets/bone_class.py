"""WHO's three classes in order: normal (0), low bone mass (1), osteoporosis (2)."""

from __future__ import annotations

from bonerisk.cohort.table import BONE_CLASSES, Cohort
from bonerisk.cohort.targets.classes import KNOWN_FROM, known, labelled
from bonerisk.cohort.targets.target import Target, Words


def rows(cohort: Cohort) -> Cohort:
    """Films of known class."""
    return labelled(known(cohort), {name: number for number, name in enumerate(BONE_CLASSES)})


WORDS = Words("low bone mass or osteoporosis")  # of which the page counts the films
TARGET = Target("ordinal", ("label",), rows, WORDS, WORDS, KNOWN_FROM, classes=BONE_CLASSES)
