"""What the rows and the outcome of a page are called: films or patients; what a target says, as low bone mass."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from bonerisk.cohort.targets.target import Words, find
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import plural

FOLLOW_UP = "fracture"  # target that the columns of the follow-up hold
UNKNOWN = Words("outcome", "the")


@dataclass(frozen=True)
class Vocabulary(Words):
    """Words for one cohort and target.

    Parameters
    ----------
    outcome, article : str
        As the target has them.
    row : str
        What a row is: film; patient or row where there are no films.
    """

    row: str = "film"

    @property
    def rows(self) -> str:
        """``Films``, for a heading."""
        return f"{self.row.capitalize()}s"

    def counted(self, n: float) -> str:
        """``1 film``, ``1,204 patients``."""
        return plural(n, self.row)

    def of_patients(self, rows: float, patients: float) -> str:
        """``140 films of 138 patients``; said once where a row is a patient."""
        return self.counted(rows) if self.row == "patient" else f"{self.counted(rows)} of {plural(patients, 'patient')}"

    def in_words(self, note: str) -> str:
        """A note of the evaluation, which calls every row a film, in these words."""
        return words.in_words(re.sub(r"\bfilm(?=s?\b)", self.row, note))


def vocabulary_of(cohort: pd.DataFrame, target: str, target_words: str | None = None) -> Vocabulary:
    """Words for a cohort.

    Parameters
    ----------
    cohort : DataFrame
        image_path, site, patient_id: whether any row has a film, and whether a patient has several rows.
    target : str
        Name of what is predicted (`bonerisk.cohort.targets`); empty where that is not known.
    target_words : str, optional
        What it is called, if it is a column of the user's own.
    """
    films = bool(cohort["image_path"].notna().any())
    several = bool(cohort.duplicated(["site", "patient_id"]).any())
    row = "film" if films else "row" if several else "patient"
    known = find(target, target_words) if target else None
    found = UNKNOWN if known is None else known.words if films else known.words_of_table
    return Vocabulary(**vars(found), row=row)
