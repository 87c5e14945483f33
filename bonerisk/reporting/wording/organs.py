"""What organs, maps and levels of shuffling are called on the page."""

from __future__ import annotations

from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.vocabulary import Vocabulary

ORGANS = {"vertebrae": "spine", "bones": "all bones together", "lung_left": "left lung", "lung_right": "right lung"}
SHUFFLED = {
    "other film": "none, but of another film",
    "head": "the head",
    "quarter": "the head and the last quarter of the encoder",
    "half": "the last half",
    "three quarters": "the last three quarters",
    "all": "all",
}


def organ(name: str) -> str:
    """``vertebrae`` → ``Spine``."""
    text = ORGANS.get(name, name.replace("_", " "))
    return text[:1].upper() + text[1:]


def direction(score: str, towards: str, vocabulary: Vocabulary) -> str:
    """``Towards low bone mass``, ``Away from it``; of a class, ``Towards osteoporosis``."""
    name = vocabulary.outcome if score == "risk" else words.BONE_CLASSES.get(score, score).lower()
    return f"Towards {name}" if towards == "towards" else f"Away from {name}"


def group(name: str, vocabulary: Vocabulary) -> str:
    """``1`` → ``With low bone mass``, ``0`` → ``Without``; of a class its name."""
    known = {"1": f"With {vocabulary.having}", "0": f"Without {vocabulary.having}", "all": "All"}
    return known.get(name, words.BONE_CLASSES.get(name, name))


def in_sentence(text: str) -> str:
    """``With a T-score under −1.0`` → ``with a T-score under −1.0``."""
    return text[:1].lower() + text[1:]
