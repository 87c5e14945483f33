"""Low bone mass (1) or normal (0), without osteoporosis, as in OsPenScreen."""

from __future__ import annotations

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.classes import KNOWN_FROM, known, labelled, without
from bonerisk.cohort.targets.target import Target, Words
from bonerisk.errors import DataError


def rows(cohort: Cohort) -> Cohort:
    """Films of known class, those with osteoporosis left out."""
    reason = "osteoporosis is no low bone mass, and excluded"
    chosen = without(known(cohort), "osteoporosis", "no osteoporosis", reason)
    if chosen.table.empty:
        what = "every film is of a patient with osteoporosis, so that none is left for low_bone_mass"
        raise DataError(what, f"cohort {cohort.name}", "bring films of patients without osteoporosis")
    return labelled(chosen, {name: number for number, name in enumerate(CLASSES)})


WORDS, CLASSES = Words("low bone mass"), ("normal", "low_bone_mass")
TARGET = Target("binary", ("label",), rows, WORDS, WORDS, KNOWN_FROM, classes=CLASSES)
