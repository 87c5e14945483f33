from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bonerisk.cohort.refusals import Refusals
from bonerisk.errors import ConfigError, DataError
from bonerisk.hospital.doubt import EVER, is_sure
from bonerisk.hospital.kinds import KINDS
from bonerisk.hospital.placeholders import is_placeholder
from bonerisk.hospital.tables import read

Read = Callable[..., tuple[pd.DataFrame, Refusals]]


@pytest.fixture
def table(tmp_path: Path) -> Read:
    """Read a table given as text."""

    def reader(kind: str, text: str, **options: Any) -> tuple[pd.DataFrame, Refusals]:
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
        return read(kind, tmp_path / f"{kind}.csv", **options)

    return reader


def refused(refusals: Refusals) -> set[tuple[int, str]]:
    return {(row.row, row.column) for row in refusals.table.itertuples()}


def reasons(refusals: Refusals) -> dict[int, str]:
    return refusals.table.groupby("row")["reason"].agg("; ".join).to_dict()


def test_a_european_table_with_columns_of_its_own(table: Read) -> None:
    text = "\ufeffPAT_NO;Datum;LWS;Hals\r\n00123;31.05.2024;−2,5;-1,0\r\n00123;1.6.2024;;–0,5\r\n"
    columns = {"patient_id": "PAT_NO", "date": "Datum", "lumbar_spine": "LWS", "femoral_neck": "Hals"}
    found, refusals = table("dxa", text, columns=columns, date_format="%d.%m.%Y")
    assert found["patient_id"].tolist() == ["00123"] * 2 and found.index.tolist() == [2, 3]
    assert found["date"].tolist() == [pd.Timestamp(2024, 5, 31), pd.Timestamp(2024, 6, 1)]
    assert found["lumbar_spine"].tolist()[0] == -2.5 and found["femoral_neck"].tolist() == [-1, -0.5]
    assert refusals.table.empty


def test_the_dtypes_are_those_of_the_contract(table: Read) -> None:
    text = "patient_id,last_contact\n1,2020-01-01\n"
    found, _ = table("follow_up", text)
    assert found.dtypes.astype(str).to_dict() == {
        "patient_id": "object", "last_contact": "datetime64[ns]", "death_date": "datetime64[ns]", "unclear": "bool"
    }  # fmt: skip
    found, _ = table("patients", "patient_id,sex,birth_date,height_cm\n1,,,\n2,F,1950-01-01,160\n")
    assert found["sex"].tolist() == [None, "F"] and found["height_cm"].dtype == "float64"


@pytest.mark.parametrize(
    "cell", ["20190231", "31.05.2019", "05/31/2019", "1898-12-31", "2999-01-01", "43525", "20190228T", ""]
)
def test_what_is_no_day_that_can_be_is_refused_and_the_way_to_say_it_told(table: Read, cell: str) -> None:
    text = f"patient_id,date,code,code_system\n1,{cell},M80,10\n1,2019-02-28 10:30,M80,10\n1,20190228,M80,10\n"
    found, refusals = table("diagnoses", text)
    assert is_sure(found).tolist() == [False, True, True]
    assert found.loc[2, ["date", "until"]].tolist() == list(EVER)
    assert found.loc[3:, "date"].tolist() == [pd.Timestamp(2019, 2, 28)] * 2
    assert refused(refusals) == {(2, "date")}
    if cell:
        assert "YYYY-MM-DD" in reasons(refusals)[2] and "dataset.date_formats.diagnoses=" in reasons(refusals)[2]


def test_a_date_format_is_taken_at_its_word(table: Read) -> None:
    text = "patient_id,last_contact\n1,13/05/2019\n2,05/13/2019\n" + "".join(f"{n},05/13/2019\n" for n in range(3, 60))
    found, refusals = table("follow_up", text, date_format="%m/%d/%Y")
    assert found.loc[found["unclear"], "patient_id"].tolist() == ["1"] and set(reasons(refusals)) == {2}
    assert "written as %m/%d/%Y" in reasons(refusals)[2]


@pytest.mark.parametrize("cell", ["13/05/2019", "2019-05-13", "43890"])
def test_many_dates_of_another_format_stop_since_the_others_may_be_swapped(table: Read, cell: str) -> None:
    text = "patient_id,last_contact\n" + "".join(f"{n},{cell if n % 10 < 3 else '05/06/2019'}\n" for n in range(50))
    with pytest.raises(DataError, match="15 of 50 dates of column last_contact are not written as %m/%d/%Y"):
        table("follow_up", text, date_format="%m/%d/%Y")


def test_a_finding_that_is_no_flag_is_refused(table: Read) -> None:
    found, refusals = table("reports", "accession,finding_fracture\na,positive\nb,yes\n")
    assert found["accession"].tolist() == ["b"]
    assert "dataset.columns.reports.finding_fracture=null" in reasons(refusals)[2]


@pytest.mark.parametrize("layout", ["%d.%m.%y", "%Y-%M-%d", "%Y", "DD.MM.YYYY", "%x", "%-d.%m.%Y"])
def test_a_date_format_that_leaves_something_to_guess_is_an_error(table: Read, layout: str) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.date_formats\.dxa"):
        table("dxa", "patient_id,date,lumbar_spine\n1,2020-01-01,0\n", date_format=layout)


def test_codes_and_their_systems(table: Read) -> None:
    text = (
        "patient_id,date,code,code_system\n"
        "1,20200101,v58.65,ICD-9-CM\n1,20200101, m80.08 xa ,ICD10\n1,20200101,0380,9.0\n1,20200101,M90.0*,icd-10\n"
        "1,20200101,E885.9,9\n"
    )
    found, refusals = table("diagnoses", text)
    assert found["code"].tolist() == ["V5865", "M8008XA", "0380", "M900", "E8859"]
    assert found["code_system"].tolist() == ["icd9", "icd10", "icd9", "icd10", "icd9"] and refusals.table.empty
    drugs, _ = table(
        "drugs", "patient_id,date,code,code_system\n1,20200101,h02ab06,ATC\n1,20200101,Alendronic  Acid,name\n"
    )
    assert drugs["code"].tolist() == ["H02AB06", "alendronic acid"]


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("4.01E+02", "icd9"),
        ("8.1", "icd9"),
        ("2500.0", "icd9"),
        ("M80.08", "icd9"),
        ("733.13", "icd10"),
        ("E885.9", "icd10"),
        ("M80-M85", "icd10"),
        ("M80 M81", "icd10"),
        ("fracture", "icd10"),
        ("M80", "SNOMED"),
        ("M80", "ATC"),
        ("M80", ""),
        ("", "icd10"),
    ],
)
def test_a_code_that_is_none_of_its_system_is_refused(table: Read, code: str, system: str) -> None:
    text = f"patient_id,date,code,code_system\n1,20200101,{code},{system}\n1,20200101,M80,10\n"
    found, refusals = table("diagnoses", text)
    assert set(reasons(refusals)) == {2}
    assert found["code"].isna().to_dict() == {2: True, 3: False} if code else found.index.tolist() == [3]
    if not system:
        assert "V5865 means one thing" in reasons(refusals)[2]


def test_a_system_can_be_said_for_the_whole_table_and_never_covers_another(table: Read) -> None:
    bare = "patient_id,date,code\n1,20200101,M80\n"
    assert table("diagnoses", bare, code_system="ICD-10")[0]["code_system"].tolist() == ["icd10"]
    with pytest.raises(DataError, match="no column is named code_system"):
        table("diagnoses", bare)
    with pytest.raises(ConfigError, match=r"dataset\.code_systems\.diagnoses"):
        table("diagnoses", bare, code_system="ATC")
    mixed = "patient_id,date,code,code_system\n1,20200101,M80,\n1,20200101,V5865,9\n"
    assert table("diagnoses", mixed, code_system="icd10")[0]["code_system"].tolist() == ["icd10", "icd9"]


def test_columns_are_told_with_the_key_of_their_table(table: Read) -> None:
    text = "PAT,Date\n1,2020-01-01\n"
    with pytest.raises(DataError) as caught:
        table("follow_up", text, columns={"patient_id": "PATIENT", "death_date": "date"})
    told = str(caught.value)
    assert "did you mean dataset.columns.follow_up.patient_id=PAT?" in told
    assert "did you mean dataset.columns.follow_up.death_date=Date?" in told
    with pytest.raises(
        DataError, match=r"no column is named patient_id[\s\S]*dataset\.columns\.follow_up\.patient_id="
    ):
        table("follow_up", text)
    with pytest.raises(DataError, match=r"no column last_contact, or death_date[\s\S]*dataset\.columns\.follow_up"):
        table("follow_up", "patient_id\n1\n")


def test_misspelt_names_of_ours_are_errors_and_covariates_are_for_patients_and_reports(table: Read) -> None:
    with pytest.raises(ConfigError, match=r"did you mean dataset\.columns\.diagnoses\.code_system=X\?"):
        table("diagnoses", "a\n1\n", columns={"code_sytem": "X"})
    with pytest.raises(ConfigError, match=r"there is no column 'smoker'[\s\S]*one of site, patient_id"):
        table("diagnoses", "a\n1\n", columns={"smoker": "X"})
    with pytest.raises(ConfigError, match="looks like a Z-score"):
        table("dxa", "a\n1\n", columns={"femoral_neck": "neck_z"})
    with pytest.raises(ConfigError, match="'view' is already a column of the films"):
        table("patients", "a\n1\n", columns={"view": "a"})
    found, _ = table("patients", "patient_id,S,Unit\n1,yes,007\n2,no,\n", columns={"smoker": "S", "unit": "Unit"})
    assert found["smoker"].tolist() == [1.0, 0.0] and found["unit"].tolist() == ["007", None]


@pytest.mark.parametrize("theirs", ["Z", "z_neck", "Neck Z-Score", "NeckZ", "FN zscore", "Z value"])
def test_no_spelling_of_a_z_score_passes(table: Read, theirs: str) -> None:
    with pytest.raises(ConfigError, match="Z-score"):
        table("dxa", "a\n1\n", columns={"femoral_neck": theirs})


def test_a_column_of_ours_can_be_left_out(table: Read) -> None:
    found, _ = table("patients", "patient_id,sex\n1,x\n", columns={"sex": None})
    assert list(found) == ["patient_id"]


def test_the_end_of_follow_up(table: Read) -> None:
    text = (
        "patient_id,last_contact,death_date\n1,2020-01-01,\n2,2020-01-01,2020-02-01\n3,,2020-03-01\n"
        "4,2020-05-01,2020-04-01\n5,,\n6,2020-01-01,\n6,,2020-02-01\n7,2020-01-01,\n7,2020-01-02,\n8,2020-01-01,\n8,2020-01-01,\n"
    )
    found, refusals = table("follow_up", text)
    days = {row.patient_id: f"{row.last_contact:%m%d}" for row in found[~found["unclear"]].itertuples()}
    assert set(found.loc[found["unclear"], "patient_id"]) == {"4", "7"}  # may be dead or alive
    assert days == {"1": "0101", "2": "0201", "3": "0301", "6": "0201", "8": "0101"}
    told = reasons(refusals)
    assert "after the patient's death" in told[5] and told[6] == "missing" and told[12] == "a copy of row 11"
    assert told[9] == told[10] == "rows 9 and 10 of one patient disagree"


def test_a_table_of_deaths_alone_has_none_for_the_living(table: Read) -> None:
    found, refusals = table("follow_up", "patient_id,death_date\n1,\n2,2020-01-01\n")
    assert found["death_date"].isna().tolist() == [True, False] and refusals.table.empty


def test_a_patient_with_two_sexes_or_birth_dates_is_refused_and_copies_are_listed(table: Read) -> None:
    text = (
        "site,patient_id,sex,birth_date\na,1,F,1950-01-01\na,1,M,1950-01-01\na,2,F,1950-01-01\na,2,F,1950-02-01\n"
        "a,3,F,1950-01-01\na,3,F,1950-01-01\na,4,F,\na,4,,1960-01-01\nb,1,M,1950-01-01\n,5,F,\n"
    )
    found, refusals = table("patients", text)
    assert list(zip(found["site"], found["patient_id"], strict=True)) == [("a", "3"), ("a", "4"), ("b", "1")]
    assert found.loc[8, "sex"] == "F" and found.loc[8, "birth_date"] == pd.Timestamp(1960, 1, 1)
    told = reasons(refusals)
    assert told[2] == told[3] == "rows 2 and 3 of one patient disagree"
    assert told[4] == "rows 4 and 5 of one patient disagree" and told[7] == "a copy of row 6" and told[11] == "missing"
    assert refused(refusals) >= {(2, "sex"), (4, "birth_date"), (11, "site")}


def test_values_of_patients_are_checked(table: Read, caplog: pytest.LogCaptureFixture) -> None:
    text = "patient_id,sex,height_cm,weight_kg,dose\n1,2,160,60,5\n2,1,1.6,60,n.d.\n3,F,x,60,6\n4,F,160,60,7\n"
    found, refusals = table("patients", text, columns={"dose_mg": "dose"})
    assert found["patient_id"].tolist() == ["4"] and len(reasons(refusals)) == 3
    assert "row 3, column dose" in caplog.text and caplog.records[0].levelno == logging.WARNING
    found, _ = table("patients", text, sexes={"1": "M", "2": "F"}, columns={"height_cm": None})
    assert found["sex"].tolist() == ["F", "M", "F", "F"]


def test_reports_by_image_or_accession(table: Read) -> None:
    columns = {"pacemaker": "pm", "cardiomegaly": "cm"}
    text = "image_id,accession,pm,cm\n1.2,a,0,Yes\n1.3,b,1,No\n,c,1,No\n1.3,b,0,No\n1.4,d,,No\n"
    found, refusals = table("reports", text, columns=columns)
    assert list(found) == ["image_id", "pacemaker", "cardiomegaly"] and found["image_id"].tolist() == ["1.2", "1.4"]
    assert found["cardiomegaly"].tolist() == [1.0, 0.0] and set(reasons(refusals)) == {3, 4, 5}
    found, _ = table("reports", text.replace("image_id", "uid"), columns=columns)
    assert found["accession"].tolist() == ["a", "c", "d"]


def test_ragged_rows_and_all_others_of_one_row_are_listed(table: Read) -> None:
    found, refusals = table("dxa", "patient_id,date,lumbar_spine\n1,2020-01-01,-2,5\n,x,y\n2,2020-01-01,-2\n")
    assert found.index.tolist() == [3, 4]  # refused rows of DXA may spoil their day
    assert refused(refusals) == {(2, "whole row"), (3, "patient_id"), (3, "date"), (3, "lumbar_spine")}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_tables_of_which_nothing_can_be_used_are_errors(table: Read, kind: str, tmp_path: Path) -> None:
    header = ",".join(column for column in KINDS[kind] if column != "t_score")
    with pytest.raises(DataError, match=f"no rows[\\s\\S]*{kind}.csv"):
        table(kind, f"{header}\n")
    with pytest.raises(DataError, match=f"no row can be used[\\s\\S]*{kind}.csv row 2"):
        table(kind, f"{header},x\n{',' * header.count(',')},1\n")
    with pytest.raises(DataError, match="a column twice"):
        table(kind, f"{header},x,x\n1\n")
    with pytest.raises(DataError, match=rf"can't be opened[\s\S]*dataset\.tables\.{kind}=FILE"):
        read(kind, tmp_path / "none.csv")


def test_findings_of_a_report_need_no_mapping_and_other_columns_do(tmp_path: Path) -> None:
    (tmp_path / "reports.csv").write_text("accession,finding_fracture,radiologist\na,yes,Dr X\nb,no,Dr Y\n")
    told, _ = read("reports", tmp_path / "reports.csv")
    assert told.columns.tolist() == ["accession", "finding_fracture"]
    assert told["finding_fracture"].tolist() == [1, 0]


def test_what_a_spreadsheet_made_of_an_identifier_is_refused(table: Read) -> None:
    found, refusals = table("patients", "patient_id,weight_kg\n1.23457E+11,60\n#REF!,61\n7,62\n")
    assert found["patient_id"].tolist() == ["7"] and refused(refusals) == {(2, "patient_id"), (3, "patient_id")}


def test_a_column_of_which_a_tenth_cannot_be_read_stops(table: Read) -> None:
    rows = "".join(f"{number},2020-01-01,-1.5\n" for number in range(20))
    odd = "".join(f"{number},2020-01-01,(2.5)\n" for number in range(20, 23))
    with pytest.raises(DataError, match=r"3 of 23 cells can't be read[\s\S]*lumbar_spine"):
        table("dxa", "patient_id,date,lumbar_spine\n" + rows + odd)


@pytest.mark.parametrize(
    ("cell", "layout", "first", "last"),
    [
        ("2017-03", None, "2017-03-01", "2017-03-31"),
        ("2017", None, "2017-01-01", "2017-12-31"),
        ("20160200", None, "2016-02-01", "2016-02-29"),
        ("2017-00-00", None, "2017-01-01", "2017-12-31"),
        ("03.2017", "%d.%m.%Y", "2017-03-01", "2017-03-31"),
        ("2/2017", "%m/%d/%Y", "2017-02-01", "2017-02-28"),
        ("2017", "%d.%m.%Y", "2017-01-01", "2017-12-31"),
    ],
)
def test_a_date_without_day_is_its_month_or_year(
    table: Read, cell: str, layout: str | None, first: str, last: str
) -> None:
    text = f"patient_id,date,code,code_system\n1,{cell},M80,10\n"
    found, refusals = table("diagnoses", text, date_format=layout)
    assert found[["date", "until"]].iloc[0].tolist() == [pd.Timestamp(first), pd.Timestamp(last)]
    assert refusals.table.empty


@pytest.mark.parametrize("cell", ["201703", "2017-13", "0000-00-00", "00000000", "2999", "17-03", "1.2017"])
def test_what_may_be_another_day_is_no_month(table: Read, cell: str) -> None:
    found, refusals = table("diagnoses", f"patient_id,date,code,code_system\n1,{cell},M80,10\n2,2017-03-04,M80,10\n")
    assert found.loc[2, ["date", "until"]].tolist() == list(EVER) and refused(refusals) == {(2, "date")}


def test_a_refused_row_of_nobody_is_no_doubt_about_anybody(table: Read) -> None:
    text = "patient_id,date,code,code_system\n#REF!,2017-03-04,X,10\n,2017-03-04,M80,10\n2,2017-03-04,M80,10\n"
    found, refusals = table("diagnoses", text)
    assert found["patient_id"].tolist() == ["2"] and set(reasons(refusals)) == {2, 3}


@pytest.mark.parametrize("cell", ["1900-01-01", "19020202", "1970-01-01", "9999-12-31", "00000000", "0001-01-01"])
def test_a_day_that_stands_for_an_unknown_one_is_no_day(table: Read, cell: str) -> None:
    text = f"patient_id,date,code,code_system\n1,{cell},M80,10\n2,2017-03-04,M80,10\n"
    found, refusals = table("diagnoses", text)
    assert found.loc[2, ["date", "until"]].tolist() == list(EVER)
    assert reasons(refusals) == {2: "a day that systems write for an unknown date"}
    found, refusals = table("patients", f"patient_id,birth_date,height_cm\n1,{cell},170\n2,1950-01-01,160\n")
    assert is_placeholder(found["birth_date"]).tolist() == [True, False]  # the height is known all the same
    assert refusals.table.empty
    found, _ = table("follow_up", f"patient_id,last_contact\n1,{cell}\n2,2017-03-04\n")
    assert found["unclear"].tolist() == [False, True]


def test_dates_in_the_future_need_a_setting(table: Read) -> None:
    text = "patient_id,date,lumbar_spine\n" + "".join(f"{n},2180-06-{n},-2.0\n" for n in range(10, 20))
    with pytest.raises(DataError, match="10 of 10 dates of column date lie after") as caught:
        table("dxa", text)
    assert "dataset.dates_until=2215-12-31" in str(caught.value)
    found, refusals = table("dxa", text, latest=pd.Timestamp(2215, 12, 31))
    assert len(found) == 10 and refusals.table.empty


@pytest.mark.parametrize("cell", ["2017-03-04T10:00:00+0000", "20170304 101500.0000", "2017-03-04T23:30:00-08:00"])
def test_a_date_with_a_time_is_that_day_where_it_was_written(table: Read, cell: str) -> None:
    found, refusals = table("follow_up", f"patient_id,last_contact\n1,{cell}\n")
    assert found["last_contact"].tolist() == [pd.Timestamp(2017, 3, 4)] and refusals.table.empty
