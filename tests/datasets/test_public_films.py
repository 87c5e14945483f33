"""ChestX-ray14 and CheXpert: their layouts in miniature, and the counts of their real tables."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bonerisk.cohort.table import Cohort
from bonerisk.datasets.chexpert import FINDINGS, CheXpert
from bonerisk.datasets.nih import Nih
from bonerisk.errors import ConfigError, DataError

NIH_V1 = (  # as its authors wrote it: commas within the names of columns, and one at the end of each row
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
)
NIH_ROWS = (  # labels, patient, age, sex, view
    ("Cardiomegaly|Pleural_Thickening", "1", "058Y", "M", "PA"),
    ("No Finding", "1", "059Y", "M", "PA"),
    ("No Finding", "2", "411Y", "F", "AP"),
    ("No Finding", "3", "012M", "F", "PA"),
    ("No Finding", "4", "003D", "F", "PA"),
    ("No Finding", "5", "050Y", "F", "AP"),
    ("No Finding", "6", "049Y", "F", "PA"),
    ("No Finding", "7", "099Y", "M", "PA"),
    ("No Finding", "8", "100Y", "M", "PA"),
    ("No Finding", "9", "077Y", "F", "PA"),
)
CHEXPERT_ROWS = (  # release/split/patient/view, sex, age, view, projection, No Finding, positive, uncertain
    ("train/patient00001/study1/view1_frontal.jpg", "Female", 68, "Frontal", "AP", 1, "Support Devices", ""),
    ("train/patient00001/study1/view2_lateral.jpg", "Female", 68, "Lateral", "", 1, "Support Devices", ""),
    ("train/patient00002/study1/view1_frontal.jpg", "Unknown", 70, "Frontal", "PA", 1, "", ""),
    ("train/patient00003/study1/view1_frontal.jpg", "Male", 71, "Frontal", "LL", 1, "", ""),
    ("train/patient00004/study2/view1_frontal.jpg", "Male", 49, "Frontal", "PA", 1, "", ""),
    ("train/patient00005/study1/view1_frontal.jpg", "Male", 90, "Frontal", "PA", "", "", "Fracture"),
    ("train/patient00006/study1/view1_frontal.jpg", "Male", 60, "Frontal", "PA", "", "Edema", "Fracture"),
)

Load = Callable[..., Cohort]


def steps(cohort: Cohort) -> dict[str, int]:
    return dict(zip(cohort.flow.table["step"], cohort.flow.table["kept"], strict=True))


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


@pytest.fixture
def nih(tmp_path: Path) -> Load:
    """Load the small table; its films lie in two folders, but for the last."""
    rows = [f"{n:08}_000.png,{a},0,{p},{age},{s},{v},9,9,1,1,\n" for n, (a, p, age, s, v) in enumerate(NIH_ROWS)]
    (tmp_path / "Data_Entry_2017.csv").write_text(NIH_V1 + "".join(rows), encoding="utf-8")
    for n in range(len(NIH_ROWS) - 1):
        touch(tmp_path / "nih" / f"images_{n % 2 + 1:03}" / "images" / f"{n:08}_000.png")

    def load(root: str = "nih", **options: Any) -> Cohort:
        return Nih(str(tmp_path / "Data_Entry_2017.csv"), str(tmp_path / root), **options).load(tmp_path / "data")

    return load


@pytest.fixture
def chexpert(tmp_path: Path) -> Load:
    """Load the small table of the small release; all its films are there."""
    header = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", "No Finding", *FINDINGS]
    lines = [",".join(header)]
    for path, sex, age, view, projection, none, positive, uncertain in CHEXPERT_ROWS:
        signs = ["1.0" if name == positive else "-1.0" if name == uncertain else "" for name in FINDINGS]
        lines.append(",".join(map(str, [f"CheXpert-v1.0-small/{path}", sex, age, view, projection, none, *signs])))
        touch(tmp_path / "CheXpert-v1.0-small" / path)
    (tmp_path / "train.csv").write_text("\n".join(lines), encoding="utf-8")

    def load(root: str = "", **options: Any) -> Cohort:
        return CheXpert(str(tmp_path / "train.csv"), str(tmp_path / root), **options).load(tmp_path / "data")

    return load


def test_normal_films_of_the_first_table(nih: Load) -> None:
    cohort = nih()
    assert steps(cohort) == {
        "rows of Data_Entry_2017.csv": 10,
        "label No Finding": 9,
        "age 50 or over and under 100": 4,
        "films are there": 3,
        "values can be used": 3,
    }
    assert cohort.table["age_years"].tolist() == [59, 50, 99] and cohort.table["view"].tolist() == ["PA", "AP", "PA"]
    assert cohort.flow.table["reason"][2] == "younger (3), older (1), impossible age (1)"
    assert cohort.rejected[["row", "patient_id", "value"]].to_numpy().tolist() == [
        [4, "2", "411Y"],
        [11, "9", "00000009_000.png"],
    ]
    assert set(cohort.table["split"]) == {"train"} and set(cohort.table["site"]) == {"nih"}
    assert cohort.table[["t_score", "bone_class"]].isna().all(axis=None) and "DXA" not in cohort.reference_standard


def test_all_films_and_ages(nih: Load) -> None:
    cohort = nih(normal="all", min_age_years=None, below_age_years=None, split="external", name="here")
    table = cohort.table
    assert table["age_years"].tolist() == pytest.approx([58, 59, 1, 3 / 365.25, 50, 49, 99, 100])
    found = table.iloc[0].filter(like="finding_")
    assert found[found == 1].index.tolist() == ["finding_cardiomegaly", "finding_pleural_thickening"]
    assert found.notna().all() and len(found) == 14
    assert set(table["site"]) == {"here"} and set(table["split"]) == {"external"}
    assert cohort.rejected["value"].tolist() == ["411Y", "00000009_000.png"]


def test_a_filter_a_view_and_one_flat_folder(nih: Load, tmp_path: Path) -> None:
    for n in range(len(NIH_ROWS)):
        touch(tmp_path / "flat" / f"{n:08}_000.png")
    cohort = nih("flat", where="sex == 'F' and finding_hernia == 0", view=["pa"])
    assert cohort.table["patient_id"].tolist() == ["9"]
    assert list(steps(cohort))[1] == "sex == 'F' and finding_hernia == 0"
    with pytest.raises(DataError, match=r"no column 'findng_hernia'(.|\n)*did you mean finding_hernia"):
        nih("flat", where="findng_hernia == 0")


def test_normal_frontal_films(chexpert: Load) -> None:
    cohort = chexpert()
    assert steps(cohort) == {
        "rows of train.csv": 7,
        "label No Finding": 5,
        "age 50 or over and under 100": 4,
        "view PA, AP, FRONTAL": 3,
        "films are there": 3,
        "values can be used": 3,
    }
    table = cohort.table
    assert table["patient_id"].tolist() == ["patient00001", "patient00002", "patient00003"]
    assert table["image_id"][0] == "train/patient00001/study1/view1_frontal.jpg"  # the same in either release
    assert table["view"].tolist() == ["AP", "PA", "FRONTAL"] and table["sex"].tolist() == ["F", None, "M"]
    assert cohort.rejected.empty


@pytest.mark.parametrize(
    ("rule", "patients"),
    [
        ("no_finding", [1, 1, 2, 3, 4]),
        ("no_positive", [2, 3, 4, 5]),
        ("no_positive_no_uncertain", [2, 3, 4]),
        ("all", [1, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_rules_of_what_is_normal(chexpert: Load, rule: str, patients: list[int]) -> None:
    table = chexpert(normal=rule, min_age_years=None, view=[]).table
    assert [int(name.removeprefix("patient")) for name in table["patient_id"]] == patients


def test_uncertain_and_unmentioned_findings_are_missing(chexpert: Load) -> None:
    table = chexpert(normal="all", view=["PA"]).table.set_index("patient_id")
    assert table["finding_edema"].dropna().to_dict() == {"patient00006": 1}
    assert table["finding_fracture"].isna().all()


@pytest.mark.parametrize("root", ["", "CheXpert-v1.0-small", "CheXpert-v1.0-small/train"])
def test_the_folder_may_be_the_release_or_about_it(chexpert: Load, root: str) -> None:
    assert len(chexpert(root).table) == 3


def test_a_wrong_folder_says_what_to_type(chexpert: Load, nih: Load, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DataError, match=r"none of the 3 films is there, such as patient00001/study1/(.|\n)*image_root="
    ):
        chexpert("empty")
    with pytest.raises(DataError, match=r"none of the 4 films is there(.|\n)*images_001"):
        nih("empty")
    with pytest.raises(DataError, match=r"no such folder(.|\n)*image_root="):
        nih("nowhere")
    touch(tmp_path / "empty" / "patient00001" / "study1" / "view1_frontal.jpg")
    with pytest.raises(DataError, match="lies there twice"):
        chexpert()


def test_a_link_into_the_folder_is_no_second_film(chexpert: Load, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "CheXpert-v1.0-small", target_is_directory=True)
    (tmp_path / "CheXpert-v1.0-small" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert len(chexpert().table) == 3


def test_another_table_and_impossible_choices_are_refused(tmp_path: Path, nih: Load) -> None:
    with pytest.raises(DataError, match=r"no column 'Path', 'Sex'(.|\n)*train\.csv"):
        CheXpert(str(tmp_path / "Data_Entry_2017.csv"), str(tmp_path)).load(tmp_path)
    with pytest.raises(ConfigError, match="no age is 70 or over and under 60"):
        nih(min_age_years=70, below_age_years=60)
    with pytest.raises(DataError, match="“age 110 or over”: younger"):
        nih(min_age_years=110, below_age_years=None)


def real_table(name: str, folder: Path) -> Path:
    """A table of the package torchxrayvision, which is not imported: it needs torchvision."""
    package = importlib.util.find_spec("torchxrayvision")
    if package is None or package.origin is None:
        pytest.skip("torchxrayvision, whose wheel has the real tables, is not installed")
    path = folder / name
    path.write_bytes(gzip.decompress((Path(package.origin).parent / "data" / f"{name}.gz").read_bytes()))
    return path


class TestRealTables:
    """Counts of the published tables; no film but the first is there."""

    def test_chest_xray14(self, tmp_path: Path) -> None:
        table = real_table("Data_Entry_2017_v2020.csv", tmp_path)
        touch(tmp_path / "00000002_000.png")
        cohort = Nih(str(table), str(tmp_path)).load(tmp_path)
        assert list(steps(cohort).values()) == [112_120, 60_361, 26_956, 1, 1]
        assert len(cohort.rejected) == 26_955

    def test_chexpert(self, tmp_path: Path) -> None:
        table = real_table("chexpert_train.csv", tmp_path)
        touch(tmp_path / "train" / "patient00001" / "study1" / "view1_frontal.jpg")
        cohort = CheXpert(str(table), str(tmp_path)).load(tmp_path)
        assert list(steps(cohort).values()) == [223_414, 22_381, 12_167, 9_460, 1, 1]
