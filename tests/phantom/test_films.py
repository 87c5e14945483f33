from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pydicom
import pytest

from bonerisk.errors import RunError
from bonerisk.phantom import films
from bonerisk.phantom.sheet import BIT


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*.*") if path.suffix in {".dcm", ".png"}]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films") / "six"
    films.make(made, 6, seed=5, bone_signal=1.0)
    return made


def test_same_seed_same_bytes_whatever_the_number_of_patients(folder: Path, tmp_path: Path) -> None:
    films.make(tmp_path / "two", 2, seed=5, bone_signal=1.0)
    again = hashes(tmp_path / "two")
    assert len(again) == 4
    assert again.items() <= hashes(folder).items()
    films.make(tmp_path / "other", 1, seed=3, bone_signal=1.0)
    assert not set(hashes(tmp_path / "other").values()) & set(again.values())


def test_films_are_standard_dicom_of_both_polarities(folder: Path) -> None:
    table = pd.read_csv(folder / films.TABLE).set_index("image_id")
    polarities = set()
    for path in (folder / films.FILMS).iterdir():
        film = pydicom.dcmread(path)
        row = table.loc[path.stem]
        polarity = {"site_a": "MONOCHROME2", "site_b": "MONOCHROME1"}[row["site"]]
        polarities.add(polarity)
        tags = (film.Modality, film.ViewPosition, film.BodyPartExamined, film.PresentationIntentType, film.BitsStored)
        assert tags == ("DX", "PA", "CHEST", "FOR PRESENTATION", 12)
        assert (film.PhotometricInterpretation, film.PatientSex) == (polarity, row["sex"])
        assert film.PatientAge == f"{row['age_years']:03d}Y"
        assert film.StudyDate == row["film_date"].replace("-", "")
        assert film.SOPInstanceUID.is_valid
        assert min(film.pixel_array.shape) >= 1024
        assert film.pixel_array.max() <= 4095
    assert polarities == {"MONOCHROME2", "MONOCHROME1"}


def test_lungs_are_dark_in_the_sense_of_the_tag(folder: Path) -> None:
    for path in (folder / films.FILMS).iterdir():
        film = pydicom.dcmread(path)
        dense = film.pixel_array.astype(float) * (1 if film.PhotometricInterpretation == "MONOCHROME2" else -1)
        planes = cv2.imread(str(folder / films.MASKS / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        assert planes.dtype == np.uint16
        dense = dense[::2, ::2]
        lungs, heart = planes & (BIT["lung_right"] | BIT["lung_left"]) > 0, planes & BIT["heart"] > 0
        assert np.median(dense[lungs & ~heart]) < np.median(dense[heart])


def test_bones_stand_out_more_where_they_are_denser() -> None:
    contrast = {signal: _rib_contrast(signal) for signal in (0.0, 2.0)}
    density = np.array([films.draw(4, index, 2.0).density["ribs"] for index in range(8)])
    gained = contrast[2.0] - contrast[0.0]
    assert np.corrcoef(gained, density)[0, 1] > 0.9


def _rib_contrast(bone_signal: float) -> np.ndarray:
    found = []
    for index in range(8):
        film, planes = films.simulate(films.draw(4, index, bone_signal), seed=4)
        fine = film[::2, ::2].astype(np.float32)
        fine -= cv2.GaussianBlur(fine, (0, 0), 8)
        lungs = planes & (BIT["lung_right"] | BIT["lung_left"]) > 0
        ribs = planes & BIT["ribs"] > 0
        found.append(fine[lungs & ribs].mean() - fine[lungs & ~ribs].mean())
    return np.array(found)


def test_a_folder_is_complete_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(films.dicom, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            films.make(tmp_path / "made", 1, 0, 1.0)
    assert not (tmp_path / "made").exists()
    films.make(tmp_path / "made", 1, 0, 1.0)
    before = hashes(tmp_path / "made")
    monkeypatch.setattr(films.dicom, "write", killed)
    films.make(tmp_path / "made", 1, 0, 1.0)  # it is there: nothing is simulated again
    assert hashes(tmp_path / "made") == before


def test_disk_full_and_unwritable_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="films need"):
        films.make(tmp_path / "many", 10**9, 0, 1.0)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be written"):
        films.make(tmp_path / "file" / "films", 1, 0, 1.0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(films.dicom, "write", full)
    with pytest.raises(RunError, match="No space left"):
        films.make(tmp_path / "full", 1, 0, 1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
