"""A hospital of a few patients, whose cohort can be told by reading it."""

from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.hospital.codes import CodeSet, FractureCodes

DEFAULTS = {
    "site": "here", "film_time": "100000", "sex": "F", "birth_date": "1950-01-01", "age_years": None, "modality": "DX",
    "intent": None, "view": "PA", "body_part": "CHEST", "burned_in": 0.0, "manufacturer": "Maker", "accession": None,
}  # fmt: skip


def dated(table: pd.DataFrame) -> pd.DataFrame:
    for column in {"film_date", "birth_date", "date", "last_contact", "death_date"} & set(table):
        table[column] = pd.to_datetime(table[column])
    return table


def make_films(*entries: dict) -> pd.DataFrame:
    """A row an entry: patient_id and film_date, and what departs from `DEFAULTS`."""
    rows = []
    for number, entry in enumerate(entries):
        names = {"image_id": f"i{number}", "image_path": f"/films/{number}.dcm"}
        rows.append(DEFAULTS | names | entry)
    table = dated(pd.DataFrame(rows))
    return table.assign(age_years=table["age_years"].astype("float64"))


def make_table(columns: str, *rows: tuple) -> pd.DataFrame:
    """A table of a hospital, its index the line in the file."""
    return dated(pd.DataFrame(rows, columns=columns.split(), index=range(2, len(rows) + 2)))


@pytest.fixture
def outcome() -> FractureCodes:
    return FractureCodes("vertebral", {"icd9": ["733.13"], "icd10": ["M80.08"]}, {"icd9": ["E81"]}, ["D", "S"])


@pytest.fixture
def codes() -> CodeSet:
    return CodeSet({"diabetes": {"icd9": ["250"]}}, {}, {"bisphosphonate": {"atc": ["M05BA"]}})
