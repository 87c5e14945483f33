from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from bonerisk.imaging.headers import Header, read_header
from bonerisk.imaging.read import read
from bonerisk.phantom.films import MASKS, path_of
from bonerisk.phantom.lumbar import films
from bonerisk.phantom.lumbar.projection import BIT, planes, scene
from bonerisk.phantom.lumbar.rooms import ROOMS
from bonerisk.phantom.people.clinic import MEASURED, Clinic, SpinePatient
from bonerisk.phantom.people.clinic_draw import draw

CLINIC = Clinic(seed=5)


@pytest.fixture(scope="module")
def people() -> list[SpinePatient]:
    return [draw(CLINIC, index) for index in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, people: list[SpinePatient]) -> Path:
    made = tmp_path_factory.mktemp("films") / "clinic"
    films.make(made, people, [people[0].films[0].image_id, people[0].films[1].image_id, people[1].films[0].image_id])
    return made


def test_films_are_dicom_that_our_reader_takes_as_lateral_lumbar(folder: Path, people: list[SpinePatient]) -> None:
    for patient, number in ((people[0], 0), (people[0], 1), (people[1], 0)):
        film = patient.films[number]
        path, room = folder / path_of(film.image_id), ROOMS[film.system]
        header = read_header(path)
        assert isinstance(header, Header)
        assert (header.view_position, header.body_part, header.modality) in {
            (view, "LSPINE", "DX") for view in ("LL", "RL")
        }
        assert header.view_code in {"left lateral", "right lateral"}
        assert (header.patient_id, header.film_date, header.sex) == (patient.patient_id, film.date, patient.sex)
        shown = read(path)
        assert shown.pixels.shape == room.system.shape
        assert shown.spacing_mm == pytest.approx((room.system.spacing_mm,) * 2)  # the detector's
        tags = pydicom.dcmread(path, stop_before_pixels=True)
        assert "PixelSpacing" not in tags
        assert float(tags.DistanceSourceToDetector) == room.distance_mm
        told = json.loads((folder / films.TRUTH / f"{film.image_id}.json").read_text())
        assert told["patient_mm_per_px"] * told["magnification"] == pytest.approx(room.system.spacing_mm)
        assert tags.PatientOrientation[0] == ("A" if told["faces_right"] else "P")
        fore, hind = (told["points"]["l3"][f"{end}_superior"][0] for end in ("anterior", "posterior"))
        assert (fore > hind) == told["faces_right"]


def test_a_film_has_the_same_bytes_whatever_else_is_made(
    folder: Path, tmp_path: Path, people: list[SpinePatient]
) -> None:
    name = people[1].films[0].image_id
    longer = [draw(replace(CLINIC, patients=9), index) for index in range(2)]
    films.make(tmp_path, longer, [name])
    files = sorted(path for path in tmp_path.rglob("*.*"))
    assert [path.name for path in files] == [f"{name}.dcm", f"{name}.png", f"{name}.json"]
    assert all(path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes() for path in files)


def test_masks_cover_bone_that_is_brighter_than_what_is_in_front(folder: Path, people: list[SpinePatient]) -> None:
    name = people[0].films[0].image_id
    mask = cv2.imread(str(folder / MASKS / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    pixels = pydicom.dcmread(folder / path_of(name))
    dense = pixels.pixel_array.astype(float) * (1 if pixels.PhotometricInterpretation == "MONOCHROME2" else -1)
    assert mask.shape == dense.shape
    assert set(np.unique(mask)) >= {BIT["vertebrae"] | BIT[level] for level in MEASURED}
    for level in ("l2", "l3"):
        bone = mask & BIT[level] > 0
        front = np.roll(bone, -int(bone.any(axis=0).sum() * 1.3), axis=1) & (mask == 0)
        assert dense[bone].mean() > dense[front].mean() + 100


def test_vertebrae_are_brighter_where_they_are_denser() -> None:
    density, signal = [], []
    for index in range(3):
        patient = draw(Clinic(seed=4), index)
        for factor in (0.6, 0.9, 1.2):
            film = replace(patient.films[0], system="room_1", density=dict.fromkeys(patient.films[0].density, factor))
            drawn = scene(patient, film)
            pixels, mask = films.expose(patient, film, drawn).astype(float), planes(drawn)
            bodies = mask & sum(BIT[level] for level in MEASURED[2:5]) > 0
            near = cv2.dilate(bodies[::4, ::4].astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
            around = pixels[::4, ::4][near & ~bodies[::4, ::4]]
            signal.append(pixels[bodies].mean() - around.mean())
            density.append(factor)
    assert np.corrcoef(density, signal)[0, 1] > 0.7
    assert (np.diff(np.reshape(signal, (3, 3)), axis=1) > 0).all()
