from __future__ import annotations

import numpy as np
import pytest

from bonerisk.phantom.population import BONES, Patient, draw


@pytest.fixture(scope="module")
def people() -> list[Patient]:
    return [draw(1, index) for index in range(3000)]


def share(people: list[Patient], sex: str, low: float, high: float) -> float:
    return float(np.mean([low < patient.t_score <= high for patient in people if patient.sex == sex]))


def test_shares_of_the_classes_are_plausible(people: list[Patient]) -> None:
    assert 0.38 < share(people, "F", -2.5, -1.01) < 0.55
    assert 0.18 < share(people, "M", -2.5, -1.01) < 0.36
    assert 0.05 < share(people, "F", -9, -2.5) < 0.18
    assert share(people, "M", -9, -2.5) < 0.05


def test_sites_and_bones_correlate_but_none_determines_another(people: list[Patient]) -> None:
    columns = [[*patient.t_read.values(), *patient.density.values()] for patient in people]
    pairs = np.corrcoef(np.array(columns).T)[np.triu_indices(3 + len(BONES), 1)]
    assert pairs.min() > 0.58
    assert pairs.max() < 0.82


def test_hospitals_have_the_same_case_mix(people: list[Patient]) -> None:
    t = {site: [p.t_score for p in people if p.site == site] for site in ("site_a", "site_b")}
    assert 0.2 < len(t["site_b"]) / len(people) < 0.3
    assert abs(np.mean(t["site_a"]) - np.mean(t["site_b"])) < 0.15


def test_no_signal_gives_every_film_the_same_density_and_leaves_the_readings() -> None:
    flat = [draw(1, index, bone_signal=0.0) for index in range(50)]
    assert len({patient.filmed_density for patient in flat}) == 1
    assert [p.t_read for p in flat] == [draw(1, index).t_read for index in range(50)]


def test_a_patient_depends_on_seed_and_index_alone() -> None:
    assert draw(3, 7) == draw(3, 7)
    assert draw(3, 7).t_read != draw(4, 7).t_read
