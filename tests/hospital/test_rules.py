from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.hospital.follow_up import FollowUp
from bonerisk.hospital.pairing import Pairing
from bonerisk.hospital.rules import Joined, Rules

from .conftest import make_films, make_table

UNPAIRED = Pairing(required=False)
UNFOLLOWED = FollowUp(required=False)


def film(patient: str, day: str, **other) -> dict:
    return {"patient_id": patient, "film_date": day, **other}


@pytest.fixture
def apply(codes, outcome):
    def call(films, tables=None, end=None, external=(), **rules) -> Joined:
        settings = {"pair": UNPAIRED, "follow_up": UNFOLLOWED, "split": "train"} | rules
        return Rules(**settings).apply(films, tables or {}, codes, outcome, external, end and pd.Timestamp(end))

    return call


def steps(joined: Joined) -> dict[str, tuple[int, int]]:
    table = joined.flow.table
    return {row.step: (row.kept, row.dropped) for row in table.itertuples()}


def test_each_rule_on_films_is_a_step_of_the_flow(apply):
    films = make_films(
        film("1", "2015-01-01"),
        film("1", "2015-01-01", film_time="110000"),  # a repeat
        film("2", "2015-01-01", modality="CT"),
        film("3", "2015-01-01", intent="FOR PROCESSING"),
        film("4", "2015-01-01", view="AP"),
        film("5", "2015-01-01", view=None),
        film("6", "2015-01-01", body_part="LSPINE"),
        film("7", "2015-01-01", birth_date="1990-01-01"),
        film("8", None),
        film(None, "2015-01-01"),
    )
    joined = apply(films, min_age_years=50)
    assert joined.table["image_id"].tolist() == ["i0"]
    assert steps(joined) == {
        "films indexed": (10, 0),
        "film has a patient and a date": (8, 2),
        "one sex and birth date": (8, 0),
        "for presentation": (7, 1),
        "modality DX, CR": (6, 1),
        "body part CHEST": (5, 1),
        "view PA": (3, 2),
        "first of its day": (2, 1),
        "age 50 or over": (1, 1),
        "index film": (1, 0),
    }
    assert sorted(joined.rejected["reason"]) == ["the header has no PatientID", "the header has no valid date"]


def test_the_age_is_that_at_the_film_to_the_day(apply):
    films = make_films(film("1", "2000-01-01"), film("1", "1999-12-31"))
    assert apply(films, min_age_years=50).table["age_years"].tolist() == [50.0]


def test_the_headers_age_serves_where_no_birth_date_is_known(apply):
    films = make_films(
        film("1", "2000-01-01", birth_date=None, age_years=58.0), film("2", "2000-01-01", birth_date=None)
    )
    joined = apply(films, min_age_years=50)
    assert joined.table["age_years"].tolist() == [58.0]
    assert "age unknown (1)" in joined.flow.table.set_index("step")["reason"]["age 50 or over"]


def test_a_patient_of_two_birth_dates_or_sexes_is_refused(apply):
    films = make_films(
        film("1", "2015-01-01"),
        film("1", "2016-01-01", birth_date="1951-01-01"),
        film("2", "2015-01-01"),
        film("3", "2015-01-01"),
    )
    patients = make_table("patient_id sex height_cm", ("2", "M", 160.0), ("3", "F", 170.0))
    joined = apply(films, {"patients": patients})
    assert joined.table["patient_id"].tolist() == ["3"]
    assert joined.table["height_cm"].tolist() == [170.0]
    assert sorted(joined.rejected["reason"]) == ["the patient has two birth dates"] * 2 + ["the patient has two sexes"]


def test_follow_up_and_comorbidities_come_from_the_tables(apply):
    films = make_films(film("1", "2015-01-01"), film("2", "2015-01-01"), film("3", "2015-01-01"))
    tables = {
        "diagnoses": make_table(
            "patient_id date code code_system",
            ("1", "2016-01-01", "73313", "icd9"),
            ("2", "2014-01-01", "25000", "icd9"),
            ("3", "2014-12-01", "73313", "icd9"),
        ),
        "follow_up": make_table(
            "patient_id last_contact death_date", ("1", "2018-01-01", None), ("2", "2017-01-01", "2017-01-01")
        ),
    }
    table = apply(films, tables, end="2019-01-01", follow_up=FollowUp()).table.set_index("patient_id")
    assert table.index.tolist() == ["1", "2"]  # the third fractured a month before
    assert table["event"].tolist() == [1, 0]
    assert table["competing_event"].tolist() == [0, 1]
    assert table["diabetes"].tolist() == [0, 1]


def test_without_any_last_contact_it_stops(apply):
    films = make_films(film("1", "2015-01-01"))
    diagnoses = make_table("patient_id date code code_system", ("1", "2014-01-01", "25000", "icd9"))
    with pytest.raises(DataError, match="last contact") as caught:
        apply(films, {"diagnoses": diagnoses}, follow_up=FollowUp())
    assert "administrative_end" in str(caught.value)
    found = apply(films, {"diagnoses": diagnoses}, end="2016-01-01", follow_up=FollowUp()).table
    assert found["time_years"].iloc[0] == pytest.approx(365 / 365.25)


def test_drugs_before_the_film_exclude_and_later_ones_do_not(apply):
    films = make_films(film("1", "2015-01-01"), film("2", "2015-01-01"))
    drugs = make_table(
        "patient_id date code code_system", ("1", "2014-01-01", "M05BA04", "atc"), ("2", "2016-01-01", "M05BA04", "atc")
    )
    joined = apply(films, {"drugs": drugs}, without_drugs=["bisphosphonate"])
    assert joined.table["patient_id"].tolist() == ["2"]
    assert "without bisphosphonate" in steps(joined)


def test_an_unknown_drug_class_is_a_config_error(apply):
    with pytest.raises(ConfigError, match="statin"):
        apply(make_films(film("1", "2015-01-01")), without_drugs=["statin"])


def test_columns_exclude_where_they_are_there_and_a_note_names_the_others(apply):
    films = make_films(film("1", "2015-01-01", accession="a"), film("2", "2015-01-01", accession="b"))
    reports = make_table("accession poor_quality", ("a", 1.0), ("b", 0.0))
    joined = apply(films, {"reports": reports}, exclude_where=["poor_quality", "fixation"])
    assert joined.table["patient_id"].tolist() == ["2"]
    assert any("fixation" in note for note in joined.notes)


@pytest.mark.parametrize(
    ("rule", "kept"),
    [("all", ["i0", "i1", "i2"]), ("first", ["i1"]), ("nearest_dxa", ["i2"])],
)
def test_the_index_film_of_a_patient(apply, rule, kept):
    films = make_films(film("1", "2015-03-01"), film("1", "2015-01-01"), film("1", "2015-05-01"))
    dxa = make_table("patient_id date lumbar_spine femoral_neck total_hip", ("1", "2015-05-02", -1.0, -2.0, -1.5))
    joined = apply(films, {"dxa": dxa}, pair=Pairing(required=True), index={"train": rule})
    assert joined.table["image_id"].tolist() == kept


def test_a_random_index_film_depends_on_its_seed_alone(apply):
    films = make_films(*[film(str(patient), f"2015-01-{day:02d}") for patient in range(20) for day in range(1, 10)])
    first, again, other = (
        apply(films, index={"train": "random"}, index_seed=seed).table["image_id"].tolist() for seed in (0, 0, 1)
    )
    assert len(first) == 20
    assert first == again != other
    shuffled = apply(films.sample(frac=1, random_state=1), index={"train": "random"}).table["image_id"]
    assert sorted(shuffled) == sorted(first)


def test_those_with_a_dxa_within_a_year_are_the_test_set(apply):
    films = make_films(*[film(str(patient), "2015-01-01") for patient in range(13)])
    dxa = make_table("patient_id date lumbar_spine femoral_neck total_hip", ("7", "2015-10-01", -1.0, -2.0, -1.5))
    table = apply(films, {"dxa": dxa}, pair=Pairing(365, required=False), split="bmd_within_1y").table
    splits = table.set_index("patient_id")["split"]
    assert splits.pop("7") == "test"
    assert splits.value_counts().to_dict() == {"train": 10, "tune": 2}


def test_external_sites_are_their_own_split(apply):
    films = make_films(*[film(str(patient), "2015-01-01", site="ab"[patient % 2]) for patient in range(20)])
    table = apply(films, external=["b"], split=[0.5, 0.2, 0.3]).table
    assert set(table.loc[table["site"] == "b", "split"]) == {"external"}
    assert set(table.loc[table["site"] == "a", "split"]) == {"train", "tune", "test"}


def test_a_step_that_leaves_nobody_says_which(apply):
    with pytest.raises(DataError, match="view AP") as caught:
        apply(make_films(film("1", "2015-01-01")), view=["AP"])
    assert "body part CHEST: 1 of 1" in str(caught.value)


def test_rows_of_others_are_counted_and_listed(apply):
    films = make_films(film("1", "2015-01-01"))
    tables = {"patients": make_table("patient_id height_cm", ("1", 170.0), ("9", 160.0))}
    joined = apply(films, tables)
    row = joined.links.set_index("table").loc["patients"]
    assert (row["linked_rows"], row["unlinked_rows"], row["films_with"]) == (1, 1, 1)
    assert joined.unlinked[["table", "row", "patient_id"]].to_numpy().tolist() == [["patients", 3, "9"]]


def test_identifiers_that_differ_in_zeros_are_not_joined_and_it_is_said(apply):
    films = make_films(film("00123", "2015-01-01"), film("1", "2015-01-01"))
    patients = make_table("patient_id height_cm", ("123", 170.0), ("1", 160.0))
    joined = apply(films, {"patients": patients})
    assert joined.table.set_index("patient_id")["height_cm"].isna().to_dict() == {"00123": True, "1": False}
    assert any("999 for 00999" in note for note in joined.notes)  # the form alone: notes are handed on


def test_nobody_known_stops_with_the_forms_of_identifiers(apply):
    patients = make_table("patient_id height_cm", ("A-12", 170.0))
    with pytest.raises(DataError, match="A-99"):
        apply(make_films(film("00123", "2015-01-01")), {"patients": patients})


def test_an_identifier_of_two_sites_needs_the_site_in_the_table(apply):
    films = make_films(film("1", "2015-01-01", site="a"), film("1", "2015-01-01", site="b"))
    told = make_table("patient_id height_cm", ("1", 170.0))
    with pytest.raises(DataError, match="two sites"):
        apply(films, {"patients": told})
    joined = apply(films, {"patients": told.assign(site="b")})
    assert joined.table.set_index("site")["height_cm"].isna().to_dict() == {"a": True, "b": False}


def test_what_leaves_holds_days_and_no_date(apply):
    films = make_films(film("1", "2015-01-01"), film("1", "2015-01-11"))
    table = apply(films).table
    assert table["days_from_first_film"].tolist() == [0, 10]
    assert not [column for column in table if table[column].dtype.kind == "M"]


def test_a_patient_whose_follow_up_contradicts_itself_is_not_taken_for_alive(apply):
    films = make_films(film("1", "2015-01-01"), film("2", "2015-01-01"))
    ends = make_table("patient_id last_contact death_date unclear", ("1", None, None, True))
    coded = make_table("patient_id date code code_system", ("1", "2014-01-01", "25000", "icd9"))
    joined = apply(films, {"follow_up": ends, "diagnoses": coded}, end="2020-01-01", follow_up=FollowUp())
    assert joined.table["patient_id"].tolist() == ["2"]
    assert joined.rejected["reason"].tolist() == ["no last contact"]


def test_reports_are_of_a_film_within_its_site(apply):
    films = make_films(
        film("1", "2015-01-01", site="a", accession="1001"), film("2", "2015-01-01", site="b", accession="1001")
    )
    reports = make_table("accession finding_pacemaker", ("1001", 1.0))
    with pytest.raises(DataError, match="two sites"):
        apply(films, {"reports": reports})
    table = apply(films, {"reports": reports.assign(site="b")}).table
    assert table.set_index("site")["finding_pacemaker"].isna().to_dict() == {"a": True, "b": False}


def test_reports_and_tables_that_meet_no_film_are_told(apply):
    films = make_films(film("1", "2015-01-01", accession="A1001"))
    reports = make_table("accession finding_pacemaker", ("1001", 1.0))
    drugs = make_table("patient_id date code code_system", ("9", "2014-01-01", "M05BA04", "atc"))
    known = make_table("patient_id height_cm", ("1", 170.0))
    joined = apply(films, {"reports": reports, "drugs": drugs, "patients": known})
    assert joined.links.set_index("table")["linked_rows"].to_dict() == {"drugs": 0, "patients": 1, "reports": 0}
    assert any("No row of drugs" in note for note in joined.notes)
    assert any("No row of reports" in note for note in joined.notes)


def test_diagnoses_of_nobody_stop_where_an_outcome_is_asked_for(apply):
    films = make_films(film("1", "2015-01-01"))
    coded = make_table("patient_id date code code_system", ("9", "2014-01-01", "25000", "icd9"))
    known = make_table("patient_id height_cm", ("1", 170.0))
    with pytest.raises(DataError, match="no row of diagnoses"):
        apply(films, {"diagnoses": coded, "patients": known}, end="2020-01-01", follow_up=FollowUp())


def test_a_fracture_after_the_last_contact_is_counted_in_a_note(apply):
    films = make_films(film("1", "2015-01-01"))
    coded = make_table("patient_id date code code_system", ("1", "2016-06-01", "73313", "icd9"))
    ends = make_table("patient_id last_contact death_date", ("1", "2016-05-31", None))
    joined = apply(films, {"diagnoses": coded, "follow_up": ends}, follow_up=FollowUp())
    assert joined.table["event"].tolist() == [0]
    assert any("end of follow-up do not count: 1 (number of patients: 1)" in note for note in joined.notes)


def test_an_age_that_cannot_be_is_refused(apply):
    films = make_films(
        film("1", "2015-01-01"), film("2", "2015-01-01", birth_date="1850-01-01"), film("3", "1949-01-01")
    )
    joined = apply(films)
    assert joined.table["patient_id"].tolist() == ["1"]
    assert all("age at the film" in reason for reason in joined.rejected["reason"])


def test_what_one_film_lacks_another_of_the_patient_has(apply):
    films = make_films(film("1", "2015-01-01", birth_date=None, sex=None), film("1", "2016-01-01"))
    table = apply(films).table
    assert table["age_years"].tolist() == [65.0, 66.0]
    assert table["sex"].tolist() == ["F", "F"]


def test_a_given_bmi_stays_where_none_can_be_computed(apply):
    films = make_films(film("1", "2015-01-01"), film("2", "2015-01-01"))
    told = make_table("patient_id height_cm weight_kg bmi_kg_m2", ("1", None, 70.0, 31.0), ("2", 170.0, 70.0, None))
    assert apply(films, {"patients": told}).table["bmi_kg_m2"].tolist() == [31.0, 24.22]


def test_a_copy_of_a_film_counts_once_whichever_of_both_can_be_used(apply):
    films = make_films(
        film(None, "2015-01-01", image_id="x"),
        film("1", "2015-01-01", image_id="x"),
        film("1", "2015-01-02", image_id="x"),
    )
    joined = apply(films)
    assert joined.table["image_path"].tolist() == ["/films/1.dcm"]


@pytest.mark.parametrize(
    "wrong", [{"split": "bmd_within_1y"}, {"pair": {"window_days": -1}}, {"follow_up": {"min_years": -1}}]
)
def test_rules_that_cannot_be_are_config_errors(wrong):
    with pytest.raises(ConfigError):
        kinds = {"pair": Pairing, "follow_up": FollowUp}
        Rules(**{key: kinds[key](**value) if key in kinds else value for key, value in wrong.items()})


def test_a_split_by_dxa_needs_some(apply):
    films = make_films(*[film(str(patient), "2015-01-01") for patient in range(5)])
    with pytest.raises(DataError, match="within a year"):
        apply(films, split="bmd_within_1y", pair=Pairing(365, required=False))


def test_one_film_under_two_patients_is_neithers(apply):
    films = make_films(
        film("1", "2015-01-01", image_id="x"), film("2", "2015-01-01", image_id="x"), film("3", "2015-01-01")
    )
    joined = apply(films)
    assert joined.table["patient_id"].tolist() == ["3"]
    assert joined.rejected["reason"].tolist() == ["one SOPInstanceUID under two patients"] * 2


def test_a_column_of_text_can_exclude_nobody(apply):
    films = make_films(film("1", "2015-01-01", accession="a"))
    reports = make_table("accession poor_quality", ("a", "bad"))
    with pytest.raises(DataError, match="poor_quality holds text"):
        apply(films, {"reports": reports}, exclude_where=["poor_quality"])


def test_tables_of_sites_that_the_films_do_not_have_are_told(apply):
    films = make_films(film("1", "2015-01-01"))
    patients = make_table("patient_id site height_cm", ("1", "north", 170.0))
    with pytest.raises(DataError, match=r"dataset\.sites"):
        apply(films, {"patients": patients})


def test_too_few_patients_for_a_split_come_with_the_steps(apply):
    with pytest.raises(DataError, match="view PA: 1 of 1"):
        apply(make_films(film("1", "2015-01-01")), split=[0.7, 0.1, 0.2])


def test_a_condition_that_a_table_tells_goes_before_its_codes(apply):
    films = make_films(film("1", "2015-01-01"), film("2", "2015-01-01"))
    coded = make_table("patient_id date code code_system", ("1", "2014-01-01", "25000", "icd9"))
    known = make_table("patient_id diabetes", ("1", 0.0), ("2", 1.0))
    joined = apply(films, {"patients": known, "diagnoses": coded})
    assert joined.table["diabetes"].tolist() == [0, 1]
    assert any("diabetes" in note for note in joined.notes)


def test_an_age_that_cannot_be_by_the_table_of_patients_is_refused_too(apply):
    films = make_films(film("1", "2015-01-01", birth_date=None), film("2", "2015-01-01"))
    told = make_table("patient_id birth_date", ("1", "2018-01-01"))
    assert apply(films, {"patients": told}).table["patient_id"].tolist() == ["2"]


def test_a_drug_that_is_not_known_for_certain_leaves_its_patient_out(apply):
    films = make_films(film("1", "2015-01-01"), film("2", "2015-01-01"), film("3", "2015-01-01"))
    drugs = make_table(
        "patient_id date until code code_system",
        ("1", "2014-01-01", "2014-01-01", None, "atc"),
        ("2", "2015-02-01", "2015-02-28", "M05BA04", "atc"),
        ("3", "2014-01-01", "2014-12-31", "M05BA04", "atc"),
    )
    joined = apply(
        films, {"drugs": drugs.assign(until=pd.to_datetime(drugs["until"]))}, without_drugs=["bisphosphonate"]
    )
    assert joined.table["patient_id"].tolist() == ["2"]
    reason = joined.flow.table.set_index("step")["reason"]["without bisphosphonate"]
    assert reason == "prescribed before, or a drug whose code or day is not known (1)"


def test_a_birth_date_that_stands_for_an_unknown_one_is_not_used(apply):
    films = make_films(
        film("1", "2015-06-01", birth_date="1900-01-01", age_years=65.0),
        film("2", "2015-06-01", birth_date="1902-02-02"),
        film("3", "2015-06-01", birth_date="1970-01-01", age_years=45.0),  # PatientAge agrees
        film("4", "2015-06-01", birth_date=None),
        film("5", "2015-06-01", birth_date="1900-01-01", age_years=65.0),
    )
    patients = make_table("patient_id birth_date", ("4", "1901-01-01"), ("5", "1951-06-01"))
    joined = apply(films, {"patients": patients})
    ages = joined.table.set_index("patient_id")["age_years"].fillna(-1).to_dict()
    assert ages == {"1": 65, "2": -1, "3": 45.4, "4": -1, "5": 64}
    assert "birth date in 3 films and 1 rows of patients" in joined.notes[0]


def test_an_age_that_contradicts_the_birth_date_is_refused_or_told(apply):
    films = make_films(
        film("1", "2015-06-01", birth_date="1920-01-01", age_years=65.0),
        film("2", "2015-06-01", birth_date="1945-01-01", age_years=65.0),  # entered years ago
        film("3", "2015-06-01", birth_date="1945-01-01", age_years=70.0),
        film("4", "2015-06-01", birth_date="1916-01-01", age_years=90.0),  # top-coded
    )
    joined = apply(films)
    assert joined.table["age_years"].tolist() == [70.4, 70.4, 99.4]
    assert joined.rejected["reason"].tolist() == [
        "PatientAge differs by 20 years or more from the age by the birth date"
    ]
    assert "over 2 years from the age by the birth date in 2 films" in joined.notes[0]


@pytest.mark.parametrize("day", ["1900-01-01", "1970-01-01"])
def test_a_film_of_a_day_that_stands_for_an_unknown_one_is_refused(apply, day):
    joined = apply(make_films(film("1", "2015-06-01"), film("2", day)))
    assert joined.rejected["reason"].tolist() == ["the header's date is a day that systems write for an unknown date"]
