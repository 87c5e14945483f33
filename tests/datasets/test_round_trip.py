"""A simulated population, handed over as a hospital would, reads back to the same cohort."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.table import Cohort
from bonerisk.config.build import build
from bonerisk.config.check import check

LEFT_OUT = ["patient_id", "image_id", "image_path", "burned_in"]  # pseudonyms; and text is burned in by the export


def load(overrides: list[str], data: Path) -> Cohort:
    return build(check("prepare", overrides, multirun=False).dataset).load(data)


def comparable(table: pd.DataFrame, original: pd.Series) -> pd.DataFrame:
    """Rows by patient and day, without what pseudonyms change."""
    oracles = [column for column in table if column.startswith("oracle_")]
    told = table.drop(columns=[*LEFT_OUT, *oracles]).assign(original=original.to_numpy())
    return told.sort_values(["original", "days_from_first_film"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory) -> tuple[Cohort, Path]:
    place = tmp_path_factory.mktemp("hospital")
    population = [
        "dataset=phantom_hospital",
        "dataset.patients=70",
        "dataset.events=enriched",
        "dataset.t_score_share=0.8",
    ]
    return load([*population, f"dataset.export={place / 'export'}"], place / "data"), place


def test_it_reads_back_to_the_same_cohort(handed_over):
    simulated, place = handed_over
    command = (place / "export" / "README.txt").read_text().partition("bonerisk prepare")[2]
    read = load([word for word in shlex.split(command) if "=" in word], place / "elsewhere")
    key = pd.read_csv(place / "elsewhere" / "dicom_folder" / "key.csv", dtype=str).set_index("image_id")
    theirs = comparable(read.table, key.loc[read.table["image_id"], "original_patient_id"])
    ours = comparable(simulated.table, simulated.table["patient_id"])
    assert len(ours) > 70
    assert ours["event"].sum() > 3
    assert ours["t_score"].notna().sum() > 20
    assert set(ours["split"]) == {"train", "tune", "test", "external"}
    pd.testing.assert_frame_equal(ours, theirs[ours.columns], check_exact=False, atol=1e-9)
    assert set(theirs) == set(ours)
    steps = [table[["step", "kept"]].to_numpy().tolist() for table in (simulated.flow.table, read.flow.table)]
    assert steps[0] == steps[1]


def test_the_cohort_agrees_with_the_truth_that_no_rule_has_seen(handed_over):
    """Fractures and ages as they were drawn, not as they were coded, joined and followed."""
    from bonerisk.phantom.people.population import Population, draw

    simulated, _ = handed_over
    what = Population("hospital", 70, events="enriched", t_score_share=0.8)
    people = {patient.patient_id: patient for patient in (draw(what, index) for index in range(70))}
    for row in simulated.table.to_dict("records"):
        patient = people[row["patient_id"]]
        film = next(film for film in patient.films if film.image_id == row["image_id"])
        assert film.view == "PA"
        assert film.age_years == pytest.approx(row["age_years"], abs=0.11)
        end = pd.Timestamp(patient.stay.death_date or patient.stay.last_contact)
        if not row["event"]:
            years = (end - pd.Timestamp(film.date)).days / 365.25
            assert row["time_years"] == pytest.approx(years)
            assert row["competing_event"] == float(patient.stay.death_date is not None)
        if not np.isnan(row["t_score"]):
            day = pd.Timestamp(film.date) + pd.Timedelta(days=row["dxa_days"])
            (reading,) = [one for one in patient.readings if pd.Timestamp(one.date) == day]
            assert row["t_score"] == pytest.approx(min(reading.t.values()))
