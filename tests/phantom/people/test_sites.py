from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.phantom.machine.detector import SYSTEMS
from bonerisk.phantom.people import sites
from bonerisk.phantom.people.patient import Population
from bonerisk.phantom.people.population import draw

WHAT = Population(sites.KIND)
# OsPenScreen's table 1: mean ages of women and men without osteoporosis
AGES = {"screening": (53.4, 57.1), "clinic": (57.4, 60.0), "town": (59.2, 59.1), "veterans": (70.4, 74.3)}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rows = []
    for site in sites.SITES:
        for patient in (draw(WHAT, index) for index in sites.numbers(site, 400)):
            [film], [reading] = patient.films, patient.readings
            lowest = sites.class_of(min(reading.t.values()))
            rows.append([patient.site, patient.sex, film.age_years, lowest, film.system, patient.patient_id])
    return pd.DataFrame(rows, columns=["site", "sex", "age", "class", "system", "patient_id"])


def test_each_site_has_the_case_mix_that_it_declares(people: pd.DataFrame) -> None:
    assert people["patient_id"].is_unique
    assert (people["age"] >= 50).all()
    for name, of_site in people.groupby("site"):
        site = sites.SITES[str(name)]
        assert abs((of_site["sex"] == "F").mean() - site.women) < 0.08
        for sex, of_sex in of_site.groupby("sex"):
            found = of_sex["class"].value_counts(normalize=True)
            for kind, share in zip(sites.CLASSES, site.shares(str(sex)), strict=True):
                limit = 4 * (share * (1 - share) / len(of_sex)) ** 0.5  # standard errors
                assert abs(found.get(kind, 0) - share) < limit + 0.01
        assert set(of_site["system"]) <= set(site.systems) <= set(SYSTEMS)


def test_ages_are_near_those_of_the_papers_table(people: pd.DataFrame) -> None:
    known = people[people["class"] != "osteoporosis"]
    found = known.groupby(["site", "sex"])["age"].mean()
    for site, ages in AGES.items():
        for sex, age in zip("FM", ages, strict=True):
            assert abs(found[site, sex] - age) < 1.5


def test_a_patient_depends_on_the_number_alone() -> None:
    first = sites.numbers("abroad", 1)[0]
    assert draw(WHAT, first + 3) == draw(WHAT, sites.numbers("abroad", 2, first=2)[1])
    assert sites.site_of(first) == "abroad" != sites.site_of(first - 1)


@pytest.mark.parametrize(
    ("t", "name"),
    [(-1.0, "normal"), (-1.1, "mild"), (-1.4, "mild"), (-1.5, "moderate"), (-2.4, "advanced"), (-2.5, "osteoporosis")],
)
def test_classes_begin_where_the_cohorts_do(t: float, name: str) -> None:
    assert sites.class_of(t) == name


def test_shares_of_systems_are_those_of_a_number_drawn_evenly() -> None:
    site = sites.SITES["abroad"]
    found = pd.Series([site.system((place + 0.5) / 1000) for place in range(1000)]).value_counts(normalize=True)
    assert {name: pytest.approx(share, abs=0.002) for name, share in site.systems.items()} == found.to_dict()
    assert site.system(0.9999999999) == "site_a"
