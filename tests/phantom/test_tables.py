from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.phantom.machine.detector import SYSTEMS
from bonerisk.phantom.people.density import BONES, SITES
from bonerisk.phantom.people.disease import FINDINGS
from bonerisk.phantom.people.population import Patient, Population, draw
from bonerisk.phantom.tables import RAW, tables, truth


@pytest.fixture(scope="module")
def people() -> list[Patient]:
    return [draw(Population(kind="hospital", shortcut=0.3), index) for index in range(800)]


@pytest.fixture(scope="module")
def found(people: list[Patient]) -> dict[str, pd.DataFrame]:
    return tables(people)


def test_a_hospital_has_all_tables_and_a_screening_three(
    found: dict[str, pd.DataFrame], screened: list[Patient]
) -> None:
    assert set(found) == {"films", "dxa", "diagnoses", "drugs", "follow_up", "patients", "reports"}
    assert set(tables(screened[:10])) == {"films", "dxa", "patients"}


@pytest.mark.parametrize("count", [800, 1])
def test_columns_have_the_types_of_the_boundary_however_few_rows(people: list[Patient], count: int) -> None:
    for table in tables(people[:count]).values():
        for name, column in table.items():
            day = str(name).endswith("date") or name == "last_contact"
            number = name in ("age_years", "burned_in", "height_cm", "weight_kg", *SITES) or "finding_" in str(name)
            assert column.dtype == ("datetime64[ns]" if day else "float64" if number else "object"), name
            assert number or not [cell for cell in column if isinstance(cell, float)]
    deaths = tables(people[:count])["follow_up"]["death_date"]
    assert deaths.isna().any()


def test_films_have_what_a_header_has(found: dict[str, pd.DataFrame], people: list[Patient]) -> None:
    films = found["films"]
    assert films["image_id"].is_unique
    assert (films["age_years"] % 1 == 0).all()
    had_birthday = films["film_date"].dt.strftime("%m%d") >= films["birth_date"].dt.strftime("%m%d")
    years = films["film_date"].dt.year - films["birth_date"].dt.year - ~had_birthday
    assert (films["age_years"] == years).all()
    assert set(films["view"]) == {"PA", "AP"}
    assert (films[["modality", "body_part"]] == ["DX", "CHEST"]).all(axis=None)
    maker = {film.image_id: SYSTEMS[film.system].manufacturer for p in people for film in p.films}
    shown = films[films["intent"] == "FOR PRESENTATION"]
    assert shown["manufacturer"].tolist() == shown["image_id"].map(maker).tolist()
    assert shown.groupby("site")["manufacturer"].nunique().max() == 2  # the shortcut


def test_a_twin_is_a_row_of_its_own_beside_its_film(found: dict[str, pd.DataFrame], people: list[Patient]) -> None:
    films = found["films"].set_index("image_id")
    twins = films[films["intent"] == "FOR PROCESSING"]
    assert list(twins.index) == [film.image_id + RAW for p in people for film in p.films if film.raw_twin]
    beside = films.loc[[name.removesuffix(RAW) for name in twins.index]]
    assert (beside.drop(columns="intent").to_numpy() == twins.drop(columns="intent").to_numpy()).all()


def test_rows_belong_together(found: dict[str, pd.DataFrame], people: list[Patient]) -> None:
    who = pd.MultiIndex.from_frame(found["patients"][["site", "patient_id"]])
    assert who.is_unique
    assert len(who) == len(people) == len(found["follow_up"])
    for name in ("films", "dxa", "diagnoses", "drugs", "follow_up"):
        assert pd.MultiIndex.from_frame(found[name][["site", "patient_id"]]).isin(who).all()
    shown = found["films"][found["films"]["intent"] == "FOR PRESENTATION"]
    assert found["reports"]["image_id"].tolist() == shown["image_id"].tolist()
    assert found["reports"]["accession"].tolist() == shown["accession"].tolist()
    assert shown["accession"].is_unique


def test_reports_name_the_31_findings(found: dict[str, pd.DataFrame], people: list[Patient]) -> None:
    columns = [f"finding_{name}" for name in FINDINGS]
    assert len(columns) == 31
    named = found["reports"][columns]
    assert named.isin([0.0, 1.0]).all(axis=None)
    assert named.sum().sum() == sum(len(reported) for patient in people for reported in patient.reported)


def test_an_index_is_the_line_in_a_file(found: dict[str, pd.DataFrame]) -> None:
    assert all(list(table.index) == list(range(2, len(table) + 2)) for table in found.values())


def test_truth_has_a_row_a_film(people: list[Patient], screened: list[Patient]) -> None:
    table = truth(people)
    assert table["image_id"].tolist() == [film.image_id for patient in people for film in patient.films]
    lowest = table[[f"true_t_{site}" for site in SITES]].min(axis=1)
    assert table["oracle_bone_truth"].equals(-lowest)
    assert table["filmed_density"].to_numpy() == pytest.approx(
        table[[f"density_{bone}" for bone in BONES]].mean(axis=1).to_numpy()
    )
    for of in ("bone", "fracture"):
        for whom in ("film", "clinical"):
            assert 0.3 < table[f"oracle_{of}_{whom}"].corr(table[f"oracle_{of}_truth"]) < 0.95
    assert not [name for name in truth(screened[:20]) if "fracture" in name]


def test_truth_is_the_same_in_a_longer_population(people: list[Patient]) -> None:
    few = truth(people[:40])
    pd.testing.assert_frame_equal(few, truth(people).iloc[: len(few)])
