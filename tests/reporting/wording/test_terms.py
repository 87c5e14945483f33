from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.reporting.wording import terms
from bonerisk.reporting.wording.terms import Terms

FOLLOWED = {"event": [1.0, 0.0]}


@pytest.mark.parametrize(
    ("image_path", "patients", "outcome", "expected"),
    [
        ("a.dcm", ["P1", "P2"], {"label": [1, 0]}, Terms("film", "low bone mass")),
        ("a.dcm", ["P1", "P1"], {"label": [1, 0], **FOLLOWED}, Terms("film", "low bone mass")),
        ("a.dcm", ["P1", "P2"], FOLLOWED, Terms("film", "fracture", "a")),
        (None, ["P1", "P2"], FOLLOWED, Terms("patient", "event", "the")),
        (None, ["P1", "P1"], FOLLOWED, Terms("row", "event", "the")),
    ],
)
def test_words_for_a_cohort(image_path: str | None, patients: list[str], outcome: dict, expected: Terms) -> None:
    cohort = pd.DataFrame({"image_path": image_path, "site": "A", "patient_id": patients, **outcome})
    assert terms.of(cohort) == expected


def test_sentences() -> None:
    films, patients = Terms("film", "fracture", "a"), Terms("patient", "event", "the")
    assert films.of_patients(3, 1) == "3 films of 1 patient"
    assert patients.of_patients(1204, 1204) == "1,204 patients"
    assert patients.said("2 films that miss age_years; a filmed film") == "2 patients that miss age; a filmed patient"
    assert (films.having, patients.having) == ("a fracture", "the event")
