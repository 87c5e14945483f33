from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.classes import bone_class, severity
from bonerisk.phantom.people import density, dxa, hazard
from bonerisk.phantom.people.population import BONES, Patient, Population, draw

# OsPenScreen, table 1: classes among those without osteoporosis, AMC training and SCH.
CLASSES = ("normal", "mild", "moderate", "advanced")
TABLE_1 = {
    "F": ((0.506, 0.191, 0.172, 0.131), (0.509, 0.187, 0.167, 0.137)),
    "M": ((0.753, 0.114, 0.089, 0.044), (0.747, 0.120, 0.085, 0.048)),
}
SWITCHES = {
    "bone_signal": 0.0,
    "quality_effect": 0.0,
    "shortcut": 1.0,
    "events": "enriched",
    "t_score_share": 0.6,
}


def lowest(people: list[Patient]) -> pd.Series:
    return pd.Series([min(patient.readings[0].t.values()) for patient in people])


@pytest.fixture(scope="module")
def table(screened: list[Patient]) -> pd.DataFrame:
    t = lowest(screened)
    named = severity(t).fillna(bone_class(t))
    age = [patient.films[0].age_years for patient in screened]
    return pd.DataFrame({"sex": [patient.sex for patient in screened], "age": age, "t": t, "class": named})


def test_women_ages_and_osteoporosis_are_those_of_table_1(table: pd.DataFrame) -> None:
    assert abs((table["sex"] == "F").mean() - 0.535) < 0.02
    assert abs((table["class"] == "osteoporosis").mean() - 0.061) < 0.02
    assert (table["class"] == "osteoporosis").groupby(table["sex"]).mean().idxmax() == "F"
    for sex, mean, sd in (("F", 59.2, 7.2), ("M", 59.1, 7.4)):
        age = table.loc[table["sex"] == sex, "age"]
        assert age.min() >= 50
        assert abs(age.mean() - mean) < 0.5
        assert abs(age.std() - sd) < 0.5


@pytest.mark.parametrize("sex", ["F", "M"])
def test_classes_are_those_of_table_1(table: pd.DataFrame, sex: str) -> None:
    rows = table[(table["sex"] == sex) & (table["class"] != "osteoporosis")]
    share = rows["class"].value_counts(normalize=True)[list(CLASSES)].to_numpy()
    noise = 1.64 * np.sqrt(share * (1 - share) / len(rows))
    assert (np.abs(share - np.array(TABLE_1[sex])) < 0.02 + noise).all()


def test_sites_and_bones_correlate_but_none_determines_another(screened: list[Patient]) -> None:
    columns = np.array([[*p.readings[0].t.values(), *p.films[0].density.values()] for p in screened])
    age = np.array([p.films[0].age_years for p in screened])
    male = np.array([p.sex == "M" for p in screened])
    bmi = np.array([p.bmi_kg_m2 for p in screened])
    known = np.c_[np.ones(len(age)), age, male, age * male, bmi]
    left = columns - known @ np.linalg.lstsq(known, columns, rcond=None)[0]
    pairs = np.corrcoef(left.T)[np.triu_indices(3 + len(BONES), 1)]
    assert pairs.min() > 0.5
    assert pairs.max() < 0.68


def test_a_screening_has_one_film_and_a_dxa_of_the_day(screened: list[Patient]) -> None:
    for patient in screened[:300]:
        (film,), (reading,) = patient.films, patient.readings
        assert film.date == reading.date
        assert (film.view, film.system, film.raw_twin) == ("PA", patient.site, False)
        assert film.drawn <= {"atherosclerosis", "spondylosis"}
        assert all(round(t, 1) == t for t in reading.t.values())


def test_sites_have_the_same_case_mix(screened: list[Patient]) -> None:
    t, at_b = lowest(screened), np.array([patient.site == "site_b" for patient in screened])
    assert 0.23 < at_b.mean() < 0.27
    assert abs(t[at_b].mean() - t[~at_b].mean()) < 0.1


@pytest.mark.parametrize("kind", ["screening", "hospital"])
def test_a_patient_depends_on_settings_seed_and_index_alone(kind: str) -> None:
    few, many = Population(kind=kind, patients=10, seed=3), Population(kind=kind, patients=9000, seed=3)
    assert replace(draw(many, 7), population=few) == draw(few, 7) == draw(few, 7)
    assert draw(few, 7).films != draw(replace(few, seed=4), 7).films
    assert draw(few, 7).films != draw(few, 8).films


def test_a_patient_is_the_same_in_every_process() -> None:
    """Sets of text have another order in each."""
    code = "from bonerisk.phantom.people.population import *; from bonerisk.phantom.tables import *\n"
    code += "people = [draw(Population(kind='hospital', events='enriched'), index) for index in range(60)]\n"
    code += "print([table.to_csv() for table in [*tables(people).values(), truth(people)]])"
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]


# What of a patient each switch may change; all else stays.
@pytest.mark.parametrize(
    ("switch", "changed"),
    [
        ("bone_signal", {"films"}),
        ("quality_effect", {"life", "films", "diagnoses", "reported"}),
        ("events", {"life", "films", "diagnoses", "reported"}),
        ("shortcut", {"films"}),
        ("t_score_share", {"readings"}),
    ],
)
def test_a_switch_changes_what_it_names_and_nothing_else(switch: str, changed: set[str]) -> None:
    what = Population(kind="hospital", seed=5)
    other = replace(what, **{switch: SWITCHES[switch]})
    found = set()
    for index in range(400):
        a, b = draw(what, index), draw(other, index)
        found |= {name for name in vars(a) if getattr(a, name) != getattr(b, name)} - {"population"}
        assert [film.date for film in a.films] == [film.date for film in b.films]
        assert replace(a.life, fractures=(), quality_effect=1.0) == replace(b.life, fractures=(), quality_effect=1.0)
        if switch in ("bone_signal", "shortcut"):
            same = {"density": {}, "system": ""}
            assert [replace(f, **same) for f in a.films] == [replace(f, **same) for f in b.films]
        if switch in ("quality_effect", "events"):  # films differ in the wedges of fractures alone
            assert all(
                f.drawn ^ g.drawn <= {"fracture", "vertebroplasty"} for f, g in zip(a.films, b.films, strict=True)
            )
            assert [replace(f, drawn=frozenset()) for f in a.films] == [replace(f, drawn=frozenset()) for f in b.films]
    assert found <= changed
    assert found


@pytest.mark.parametrize("kind", ["screening", "hospital"])
def test_without_signal_every_film_has_the_same_density(kind: str) -> None:
    what = Population(kind=kind, bone_signal=0.0)
    shown = {density for i in range(50) for film in draw(what, i).films for density in film.density.values()}
    assert len(shown) == 1


def test_the_population_is_about_the_centre_that_signal_stretches(
    screened: list[Patient], hospital: list[Patient]
) -> None:
    for people in (screened, hospital):
        t = np.mean([list(p.life.t_true(p.life.first).values()) for p in people])
        assert abs(t - density.CURVES[people[0].population.kind].centre) < 0.1


@pytest.mark.parametrize("kind", ["screening", "hospital"])
def test_a_shortcut_swaps_the_detector_of_the_sick_alone(kind: str) -> None:
    what = Population(kind=kind, shortcut=0.5)
    sick, swapped = [], []
    for patient in (draw(what, index) for index in range(1500)):
        film = patient.films[0]
        low = lowest([patient])[0] < -1.0 if kind == "screening" else None
        sick.append(patient.life.predictor(film.date) > hazard.TOP_QUARTER if low is None else low)
        swapped.append(film.system != patient.site)
    share = pd.Series(swapped).groupby(sick).mean()
    assert share[False] == 0
    assert abs(share[True] - 0.5) < 0.06


def test_dxa_is_read_about_the_truth(screened: list[Patient]) -> None:
    for site, sd in density.READING_SD.items():
        error = np.array([p.readings[0].t[site] - p.life.t_true(p.films[0].date)[site] for p in screened])
        assert abs(error.mean()) < 0.01
        assert abs(error.std() - np.hypot(sd, 0.1 / np.sqrt(12))) < 0.01


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_patients_has_a_dxa_near_the_first_film(share: float) -> None:
    people = [draw(Population(kind="hospital", t_score_share=share), index) for index in range(1500)]
    assert abs(np.mean([bool(patient.readings) for patient in people]) - share) < 0.035
    first = [abs((p.readings[0].date - p.films[0].date).days) for p in people if p.readings]
    assert max(first, default=0) <= dxa.WINDOW_DAYS
