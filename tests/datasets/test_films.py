"""Films named on a command line, and tables of which no outcome is asked, as cohorts for predictions."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from bonerisk.datasets.films import Films
from bonerisk.datasets.image_table import ImageTable
from bonerisk.errors import ConfigError, DataError, RowsRefusedError

from .test_dicom_folder import write_film


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("films/a.png", "films/below/b.png", "films/.hidden/c.png", "d.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(name, rng.integers(0, 256, (80, 80), dtype=np.uint8))
    Path("films/notes.txt").write_text("no film")
    return tmp_path


def test_folders_patterns_and_files_each_film_once(place: Path) -> None:
    table = Films(["films", "films/*.png", "d.jpg", "./films/a.png"]).load(place / "data").table
    assert table["image_id"].tolist() == ["films/a.png", "films/below/b.png", "d.jpg"]
    assert (table["split"] == "external").all()
    assert table["patient_id"].str.startswith("film-").all()
    assert table["age_years"].isna().all()


def test_what_holds_for_all_films(place: Path) -> None:
    patient: dict[str, str | float | None] = {"age_years": "63", "sex": "female", "smoker": 1, "t_score": None}
    patient |= {"height_cm": 160, "weight_kg": 64}
    table = Films(["films"], patient).load(place / "data").table
    assert table[["age_years", "sex", "smoker"]].to_numpy().tolist() == [[63, "F", 1]] * 2
    assert table["bmi_kg_m2"].tolist() == pytest.approx([25, 25])


@pytest.mark.parametrize(
    ("patient", "said"),
    [({"age_years": "300"}, "outside 0 to 120"), ({"height": "160"}, "height_cm"), ({"site": "x"}, "a film's own")],
    ids=str,
)
def test_wrong_values_are_refused_at_once(patient: dict[str, str | float | None], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Films(["films"], patient)


def test_files_that_are_no_films(place: Path) -> None:
    with pytest.raises(DataError, match="there is no film among 1 files"):
        Films(["films/*.txt"]).load(place / "data")
    table = Films(["films/notes.txt"]).load(place / "data").table  # named itself: the reading says why it is none
    assert len(table) == 1


def test_headers_give_age_and_sex_and_refuse_other_modalities(place: Path) -> None:
    write_film(place / "xa.dcm", Modality="XA")
    write_film(place / "dx.dcm", Modality="DX", PatientAge="071Y", PatientSex="M")
    with pytest.raises(RowsRefusedError, match="modality XA, no radiograph"):
        Films(["xa.dcm"]).load(place / "data")
    cohort = Films(["xa.dcm", "dx.dcm"], {"sex": "F"}).load(place / "data")
    assert cohort.rejected["image_id"].tolist() == ["xa.dcm"]
    assert cohort.table[["image_id", "age_years", "sex"]].to_numpy().tolist() == [["dx.dcm", 71, "F"]]


def test_a_table_to_predict_needs_no_outcome_and_lists_all_that_is_left_out(place: Path) -> None:
    rows = pd.DataFrame({"image_path": ["a.png", "below/b.png", "gone.png"], "view": ["PA", "LATERAL", "PA"]})
    rows.assign(t_score=["-1.0", "none", ""], split="train").to_csv("films.csv", index=False)
    source = ImageTable("films.csv", "films", view=["PA"])
    cohort = source.to_predict(["age_years"]).load(place / "data")
    assert cohort.table[["image_id", "split"]].to_numpy().tolist() == [["a.png", "external"]]
    assert cohort.table["t_score"].isna().all()
    why = " ".join(cohort.rejected["reason"])
    assert len(cohort.rejected) == 2
    assert "no such film" in why
    assert "view LATERAL" in why
