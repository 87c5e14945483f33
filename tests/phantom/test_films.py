from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from bonerisk.errors import RunError
from bonerisk.phantom import films
from bonerisk.phantom.machine.sheet import BIT
from bonerisk.phantom.people.patient import Exposure, Patient, Population
from bonerisk.phantom.people.population import draw

HOSPITAL = Population(kind="hospital", seed=5)


def people(count: int, population: Population = HOSPITAL) -> list[Patient]:
    return [draw(population, index) for index in range(count)]


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*.*") if path.is_file()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films") / "hospital"
    films.make(made, people(6))
    return made


def each(folder: Path) -> Iterator[tuple[Patient, Exposure, pydicom.Dataset]]:
    for patient in people(6):
        for film in patient.films:
            yield patient, film, pydicom.dcmread(folder / films.path_of(film.image_id))


def test_a_film_has_the_same_bytes_whatever_else_is_made(folder: Path, tmp_path: Path) -> None:
    last = people(6)[1].films[-1].image_id
    longer = [draw(dataclasses.replace(HOSPITAL, patients=9), index) for index in range(3)]
    films.make(tmp_path, longer, {last})
    again = hashes(tmp_path)
    assert set(again) == {f"{last}.dcm", f"{last}.png"}
    assert again.items() <= hashes(folder).items()
    other = draw(dataclasses.replace(HOSPITAL, seed=6), 1)
    films.make(tmp_path / "other", [other], {other.films[0].image_id})
    assert not set(hashes(tmp_path / "other").values()) & set(hashes(folder).values())


def test_films_are_standard_dicom_of_both_polarities(folder: Path) -> None:
    polarities = set()
    for patient, film, found in each(folder):
        polarity = {"site_a": "MONOCHROME2", "site_b": "MONOCHROME1"}[film.system]
        polarities.add(polarity)
        tags = (found.Modality, found.ViewPosition, found.BodyPartExamined, found.PresentationIntentType)
        assert tags == ("DX", film.view, "CHEST", "FOR PRESENTATION")
        assert (found.PhotometricInterpretation, found.PatientSex) == (polarity, patient.sex)
        assert (found.PatientID, found.PatientAge) == (patient.patient_id, f"{int(film.age_years):03d}Y")
        assert (found.StudyDate, found.StudyTime) == (film.date.strftime("%Y%m%d"), film.time)
        assert found.PatientBirthDate == patient.birth_date.strftime("%Y%m%d")
        assert found.SOPInstanceUID.is_valid
        assert min(found.pixel_array.shape) >= 1024
        assert 3000 < found.pixel_array.max() <= 4095
    assert polarities == {"MONOCHROME2", "MONOCHROME1"}


def test_identifiers_are_unique(folder: Path) -> None:
    found = [
        (film.SOPInstanceUID, film.SeriesInstanceUID, film.StudyInstanceUID, film.AccessionNumber)
        for _, _, film in each(folder)
    ]
    assert len(found) > 6
    assert all(len(set(column)) == len(found) for column in zip(*found, strict=True))


def test_lungs_are_dark_in_the_sense_of_the_tag(folder: Path) -> None:
    for _, film, found in each(folder):
        dense = found.pixel_array.astype(float) * (1 if found.PhotometricInterpretation == "MONOCHROME2" else -1)
        planes = cv2.imread(str(folder / films.MASKS / f"{film.image_id}.png"), cv2.IMREAD_UNCHANGED)
        assert planes.dtype == np.uint16
        dense = dense[::2, ::2]
        lungs, heart = planes & (BIT["lung_right"] | BIT["lung_left"]) > 0, planes & BIT["heart"] > 0
        assert np.median(dense[lungs & ~heart]) < np.median(dense[heart])


def test_the_system_of_the_film_makes_it_not_the_site() -> None:
    patient = draw(HOSPITAL, 0)
    shapes = [
        films.simulate(patient, dataclasses.replace(patient.films[0], system=system), 5)[0].shape
        for system in ("site_a", "site_b")
    ]
    assert shapes == [(1024, 1024), (1120, 1024)]


def test_the_film_for_processing_shows_the_same_patient_unprocessed() -> None:
    patient = draw(HOSPITAL, 0)
    shown, planes = films.simulate(patient, patient.films[0], 5)
    raw, again = films.simulate(patient, patient.films[0], 5, processed=False)
    np.testing.assert_array_equal(planes, again)
    assert not np.array_equal(shown, raw)
    body = planes.repeat(2, axis=0).repeat(2, axis=1) & BIT["body"] > 0
    assert np.corrcoef(shown[body], raw[body])[0, 1] > 0.5


def test_bones_stand_out_more_where_they_are_denser() -> None:
    contrast = {signal: _rib_contrast(signal) for signal in (0.0, 2.0)}
    density = [draw(Population(seed=4, bone_signal=2.0), index).films[0].density["ribs"] for index in range(8)]
    gained = contrast[2.0] - contrast[0.0]
    assert np.corrcoef(gained, density)[0, 1] > 0.9


def _rib_contrast(bone_signal: float) -> np.ndarray:
    found = []
    for index in range(8):
        patient = draw(Population(seed=4, bone_signal=bone_signal), index)
        film, planes = films.simulate(patient, patient.films[0], seed=4)
        fine = film[::2, ::2].astype(np.float32)
        fine -= cv2.GaussianBlur(fine, (0, 0), 8)
        lungs = planes & (BIT["lung_right"] | BIT["lung_left"]) > 0
        ribs = planes & BIT["ribs"] > 0
        found.append(fine[lungs & ribs].mean() - fine[lungs & ~ribs].mean())
    return np.array(found)


def test_a_killed_build_leaves_whole_files_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = people(3, Population(seed=1))
    simulate, left = films.simulate, [2]

    def killed(*arguments: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return simulate(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(films, "simulate", killed)
        with pytest.raises(KeyboardInterrupt):
            films.make(tmp_path, some)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert len(before) == 4
    films.make(tmp_path, some)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert len(after) == 6
    assert before.items() <= after.items()


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        assert not (tmp_path / "film").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        films.write(tmp_path / "film", half)
    assert not list(tmp_path.iterdir())


def test_disk_full_and_unwritable_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = people(1)
    with monkeypatch.context() as patch:
        patch.setattr(films, "FILM_BYTES", 1e15)
        with pytest.raises(RunError, match="films need"):
            films.make(tmp_path / "many", one)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be written"):
        films.make(tmp_path / "file" / "films", one)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(RunError, match="No space left"):
        films.make(tmp_path / "full", one)
    assert not list((tmp_path / "full" / films.FILMS).iterdir())
