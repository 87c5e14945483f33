"""What the rows and the outcome of a cohort are called: films or patients; low bone mass, a fracture or some event."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import plural


@dataclass(frozen=True)
class Terms:
    """Words for one cohort.

    Parameters
    ----------
    row : str
        What a row is: film; patient or row where there are no films.
    outcome : str
        As a heading has it: low bone mass, fracture, event.
    article : str
        What stands before it in a sentence: nothing, "a" or "the".
    """

    row: str
    outcome: str
    article: str = ""

    @property
    def having(self) -> str:
        """What one has who has it: ``low bone mass``, ``a fracture``."""
        return f"{self.article} {self.outcome}".strip()

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

    def said(self, note: str) -> str:
        """A note of the evaluation, which calls every row a film, in these words."""
        return words.in_words(re.sub(r"\bfilm(?=s?\b)", self.row, note))


def of(cohort: pd.DataFrame) -> Terms:
    """Words for a cohort, from its columns: `label`, or else follow-up; and whether any row has a film.

    The follow-up of a table without films may be of any event; where there are films it is to a fracture.
    """
    films = cohort["image_path"].notna().any()
    several = cohort.duplicated(["site", "patient_id"]).any()
    row = "film" if films else "row" if several else "patient"
    if "label" in cohort or "event" not in cohort:
        return Terms(row, "low bone mass")
    return Terms(row, "fracture", "a") if films else Terms(row, "event", "the")
