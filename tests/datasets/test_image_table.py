from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import find
from bonerisk.config.tree import config_dir
from bonerisk.datasets.image_table import ImageTable
from bonerisk.errors import ConfigError, DataError

from .test_dicom_folder import write_film

Load = Callable[..., Cohort]
UNSAID = "Not said by files or table, and taken as wanted: the modality of {} films."


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a table given as text; its films are 01.png to 99.png, all different."""
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(1, 100):
        (folder / f"{number:02}.png").write_bytes(f"film {number}".encode())

    def loader(text: str, **options: Any) -> Cohort:
        (tmp_path / "films.csv").write_text(text, encoding="utf-8")
        return ImageTable(str(tmp_path / "films.csv"), str(folder), **options).load(tmp_path / "data")

    return loader


def refused(cohort: Cohort) -> set[tuple[int, str, str]]:
    return {(row.row, row.column, row.value) for row in cohort.rejected.itertuples()}


def test_a_european_spreadsheet(load: Load) -> None:
    text = "\ufeffPat;Bild;Alter;Sex;T;cm;weight_kg\r\n007;01.png;058Y;2;−2,5;160;64\r\n008;02;8M;1;-1,0;;\r\n"
    columns = {
        "patient_id": "Pat",
        "image_path": "Bild",
        "age_years": "Alter",
        "sex": "Sex",
        "t_score": "T",
        "height_cm": "cm",
    }
    cohort = load(text, columns=columns, female=2, male=1, split="external")
    table = cohort.table
    assert table["patient_id"].tolist() == ["007", "008"] and table["image_id"].tolist() == ["01.png", "02"]
    assert [Path(path).name for path in table["image_path"]] == ["01.png", "02.png"]
    assert table["age_years"].tolist() == pytest.approx([58, 8 / 12])
    assert table["sex"].tolist() == ["F", "M"] and table["split"].tolist() == ["external"] * 2
    assert table["bone_class"].tolist() == ["osteoporosis", "normal"]
    assert table["bmi_kg_m2"].tolist()[0] == pytest.approx(25.0) and pd.isna(table["bmi_kg_m2"][1])
    assert cohort.rejected.empty


GOOD = "".join(f"{n},{n}.png,60,F,-1\n" for n in range(12, 90))


def test_bad_values_refuse_their_rows_with_place_and_reason_and_the_rest_goes_on(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    cohort = load(
        "patient_id,image_path,age_years,sex,t_score\n"
        "1,01.png,121,F,-1\n"
        "2,02.png,-1,F,-1\n"
        "3,03.png,old,F,-1\n"
        "4,04.png,60,1,-1\n"
        "5,05.png,60,M,8.1\n"
        "6,06.png,60,M,-8.1\n"
        "7,lost.png,60,M,low\n"
        ",08.png,60,M,-1\n"
        "9,,60,M,-1\n"
        "10,10.png,60,M,-2,5\n"
        "11,11.png,120,F,8\n" + GOOD,
        split="external",
    )
    assert refused(cohort) == {
        (2, "age_years", "121"),
        (3, "age_years", "-1"),
        (4, "age_years", "old"),
        (5, "sex", "1"),
        (6, "t_score", "8.1"),
        (7, "t_score", "-8.1"),
        (8, "image_path", "lost.png"),
        (8, "t_score", "low"),
        (9, "patient_id", None),
        (10, "image_id", None),
        (10, "image_path", None),
        (11, "whole row", "10,10.png,60,M,-2,5"),
    }
    assert cohort.table["patient_id"].tolist() == ["11", *(str(n) for n in range(12, 90))]
    assert set(cohort.rejected["file"]) == {"films.csv"} and cohort.rejected["reason"].notna().all()
    assert cohort.flow.table[["kept", "dropped"]].values.tolist() == [[89, 0], [79, 10], [79, 0]]
    told = caplog.text
    assert "10 rows are refused" in told and "films.csv row 5, patient 4, column sex, value '1'" in told
    assert "dataset.female" in told


def test_a_refused_value_stands_under_the_users_own_column(load: Load) -> None:
    cohort = load("image_path,T-score\n01.png,99\n02.png,0\n", columns={"t_score": "T-score"}, split="test")
    assert refused(cohort) == {(2, "T-score", "99")}


def test_repeated_rows_lose_the_copies_and_contradictory_ones_all(load: Load) -> None:
    cohort = load(
        "patient_id,image_id,image_path,t_score,sex\n"
        "1,a,01.png,-1,F\n1,a,01.png,-1,F\n"
        "2,b,02.png,-1,F\n2,b,02.png,-0.5,F\n"
        "3,c,03.png,-1,F\n4,d,03.png,-1,F\n"
        "5,e,05.png,-1,F\n5,f,06.png,-1,M\n"
        "6,g,07.png,-1,\n6,h,08.png,-1,M\n"
        "7,i,09.png,-1,F\n7,i,09.png,-1,F\n7,i,09.png,-0.5,F\n7,i,09.png,-0.5,F\n"
        + "".join(f"{n},{n},{n}.png,-1,F\n" for n in range(10, 98))
        * 2,
        split="test",
    )
    assert cohort.table["image_id"].tolist()[:3] == ["a", "g", "h"] and len(cohort.table) == 91
    reasons = cohort.rejected.groupby("row")["reason"].first()
    assert reasons[3] == "a copy of row 2" and reasons[4] == "rows 4, 5 are of one film and differ"
    assert reasons[7] == "rows 6, 7 are of one film and differ" and reasons[8] == "the patient is both F and M"


def test_a_class_that_is_not_its_t_scores_is_refused_and_labels_alone_will_do(load: Load) -> None:
    text = "image_path,bone_class,t_score\n01.png,normal,-2\n02.png,Osteopenia,\n03.png,osteoporosis,-2.5\n04.png,2,\n"
    cohort = load(text, split="test")
    assert cohort.table["bone_class"].tolist() == ["low_bone_mass", "osteoporosis"]
    assert refused(cohort) == {(2, "bone_class", "normal"), (5, "bone_class", "2")}
    assert "t_score -2 means low_bone_mass" in cohort.rejected["reason"][0]
    alone = load(text, split="test", columns={"bone_class": None})
    assert alone.table["bone_class"].tolist() == ["low_bone_mass", None, "osteoporosis", None]


def test_without_patients_equal_films_are_one_and_a_warning_says_so(
    load: Load, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "films" / "03.png").write_bytes(b"film 1")
    cohort = load("image_path\n01.png\n02.png\n03.png\n", split="external")
    first, second, third = cohort.table["patient_id"]
    assert first == third != second
    assert "dataset.columns.patient_id" in cohort.notes[0] and "dataset.columns.patient_id" in caplog.text


def test_a_given_split_is_kept_and_its_mistakes_told_at_once(load: Load) -> None:
    good = "patient_id,image_path,split\n1,01.png,train\n2,02.png,Test\n"
    assert load(good).table["split"].tolist() == ["train", "test"]
    with pytest.raises(DataError) as caught:
        load(good + "1,03.png,test\n3,04.png,validation\n4,05.png,trian\n")
    told = str(caught.value)
    assert "1 (rows 2, 4)" in told and "did you mean tune?" in told and "did you mean train?" in told
    assert "dataset.columns.split=null" in told
    with pytest.raises(DataError, match=r"dataset\.columns\.split=null"):
        load(good, split="external")


def test_equal_patients_of_two_sites_may_be_in_two_splits(load: Load) -> None:
    text = "patient_id,image_path,split,site,sex\n1,01.png,train,a,F\n1,02.png,external,b,M\n"
    assert len(load(text).table) == 2


def test_random_split_and_the_site_without_a_column(load: Load) -> None:
    rows = [f"{i},{i:02}.png,{-1.5 if i % 2 else 0}" for i in range(1, 16)]
    text = "patient_id,image_path,t_score\n" + "\n".join(rows)
    table = load(text, name="clinic").table
    assert set(table["split"]) == {"train", "tune", "test"} and set(table["site"]) == {"clinic"}
    assert not load(text, split_seed=1).table["split"].equals(table["split"])


def test_age_limit_is_a_step_and_youth_a_note(load: Load) -> None:
    text = "patient_id,image_path,age_years,t_score\n1,01.png,49,-1\n2,02.png,50,-1\n3,03.png,,-1\n"
    cohort = load(text, split="test", min_age_years=50)
    assert cohort.table["patient_id"].tolist() == ["2"] and cohort.notes == (UNSAID.format(3),)
    assert (
        cohort.flow.table["step"].iloc[-1] == "age 50 or over" and "unknown (1)" in cohort.flow.table["reason"].iloc[-1]
    )
    assert "1 of 3 films are of patients under 50" in load(text, split="test").notes[0]
    with pytest.raises(DataError, match="age 90 or over"):
        load(text, split="test", min_age_years=90)


def test_labels_that_are_not_dxa_are_told(load: Load) -> None:
    cohort = load("patient_id,image_path\n1,01.png\n", split="test", reference_standard="a model's readings")
    labels = "The labels are not DXA measurements but: a model's readings."
    assert cohort.notes == (labels, UNSAID.format(1))


def test_a_table_that_does_not_say_how_bone_mass_was_measured_is_not_said_to_be_dxa(load: Load) -> None:
    text = "patient_id,image_path,t_score\n1,01.png,-1\n"
    silent = load(text, split="test")
    assert silent.reference_standard == "the table films.csv, which does not say how it was established"
    said = load(text, split="test", reference_standard="DXA")
    assert said.reference_standard == "DXA" and said.notes == (UNSAID.format(1),)


@pytest.mark.parametrize(("height", "weight", "fits"), [(31, 399, False), (160, 64, True), (249, 1, False)])
def test_a_derived_bmi_obeys_the_limits_of_a_given_one(load: Load, height: int, weight: int, fits: bool) -> None:
    cohort = load(f"image_path,height_cm,weight_kg\n01.png,{height},{weight}\n02.png,160,64\n", split="test")
    assert len(cohort.table) == 1 + fits and cohort.table["bmi_kg_m2"].iloc[-1] == pytest.approx(25)
    assert [*cohort.rejected["column"]] == ["bmi_kg_m2"] * (not fits)
    assert fits or cohort.rejected["reason"][0] == "outside 5 to 150, from height_cm and weight_kg"


def test_a_filter_leaves_out_films_that_are_not_looked_for(load: Load) -> None:
    text = "patient_id,image_path,sex,view,bad\n1,01.png,F,PA,\n2,lost.png,M,PA\n3,lost.png,M,AP,\n4,04.png,f,AP,\n"
    cohort = load(text, where="sex == 'F'", split="test")
    assert cohort.table["patient_id"].tolist() == ["1", "4"]
    assert cohort.rejected["column"].tolist() == ["whole row"]
    assert cohort.flow.table["kept"].tolist() == [4, 3, 2, 2]  # the last: their modality


def test_a_column_of_yes_and_no_comes_along_to_be_predicted(load: Load) -> None:
    rows = [f"{n},{n}.png,{'yes' if n % 3 else 'No'},{n % 2}.0,{n}" for n in range(10, 90)]
    cohort = load("\n".join(["patient_id,image_path,covid,died,size", *rows]), split=[0.7, 0.1, 0.2])
    assert set(cohort.table["covid"]) == {"yes", "No"} and "size" not in cohort.table
    assert find("covid", "COVID-19").rows(cohort).table["label"].tolist() == [int(n % 3 > 0) for n in range(10, 90)]
    assert find("died").rows(cohort).table["label"].sum() == 40


def test_covariates_are_those_named_and_z_scores_never_t_scores(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    text = (
        "patient_id,image_path,smoker,unit,z_score,dose\n1,01.png,1,GE,-3,5\n2,02.png,0,007,-3,n.d.\n3,03.png,0,,-3,6\n"
    )
    columns = {"smoker": "smoker", "unit": "unit", "dose_mg": "dose"}
    table = load(text, split="test", columns=columns).table
    assert table["smoker"].tolist() == [1.0, 0.0, 0.0] and table["unit"].tolist() == ["GE", "007", None]
    assert table["t_score"].isna().all() and "z_score" not in table
    assert "row 3, column dose, value 'n.d.'" in caplog.text


def test_columns_that_the_file_lacks_are_told_at_once_with_the_nearest(load: Load) -> None:
    with pytest.raises(DataError) as caught:
        load("Film,T-score,Age\n01.png,0,60\n", columns={"t_score": "T score", "age_years": "Age (years)"})
    told = str(caught.value)
    assert "did you mean dataset.columns.t_score=T-score?" in told
    assert "did you mean dataset.columns.age_years=Age?" in told
    assert "no column is named image_path" in told and "the table has Film, T-score, Age" in told


def test_a_name_with_blanks_is_shown_as_it_must_be_typed(load: Load) -> None:
    with pytest.raises(DataError, match=r"""did you mean 'dataset.columns.t_score="T score"'"""):
        load("image_path,T score\n01.png,0\n", columns={"t_score": "tscore"})


def test_wrong_options_are_told_at_once() -> None:
    columns = {"t_scroe": "T", "height": "H", "t_score": "Z-Score"}
    with pytest.raises(ConfigError) as caught:
        ImageTable("t.csv", ".", columns=columns, split="extern", name="a/b", female="1", male="1")
    told = str(caught.value)
    for part in (
        "columns.t_score=T?",
        "columns.height_cm=H?",
        "'Z-Score' looks like",
        "'extern'",
        "'a/b'",
        "cannot both be '1'",
    ):
        assert part in told
    with pytest.raises(ConfigError, match="add up to 1"):
        ImageTable("t.csv", ".", split=[0.5, 0.2, 0.2])


def test_no_usable_row_and_no_folder_are_errors(load: Load, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no row can be used:\nfilms.csv row 2, .*no such film"):
        load("image_path\nx.png\n")
    with pytest.raises(DataError, match=r"dataset\.image_root"):
        ImageTable(str(tmp_path / "films.csv"), str(tmp_path / "none")).load(tmp_path)


def test_hydra_can_hand_over_all_this() -> None:
    overrides = [
        "dataset=image_table",
        "dataset.table=t.csv",
        "dataset.image_root=.",
        "+dataset.columns.t_score=T-score",
    ]
    overrides += ['+dataset.columns.age_years="Age (years)"', "+dataset.columns.split=null", "dataset.female=2"]
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        options = dict(compose("prepare", [*overrides, "dataset.split=external"])["dataset"])
    assert options.pop("_target_") == "bonerisk.datasets.image_table.ImageTable"
    dataset = ImageTable(**options)
    assert dataset.columns == {"t_score": "T-score", "age_years": "Age (years)", "split": None}
    assert dataset.codes == {"2": "F"} and dataset.split == "external"


def test_real_films_of_nih(real_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    columns = {
        "image_path": "NIH_Image_Index",
        "sex": "Gender",
        "age_years": "Age",
        "view": "View",
        "t_score": "T-score",
    }
    folder = real_data / "opscan"
    cohort = ImageTable(str(folder / "label.csv"), str(folder / "png"), columns=columns).load(tmp_path)
    assert len(cohort.table) == 100 and cohort.rejected.empty
    assert cohort.table["age_years"][0] == 58 and cohort.table["t_score"][0] == -1.4
    counts = pd.crosstab(cohort.table["split"], cohort.table["bone_class"])
    assert counts.shape == (3, 3) and (counts > 0).all(axis=None)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3  # no patients; under 50; no modality


def test_real_films_of_hannover_named_without_suffix(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "hannover"
    options = {"columns": {"image_path": "image_id", "age_years": "age"}, "split": "external", "name": "hannover"}
    cohort = ImageTable(str(folder / "data.csv"), str(folder / "png"), **options).load(tmp_path)
    assert len(cohort.table) == 49 and cohort.table["patient_id"].nunique() == 38


def test_shuffled_labels_are_said_to_be(tmp_path: Path) -> None:
    rows = "".join(f"{n}.png,p{n},{-n / 10}\n" for n in range(20))
    (tmp_path / "t.csv").write_text("image_path,patient_id,t_score\n" + rows)
    for n in range(20):
        (tmp_path / f"{n}.png").write_bytes(b"film")
    plain, mixed = (
        ImageTable(str(tmp_path / "t.csv"), str(tmp_path), split="test", shuffle_labels=seed).load(tmp_path / "data")
        for seed in (None, 1)
    )
    assert sorted(mixed.table["t_score"]) == sorted(plain.table["t_score"])
    assert (mixed.table["t_score"] != plain.table["t_score"]).mean() > 0.7
    assert any("shuffled" in note for note in mixed.notes)


FOLLOWED = "patient_id,image_path,event,time_years,competing_event,finding_cardiomegaly,finding_fracture\n"


def test_films_have_follow_up_and_findings(load: Load) -> None:
    text = FOLLOWED + "1,01.png,1,365.25,0,Yes,1\n2,02.png,no,730.5,1,No,0\n3,03.png,,,,TRUE,\n"
    cohort = load(text, time_unit="days", split="external")
    table = cohort.table
    assert table["time_years"].tolist()[:2] == [1, 2] and table["event"].tolist()[:2] == [1, 0]
    assert table["competing_event"].tolist()[:2] == [0, 1]
    assert table["event"].isna().tolist() == [False, False, True]  # it stays, for what needs no follow-up
    assert table["finding_cardiomegaly"].tolist() == [1, 0, 1] and table["finding_fracture"].dtype == "float64"


def test_follow_up_that_cannot_be_is_refused_with_its_rows(load: Load) -> None:
    rows = "1,01.png,1,-3,0,1,0\n2,02.png,1,0,0,1,0\n3,03.png,1,5,1,1,0\n4,04.png,0,5,0,maybe,0\n5,05.png,0,5,0,1,0\n"
    cohort = load(FOLLOWED + rows, split="external")
    found = {(2, "time_years", "-3"), (3, "time_years", "0"), (4, "competing_event", "1")}
    assert refused(cohort) == found | {(5, "finding_cardiomegaly", "maybe")}
    assert cohort.table["patient_id"].tolist() == ["5"]


@pytest.mark.parametrize(
    ("header", "rows", "options", "message"),
    [
        ("event", [[2], [1], [1]], {}, "in R's Surv 2 is the event"),
        ("event,time_years", [[1, 400], [0, 800], [0, 900]], {}, "dataset.time_unit=days"),
        ("time_years", [[1], [2], [3]], {}, "time_years, but no event"),
    ],
    ids=str,
)
def test_follow_up_of_another_code_or_unit_stops(
    load: Load, header: str, rows: list[list[int]], options: dict[str, Any], message: str
) -> None:
    lines = [f"{n},{n:02}.png,{','.join(map(str, row))}" for n, row in enumerate(rows * 4, start=1)]
    with pytest.raises(DataError, match=message):
        load("\n".join([f"patient_id,image_path,{header}", *lines]), **options)
    with pytest.raises(ConfigError, match="did you mean days"):
        load("patient_id,image_path\n1,01.png\n", time_unit="day")


def test_patients_with_the_event_are_in_every_split(load: Load) -> None:
    lines = [f"{n},{n:02}.png,{int(n < 4)},{n}" for n in range(1, 16)]
    table = load("\n".join(["patient_id,image_path,event,time_years", *lines]), split=[0.4, 0.3, 0.3]).table
    assert table.groupby("split")["event"].sum().to_dict() == {"train": 1, "tune": 1, "test": 1}


def test_only_radiographs_of_the_wanted_view_are_films(load: Load, tmp_path: Path) -> None:
    headers = [
        {"Modality": "CR", "ViewPosition": "PA"},
        {"Modality": "CT"},
        {"Modality": "DX", "SOPClassUID": CTImageStorage},  # the tag errs
        {"Modality": "CR", "ViewPosition": "LL", "SOPClassUID": SecondaryCaptureImageStorage},
        {"Modality": "OT", "SOPClassUID": SecondaryCaptureImageStorage},  # of a screen, or a test pattern
        {"Modality": "", "ViewPosition": "PA"},
        {"Modality": "DX", "ViewPosition": "AP"},
    ]
    for number, header in enumerate(headers):
        write_film(tmp_path / "films" / f"{number}.dcm", **({"ViewPosition": ""} | header))
    text = "image_path,view\n" + "".join(f"{number}.dcm,{'PA' if number == 6 else ''}\n" for number in range(7))
    text += "01.png,\n"
    cohort = load(text, split="test")
    assert cohort.table["image_id"].tolist() == ["0.dcm", "3.dcm", "5.dcm", "6.dcm", "01.png"]
    assert cohort.table["view"].tolist() == ["PA", "LATERAL", "PA", "PA", None]
    steps = cohort.flow.table.set_index("step")
    assert steps.loc["modality CR, DX, DR, RG", ["kept", "dropped", "reason"]].tolist() == [5, 3, "CT (2), OT (1)"]
    assert cohort.notes[1:] == (
        UNSAID.format(2),
        "The films show several views: PA (3), LATERAL (1); 'dataset.view=[PA]' keeps one.",
    )
    cohort = load(text, split="test", view=["PA"])
    assert cohort.table["image_id"].tolist() == ["0.dcm", "5.dcm", "6.dcm", "01.png"]
    assert cohort.flow.table["reason"].iloc[-1] == "LATERAL (1)"
    assert cohort.notes[1] == UNSAID.format(2)[:-1] + " and the view of 1 films."
    assert len(load(text, split="test", modality=[]).table) == 8
    notes = load(text, split="test", modality=["MG"]).notes
    assert "No film says that its modality is MG, only others: CR (2), CT (2), OT (1), DX (1)." in notes
    with pytest.raises(DataError, match=r"no film is of modality DX: CR \(1\)") as caught:
        load("image_path\n0.dcm\n", split="test", modality=["DX"])
    assert "dataset.modality=[CR]" in str(caught.value)


def test_films_outside_the_folder_are_refused(load: Load, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "film.png").write_bytes(b"beside")
    (tmp_path / "films" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "films" / "folder").symlink_to(tmp_path / "beside")
    (tmp_path / "films" / "again.png").symlink_to("05.png")
    names = ["../secret.png", str(tmp_path / "secret.png"), "link.png", "folder/film.png"]
    good = [f"{number:02}.png" for number in range(1, 5)]
    inside = ["again.png", str(tmp_path / "films" / "06.png"), "../films/07.png"]
    cohort = load("\n".join(["image_path,t_score", *(f"{name},-1" for name in [*names, *good, *inside])]))
    assert set(cohort.rejected["value"]) == set(names)
    assert cohort.rejected["reason"].str.contains("outside dataset.image_root").all()
    assert len(cohort.table) == 7
