from __future__ import annotations

import pandas as pd
import pytest
import yaml

from bonerisk.config.build import build
from bonerisk.config.tree import config_dir
from bonerisk.errors import ConfigError
from bonerisk.hospital.codes import CodeSet, FractureCodes, matches


def rows(*entries: tuple[int, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(entries, columns=["person", "date", "code", "code_system"])
    return table.assign(date=pd.to_datetime(table["date"]))


def option(group: str, name: str):
    return build(yaml.safe_load((config_dir() / "dataset" / group / f"{name}.yaml").read_text(encoding="utf-8")))


def test_codes_match_from_the_start_dotted_or_not_within_their_system():
    table = rows(
        (0, "2015-01-01", "73313", "icd9"), (0, "2015-01-01", "E7331", "icd10"), (0, "2015-01-01", "733", "icd9")
    )
    assert matches(table, {"icd9": ["733.1"]}).tolist() == [True, False, False]


def test_a_v_code_of_icd9_is_none_of_icd10():
    table = rows((0, "2015-01-01", "V5865", "icd9"), (0, "2017-01-01", "V5865", "icd10"))
    assert matches(table, {"icd9": ["V58.65"]}).tolist() == [True, False]
    assert matches(table, {"icd10": ["V"]}).tolist() == [False, True]


@pytest.fixture
def vertebral() -> FractureCodes:
    return option("outcome", "vertebral")


def test_what_is_no_new_fracture_is_kept_apart(vertebral):
    table = rows(
        (0, "2017-01-01", "M8008XA", "icd10"),
        (0, "2017-03-01", "M8008XD", "icd10"),  # a later encounter
        (1, "2017-01-01", "S22080A", "icd10"),
        (1, "2017-01-01", "V4352XA", "icd10"),  # a traffic accident on the same day
        (2, "2012-01-01", "8052", "icd9"),
        (2, "2012-01-02", "E8120", "icd9"),  # an accident of another day
        (3, "2012-01-01", "8120", "icd9"),  # a humerus is no vertebra
    )
    kinds = vertebral.classify(table).set_index(["person", "code"])["kind"]
    assert kinds.to_dict() == {
        (0, "M8008XA"): "event",
        (0, "M8008XD"): "follow-up encounter",
        (1, "S22080A"): "traumatic",
        (2, "8052"): "event",
    }


@pytest.mark.parametrize("name", ["vertebral", "hip", "major_osteoporotic"])
def test_every_outcome_of_a_major_fracture_contains_the_single_ones(name):
    wide, single = option("outcome", "major_osteoporotic"), option("outcome", name)
    for system, codes in single.codes.items():
        assert all(any(code.startswith(other) for other in wide.codes[system]) for code in codes), system


def test_a_comorbidity_counts_from_its_first_code_on():
    films = pd.DataFrame({"person": [0, 0, 1], "film_date": pd.to_datetime(["2014-12-31", "2015-01-01", "2015-01-01"])})
    codes = CodeSet(
        {"diabetes": {"icd9": ["250"]}, "coeliac_disease": {"icd9": ["579.0"]}},
        {"either": ["diabetes", "coeliac_disease"]},
    )
    flags = codes.flags(films, rows((0, "2015-01-01", "25000", "icd9"), (0, "2016-01-01", "25000", "icd9")), None)
    assert flags["diabetes"].tolist() == [0, 1, 0]
    assert flags["either"].tolist() == [0, 1, 0]
    assert list(flags) == ["diabetes", "coeliac_disease", "either"]  # and no drugs, of which nothing is known


def test_names_of_drugs_match_in_any_form_of_the_salt():
    drugs = rows((0, "2015-01-01", "alendronate sodium", "name"), (1, "2015-01-01", "M05BA04", "atc"))
    films = pd.DataFrame({"person": [0, 1, 2], "film_date": pd.to_datetime(["2016-01-01"] * 3)})
    assert option("codes", "aicxr").flags(films, None, drugs)["drug_bisphosphonate"].tolist() == [1, 1, 0]


def test_printed_and_corrected_codes_differ_where_the_paper_slipped():
    films = pd.DataFrame({"person": [0, 1, 2, 3], "film_date": pd.to_datetime(["2016-01-01"] * 4)})
    table = rows(
        (0, "2015-01-01", "2420", "icd9"),
        (1, "2015-01-01", "2550", "icd9"),
        (2, "2015-01-01", "E10", "icd10"),
        (3, "2015-01-01", "M0579", "icd10"),
    )
    printed, corrected = (option("codes", name).flags(films, table, None) for name in ("aicxr_printed", "aicxr"))
    assert printed["hyperparathyroidism"].tolist() == [1, 0, 0, 0]
    assert corrected["hyperparathyroidism"].tolist() == [0, 0, 0, 0]
    assert printed["thyrotoxicosis"].tolist() == [0, 1, 0, 0]
    assert corrected["thyrotoxicosis"].tolist() == [1, 0, 0, 0]
    assert printed["diabetes"].tolist() == [0, 0, 0, 0]
    assert corrected["diabetes"].tolist() == [0, 0, 1, 0]
    assert printed["rheumatoid_arthritis"].tolist() == [0, 0, 0, 0]
    assert corrected["rheumatoid_arthritis"].tolist() == [0, 0, 0, 1]


def test_an_encounter_after_a_traumatic_fracture_is_of_that_one(vertebral):
    table = rows(
        (0, "2017-01-01", "S22080A", "icd10"),
        (0, "2017-01-01", "V4352XA", "icd10"),
        (0, "2017-03-01", "S22080D", "icd10"),
        (1, "2017-03-01", "S22080D", "icd10"),  # of a fracture that is not in the record
    )
    assert vertebral.classify(table)["kind"].tolist() == ["traumatic", "traumatic", "follow-up encounter"]


def test_code_systems_and_composites_that_are_none_are_told():
    with pytest.raises(ConfigError, match="icd11"):
        FractureCodes("x", {"icd11": ["A"]}, {}, [])
    with pytest.raises(ConfigError, match="ICD10"):
        CodeSet({"diabetes": {"ICD10": ["E11"]}})
    for system, code in [("icd9", "820-821"), ("icd10", "M80*"), ("icd10", ""), ("icd9", "M80")]:
        with pytest.raises(ConfigError, match="is no code of"):
            CodeSet({"fracture": {system: ["805", code] if system == "icd9" else [code]}})
    with pytest.raises(ConfigError, match="the code 34 is no text"):
        CodeSet({"hiv": {"icd9": [34]}})
    with pytest.raises(ConfigError, match="celiac"):
        CodeSet({"diabetes": {"icd10": ["E11"]}}, {"either": ["diabetes", "celiac"]})


def doubtful(*entries: tuple[int, str, str, str | None]) -> pd.DataFrame:
    table = pd.DataFrame(entries, columns=["person", "date", "until", "code"]).assign(code_system="icd10")
    return table.astype({"date": "datetime64[ns]", "until": "datetime64[ns]"})


def test_a_comorbidity_is_missing_where_only_a_doubtful_row_may_have_it():
    films = pd.DataFrame({"person": range(6), "film_date": pd.to_datetime(["2015-06-15"] * 6)})
    table = doubtful(
        (0, "2015-05-01", "2015-05-31", "E11"),  # before the film on any of its days
        (1, "2015-06-01", "2015-06-30", "E11"),
        (2, "2015-07-01", "2015-07-31", "E11"),
        (3, "2015-06-01", "2015-06-01", None),  # any code
        (4, "2015-06-01", "2015-06-30", "I10"),
        (5, "2015-06-01", "2015-06-30", "E11"),
        (5, "2014-06-01", "2014-06-01", "E119"),
    )
    codes = CodeSet(
        {"diabetes": {"icd10": ["E11"]}, "cushing": {"icd10": ["E24"]}}, {"either": ["diabetes", "cushing"]}
    )
    flags = codes.flags(films, table, None)
    assert flags["diabetes"].fillna(-1).tolist() == [1, -1, 0, -1, 0, 1]
    assert flags["either"].fillna(-1).tolist() == [1, -1, 0, -1, 0, 1]


def test_a_fracture_is_doubtful_if_its_cause_may_be_an_accident(vertebral):
    table = doubtful(
        (0, "2017-01-10", "2017-01-10", "S22080A"),
        (0, "2017-01-01", "2017-01-31", "V4352XA"),
        (1, "2017-01-10", "2017-01-10", "S22080A"),
        (1, "2017-02-01", "2017-02-28", "V4352XA"),
        (2, "2017-01-10", "2017-01-10", None),
    )
    found = vertebral.classify(table)
    assert found["person"].tolist() == [0, 1, 2] and found["sure"].tolist() == [False, True, False]
