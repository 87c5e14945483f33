from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.cohort.targets import target as targets
from bonerisk.reporting.wording.vocabulary import Vocabulary, vocabulary_of

FOLLOWED = {"event": [1.0, 0.0], "time_years": [1.0, 2.0]}


@pytest.mark.parametrize("columns", [{}, {"label": [1, 0]}, FOLLOWED, {"label": [1, 0], **FOLLOWED}])
@pytest.mark.parametrize("target", targets.names())
def test_words_are_the_targets_whatever_columns_there_are(target: str, columns: dict) -> None:
    cohort = pd.DataFrame({"image_path": ["a.dcm", "b.dcm"], "site": "A", "patient_id": ["P1", "P2"], **columns})
    found = targets.find(target)
    films, table = vocabulary_of(cohort, target), vocabulary_of(cohort.assign(image_path=None), target)
    assert (films.row, films.having, films.verb) == ("film", found.words.having, found.words.verb)
    assert (table.row, table.having) == ("patient", found.words_of_table.having)


@pytest.mark.parametrize(
    ("target", "films", "table"),
    [
        ("low_bone_mass", "who has low bone mass", "who has low bone mass"),
        ("osteoporosis", "who has osteoporosis", "who has osteoporosis"),
        ("fracture", "who will have a fracture", "who will have the event"),
        ("any_fracture", "who will have a fracture", "who will have the event"),
    ],
)
def test_a_question_about_each_target(target: str, films: str, table: str) -> None:
    cohort = pd.DataFrame({"image_path": "a.dcm", "site": "A", "patient_id": ["P1", "P2"]})
    for rows, expected in ((cohort, films), (cohort.assign(image_path=None), table)):
        words = vocabulary_of(rows, target)
        assert f"who {words.verb} {words.having}" == expected


@pytest.mark.parametrize(
    ("image_path", "patients", "row"),
    [("a.dcm", ["P1", "P1"], "film"), (None, ["P1", "P2"], "patient"), (None, ["P1", "P1"], "row")],
)
def test_rows_are_films_patients_or_rows(image_path: str | None, patients: list[str], row: str) -> None:
    cohort = pd.DataFrame({"image_path": image_path, "site": "A", "patient_id": patients})
    assert vocabulary_of(cohort, "fracture").row == row


def test_an_unknown_target_is_an_outcome() -> None:
    cohort = pd.DataFrame({"image_path": ["a.dcm"], "site": "A", "patient_id": "P1", "label": 1})
    assert vocabulary_of(cohort, "").having == "the outcome"
    own = vocabulary_of(cohort, "covid", "COVID-19")
    assert (own.verb, own.having, own.heading) == ("has", "COVID-19", "COVID-19")


def test_sentences() -> None:
    films, patients = Vocabulary("fracture", "a"), Vocabulary("event", "the", row="patient")
    assert films.of_patients(3, 1) == "3 films of 1 patient"
    assert patients.of_patients(1204, 1204) == "1,204 patients"
    note = "2 films that miss age_years; a filmed film"
    assert patients.in_words(note) == "2 patients that miss age; a filmed patient"
    assert (films.having, patients.having) == ("a fracture", "the event")
