from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from bonerisk.config.build import build
from bonerisk.config.check import check
from bonerisk.errors import BoneriskError, ConfigError, DataError

HEADER = {
    "Modality": "DX",
    "ViewPosition": "PA",
    "BodyPartExamined": "CHEST",
    "PatientSex": "F",
    "PatientBirthDate": "19500101",
    "PatientName": "Geheim^Anna",
    "AccessionNumber": "ACC-777",
    "StationName": "STATION9",
    "InstitutionName": "City Hospital",
    "AcquisitionDate": "20150301",
    "AcquisitionTime": "101500",
}


def write_film(path: Path, **header: object) -> str:
    """A small DICOM film; its SOPInstanceUID."""
    meta = FileMetaDataset()
    uid = generate_uid(entropy_srcs=[str(path)])
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = DigitalXRayImageStorageForPresentation, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = DigitalXRayImageStorageForPresentation, uid
    for name, value in (HEADER | header).items():
        setattr(film, name, value)
    film.Rows, film.Columns, film.SamplesPerPixel = 64, 64, 1
    film.PhotometricInterpretation, film.PixelRepresentation = "MONOCHROME2", 0
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 12, 11
    pixels = np.random.default_rng(abs(hash(str(path))) % 2**32).integers(0, 4096, (64, 64), dtype=np.uint16)
    film.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    film.save_as(path, enforce_file_format=True)
    return uid


@pytest.fixture
def archive(tmp_path) -> Path:
    """Films of three patients in a tree with blanks and Korean letters, and a table of DXA."""
    films = tmp_path / "archive of 서울"
    write_film(films / "Geheim Anna" / "1.dcm", PatientID="00123")
    write_film(films / "Geheim Anna" / "2.dcm", PatientID="00123", AcquisitionDate="20150401")
    write_film(films / "b" / "3", PatientID="7", AccessionNumber="ACC-778")
    write_film(films / "b" / "4", PatientID="8", ViewPosition="", SeriesDescription="Thorax p.a.", PatientSex="M")
    (films / "readme.txt").write_text("no film")
    (tmp_path / "dxa.csv").write_text(
        "\ufeffID;Tag;L1-L4;Hals\n00123;05.03.2015;−2,1;-1,5\n7;31.12.2014;-0,5;-0,4\n8;01.03.2015;0,2;0,1\n9;01.01.2015;1;1\n"
    )
    return tmp_path


def dataset(place: Path, *overrides: str):
    texts = ["dataset=dicom_folder", f"dataset.image_root='{place / 'archive of 서울'}'", *overrides]
    return build(check("prepare", texts, multirun=False).dataset)


def with_dxa(place: Path) -> list[str]:
    columns = {"patient_id": "ID", "date": "Tag", "lumbar_spine": "L1-L4", "femoral_neck": "Hals"}
    named = [f'dataset.columns.dxa.{ours}="{theirs}"' for ours, theirs in columns.items()]
    return [
        "dataset.rules.split=train",
        f"dataset.tables.dxa='{place / 'dxa.csv'}'",
        "dataset.date_formats.dxa='%d.%m.%Y'",
        *named,
    ]


def test_films_and_readings_meet(archive):
    cohort = dataset(archive, *with_dxa(archive)).load(archive / "data")
    table = cohort.table.sort_values("t_score")
    assert table["t_score"].tolist() == [-2.1, -0.5, 0.1]
    assert table["bone_class"].tolist() == ["low_bone_mass", "normal", "normal"]
    assert table["dxa_days"].tolist() == [4, -60, 0]
    assert table["sex"].tolist() == ["F", "F", "M"]
    assert table["age_years"].tolist() == [65.1] * 3
    assert cohort.links.set_index("table").loc["dxa", ["linked_rows", "unlinked_rows"]].tolist() == [3, 1]
    assert all(Path(path).is_file() for path in table["image_path"])


def test_nothing_that_tells_of_a_person_is_in_the_cohort(archive):
    cohort = dataset(archive, *with_dxa(archive)).load(archive / "data")
    told = pd.concat([cohort.table.astype(str), cohort.rejected.astype(str)]).to_csv() + " ".join(cohort.notes)
    for planted in ("00123", "Geheim", "ACC-77", "STATION9", "1950-01-01", "19500101", "2015", "1.2.826"):
        assert planted not in told, planted
    key = pd.read_csv(archive / "data" / "dicom_folder" / "key.csv", dtype=str)
    assert set(key["original_patient_id"]) == {"00123", "7", "8"}


def test_the_salt_stays_and_gives_the_same_pseudonyms(archive):
    first = dataset(archive, *with_dxa(archive)).load(archive / "data").table
    again = dataset(archive, *with_dxa(archive)).load(archive / "data").table
    other = dataset(archive, *with_dxa(archive)).load(archive / "elsewhere").table
    assert first["patient_id"].tolist() == again["patient_id"].tolist()
    assert not set(first["patient_id"]) & set(other["patient_id"])


def test_a_row_that_cannot_be_used_is_listed_in_full_only_where_identifiers_stay(archive):
    with (archive / "dxa.csv").open("a") as file:
        file.write("00123;31.02.2015;-1;-1\n")
    cohort = dataset(archive, *with_dxa(archive)).load(archive / "data")
    row = cohort.rejected.iloc[0]
    assert (row["file"], row["row"], row["column"]) == ("dxa.csv", 6, "Tag")
    assert row["value"] is None
    full = pd.read_csv(archive / "data" / "dicom_folder" / "rejected.csv", dtype=str)
    assert full[["patient_id", "value"]].iloc[0].tolist() == ["00123", "31.02.2015"]


def test_sites_are_told_apart_by_the_institution(archive):
    write_film(archive / "archive of 서울" / "c.dcm", PatientID="7", InstitutionName="Other Hospital")
    given = [*with_dxa(archive), "dataset.rules.pair.required=false"]
    with pytest.raises(DataError, match="Other Hospital"):
        dataset(archive, *given, "dataset.sites.here='City Hospital'").load(archive / "data")
    sites = [
        "dataset.sites.here='City Hospital'",
        "dataset.sites.there='Other Hospital'",
        "dataset.external_sites=[there]",
    ]
    with pytest.raises(DataError, match="two sites"):  # patient 7 is there, and nobody says of which the reading is
        dataset(archive, *given, *sites).load(archive / "data")
    lines = (archive / "dxa.csv").read_text().splitlines()
    (archive / "dxa.csv").write_text("\n".join([f"{lines[0]};Haus", *(f"{line};here" for line in lines[1:])]) + "\n")
    table = dataset(archive, *given, *sites, "dataset.columns.dxa.site=Haus").load(archive / "data").table
    there = table[table["site"] == "there"]
    assert there["split"].tolist() == ["external"]
    assert there["t_score"].isna().all()


def test_a_table_without_rows_is_told(archive):
    (archive / "dxa.csv").write_text("ID;Tag;L1-L4;Hals\n")
    with pytest.raises(DataError, match="no rows") as caught:
        dataset(archive, *with_dxa(archive)).load(archive / "data")
    assert "dxa.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("dataset.tables.dax=x.csv", "did you mean dxa"),
        ("dataset.columns.dxa.t_score=Z-score", "Z-score"),
        ("dataset.views.PA='('", "regular expression"),
        ("dataset.administrative_end=2015", "YYYY-MM-DD"),
        ("dataset.date_format='%y-%m-%d'", "date"),
        ("dataset.rules.split=bmd", "bmd_within_1y"),
        ("dataset.rules.index.train=last", "nearest_dxa"),
        ("dataset.name='../x'", "name"),
    ],
)
def test_a_wrong_setting_is_told(archive, override, words):
    with pytest.raises(BoneriskError, match=words) as caught:
        dataset(archive, *with_dxa(archive), override).load(archive / "data")
    assert isinstance(caught.value, ConfigError)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        dataset(tmp_path).load(tmp_path / "data")


def test_a_folder_without_a_film_is_told(tmp_path):
    (tmp_path / "archive of 서울").mkdir()
    (tmp_path / "archive of 서울" / "1.txt").write_text("no film")
    with pytest.raises(DataError, match="no DICOM image: 1 files") as caught:
        dataset(tmp_path).load(tmp_path / "data")
    assert "archive of 서울" in str(caught.value.where) and "dataset=image_table" in caught.value.mend


def test_where_a_rule_leaves_no_film_its_key_is_told(archive):
    with pytest.raises(DataError, match="no film is left after the step “view LATERAL”") as caught:
        dataset(archive, *with_dxa(archive), "dataset.rules.view=[LATERAL]").load(archive / "data")
    assert "dataset.rules.view=[] keeps all" in str(caught.value)


def test_a_film_dated_after_death_is_refused(archive):
    (archive / "ends.csv").write_text(
        "patient_id,last_contact,death_date\n00123,2019-01-01,\n7,,2014-06-01\n8,2019-01-01,\n"
    )
    (archive / "codes.csv").write_text(
        "patient_id,date,code,code_system\n00123,2016-01-01,M80.08XA,ICD-10\n8,2016-01-01,I10,10\n"
    )
    tables = [
        f"dataset.tables.follow_up='{archive / 'ends.csv'}'",
        f"dataset.tables.diagnoses='{archive / 'codes.csv'}'",
    ]
    cohort = dataset(archive, "dataset/rules=aicxr", "dataset.rules.split=train", *tables).load(archive / "data")
    assert sorted(cohort.table["event"]) == [0, 1, 1]
    assert cohort.rejected["reason"].tolist() == ["the film is dated after the patient's death"]


def test_an_external_site_that_is_none_is_told(archive):
    with pytest.raises(ConfigError, match="there_is"):
        dataset(archive, "dataset.sites.here='City Hospital'", "dataset.external_sites=[there_is]")


def test_a_film_of_no_institution_is_listed_and_a_folder_closed_to_others(archive):
    write_film(archive / "archive of 서울" / "c.dcm", PatientID="7", InstitutionName="")
    cohort = dataset(archive, *with_dxa(archive), "dataset.sites.here='City Hospital'").load(archive / "data")
    assert "the header names no institution" in cohort.rejected["reason"].tolist()
    assert (archive / "data" / "dicom_folder").stat().st_mode & 0o077 == 0


def test_a_path_that_is_no_utf8_can_be_used(archive):
    source = next((archive / "archive of 서울" / "b").iterdir())
    name = os.fsencode(str(archive / "archive of 서울")) + b"/\xff\xfe.dcm"
    source.rename(os.fsdecode(name))
    cohort = dataset(archive, *with_dxa(archive)).load(archive / "data")
    assert len(cohort.table) == 3
    assert dataset(archive, *with_dxa(archive)).load(archive / "data").table.equals(cohort.table)


def test_an_institution_without_films_that_count_needs_no_name(archive):
    films = archive / "archive of 서울"
    write_film(films / "c" / "ct", PatientID="9", InstitutionName="Scanner Ltd", Modality="CT")
    write_film(films / "c" / "side", PatientID="9", InstitutionName="Side Ltd", ViewPosition="LL")
    named = 'dataset.sites.a="City Hospital"'
    cohort = dataset(archive, *with_dxa(archive), named).load(archive / "data")
    assert set(cohort.table["site"]) == {"a"} and len(cohort.table) == 3
    assert cohort.rejected["reason"].str.contains("without name in dataset.sites").sum() == 2
    with pytest.raises(DataError, match=r"does not name: Side Ltd\n"):
        dataset(archive, *with_dxa(archive), named, "dataset.rules.view=[PA,LATERAL]").load(archive / "data")


def test_the_errors_of_all_tables_are_told_at_once(archive):
    (archive / "codes.csv").write_text("patient,date,code,code_system\n1,2015-01-01,M80,10\n")
    (archive / "ends.csv").write_text("patient_id,last\n1,2019-01-01\n")
    tables = [
        f"dataset.tables.{kind}='{archive / file}.csv'"
        for kind, file in (("diagnoses", "codes"), ("follow_up", "ends"))
    ]
    with pytest.raises(DataError) as caught:
        dataset(archive, *tables, "dataset.rules.split=train").load(archive / "data")
    assert "dataset.columns.diagnoses.patient_id" in str(caught.value)
    assert "dataset.columns.follow_up.last_contact" in str(caught.value)


def test_where_nothing_is_left_the_refusals_are_told_and_written(archive, typed):
    (archive / "few").mkdir()
    for number in range(3):
        write_film(archive / "few" / str(number), PatientID="", AcquisitionDate="21800101" if number else "20150101")
    code, _, err = typed(archive, "prepare", "dataset=dicom_folder", "dataset.image_root=few")
    assert code == 3 and "the header has no PatientID" in err and "dataset.dates_until=2215-12-31" in err
    assert len(pd.read_csv(archive / "data" / "dicom_folder" / "rejected.csv")) == 3
    (written,) = (archive / "outputs").rglob("rejected.csv")
    assert len(pd.read_csv(written)) == 3

    (archive / "bad.csv").write_text("image_path\nx.dcm\ny.dcm\n")
    code, _, err = typed(archive, "prepare", "dataset=image_table", "dataset.table=bad.csv", "dataset.image_root=few")
    assert code == 3 and "no such film" in err
    (written,) = (archive / "outputs" / "prepare" / "image_table").rglob("rejected.csv")
    assert pd.read_csv(written)["row"].tolist() == [2, 3]

    (archive / "few" / "x.dcm").write_bytes(b"no film")
    given = ["dataset=image_table", "dataset.table=bad.csv", "dataset.image_root=few", "dataset.split=test"]
    given.append("preprocessing=aicxr")
    code, _, err = typed(archive, "prepare", *given, "paths.outputs=again")
    assert code == 3 and "neither DICOM nor PNG nor JPEG (1)" in err
    (written,) = (archive / "again").rglob("rejected.csv")
    reasons = ["no such film in few", "the file is neither DICOM nor PNG nor JPEG"]
    assert pd.read_csv(written)["reason"].tolist() == reasons


def test_dates_that_were_shifted_are_accepted_with_a_last_day(archive):
    for path in (archive / "archive of 서울").rglob("*"):
        if path.is_file() and path.suffix != ".txt":
            path.unlink()
    write_film(
        archive / "archive of 서울" / "1", PatientID="00123", AcquisitionDate="22050301", PatientBirthDate="21400101"
    )
    (archive / "dxa.csv").write_text("patient_id,date,lumbar_spine\n00123,2205-03-05,-2\n")
    given = [f"dataset.tables.dxa='{archive / 'dxa.csv'}'", "dataset.rules.split=train"]
    table = dataset(archive, *given, "dataset.dates_until=2215-12-31").load(archive / "data").table
    assert table["dxa_days"].tolist() == [4] and table["age_years"].tolist() == [65.1]
    with pytest.raises(ConfigError, match="no date from 1678 to 2262"):
        dataset(archive, *given, "dataset.dates_until=2999-12-31")
