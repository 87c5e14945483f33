from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.hospital.facts import incomplete
from bonerisk.hospital.link import link


def films(*patients: str) -> pd.DataFrame:
    day = pd.Timestamp(2020, 1, 1)
    ids = [f"f{place}" for place in range(len(patients))]
    return pd.DataFrame({"site": "s", "patient_id": list(patients), "image_id": ids, "film_date": day})


def test_films_of_a_patient_written_in_two_ways_are_not_taken_for_two_patients() -> None:
    with pytest.raises(DataError, match="1 patient is written in two ways: 009 and 9"):
        link(films("007", "7", "8"), {})


def test_a_tables_patients_written_differently_are_told_and_not_joined() -> None:
    linked = link(films("007", "8"), {"dxa": pd.DataFrame({"patient_id": ["7", "8"]})})
    assert linked.links["linked_rows"].tolist() == [1] and "1 patient of dxa is written differently" in linked.notes[0]


def test_where_no_patient_of_a_table_has_a_film_the_identifiers_are_to_be_written_alike() -> None:
    with pytest.raises(DataError, match="look like A9 in films, 99999 in dxa") as caught:
        link(films("P7", "P8"), {"dxa": pd.DataFrame({"patient_id": ["10001", "10002"]})})
    assert "are identifiers written alike?" in caught.value.mend


def test_a_films_patient_called_unknown_is_nobody() -> None:
    assert incomplete(films("UNKNOWN", "8")).notna().tolist() == [True, False]
