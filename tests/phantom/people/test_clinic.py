from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sksurv.metrics import concordance_index_censored

from bonerisk.phantom.people import spine_risk
from bonerisk.phantom.people.clinic import MEASURED, Clinic, SpinePatient
from bonerisk.phantom.people.clinic_draw import draw


def clinic(count: int, **settings: object) -> list[SpinePatient]:
    what = Clinic(**settings)  # type: ignore[arg-type]
    return [draw(what, index) for index in range(count)]


@pytest.fixture(scope="module")
def everybody() -> list[SpinePatient]:
    return clinic(5000)


@pytest.fixture(scope="module")
def eligible(everybody: list[SpinePatient]) -> list[SpinePatient]:
    return [patient for patient in everybody if not patient.prevalent]


def mean(people: list[SpinePatient], name: str) -> float:
    return float(np.mean([getattr(patient, name) for patient in people]))


def test_the_eligible_are_those_of_table_1(eligible: list[SpinePatient]) -> None:
    assert len(eligible) / 5000 * 1860 == pytest.approx(1595, rel=0.02)
    assert mean(eligible, "event") == pytest.approx(0.075, abs=0.011)  # three standard errors
    assert mean(eligible, "years") == pytest.approx(3.4, abs=0.1)
    age = [patient.films[0].age_years for patient in eligible]
    assert (np.mean(age), np.std(age)) == pytest.approx((60.5, 6.2), abs=0.3)
    assert np.min(age) >= 50
    assert np.max(age) < 75.1
    bmi = [patient.bmi_kg_m2 for patient in eligible]
    assert (np.mean(bmi), np.std(bmi)) == pytest.approx((24.0, 3.7), abs=0.2)
    assert np.mean([patient.sex == "F" for patient in eligible]) == pytest.approx(0.745, abs=0.02)
    assert mean(eligible, "glucocorticoids") == pytest.approx(0.526, abs=0.025)
    assert mean(eligible, "secondary_osteoporosis") == pytest.approx(0.053, abs=0.012)
    assert mean(eligible, "rheumatoid_arthritis") == pytest.approx(0.038, abs=0.01)
    assert np.mean([patient.reading is not None for patient in eligible]) == pytest.approx(0.112, abs=0.02)
    assert min(patient.years for patient in eligible) >= 0.49


def test_a_patient_is_the_same_whatever_the_number_and_settings_change_what_they_name() -> None:
    one = draw(Clinic(), 7)
    assert replace(draw(Clinic(patients=3), 7), population=one.population) == one
    assert draw(Clinic(seed=1), 7).birth_date != one.birth_date
    flat = draw(Clinic(bone_signal=0.0), 7)
    assert set(flat.films[0].density.values()) == {flat.films[0].density["l1"]}
    assert (flat.t_true, flat.predictor, flat.years) == (one.t_true, one.predictor, one.years)
    dull = draw(Clinic(quality_effect=0.0), 7)
    assert (dull.quality, dull.films[0]) == (one.quality, one.films[0])
    assert dull.predictor != one.predictor


def test_the_outcome_is_what_the_follow_up_film_shows(eligible: list[SpinePatient]) -> None:
    for patient in eligible:
        assert patient.event == (patient.fracture_years <= patient.years)
        before, after = (patient.shown(film) for film in patient.films)
        assert not before
        assert bool(after) == patient.event
        assert set(after) <= set(MEASURED)
        assert all(max(one.lost) > 0.18 for one in after.values())
    kinds = [one.kind for patient in eligible for one in patient.deformities]
    assert {"wedge", "biconcave", "crush"} == set(kinds)
    levels = [one.level for patient in eligible for one in patient.deformities]
    assert levels.count("l1") + levels.count("t12") > 0.4 * len(levels)


def test_oracles_rank_as_the_information_they_have() -> None:
    people = clinic(3000, events="enriched")
    c = _c_index(people, spine_risk.oracles(people))
    assert c["truth"] > c["film_clinical"] > c["film"] > c["clinical"] > 0.6
    frax = _c_index(people, {"frax": np.array([patient.frax_simulated[0] for patient in people])})["frax"]
    assert 0.55 < frax < c["clinical"]
    blind = clinic(300, bone_signal=0.0, quality_effect=0.0)
    found = spine_risk.oracles(blind)
    assert np.corrcoef(found["film"], found["truth"])[0, 1] < 0.75


def test_the_truth_regresses_on_its_expectations_with_slope_one(everybody: list[SpinePatient]) -> None:
    found = spine_risk.oracles(everybody)
    for name in ("film_clinical", "clinical"):
        slope, level = np.polyfit(found[name], found["truth"], 1)
        assert slope == pytest.approx(1, abs=0.05), name
        assert level == pytest.approx(0, abs=0.04), name


def _c_index(people: list[SpinePatient], risks: dict[str, np.ndarray]) -> dict[str, float]:
    event = np.array([patient.event for patient in people])
    years = np.array([patient.years for patient in people])
    return {name: concordance_index_censored(event, years, risk)[0] for name, risk in risks.items()}
