"""What leaves data/ for outputs/ tells of no person: a whole chain on a hospital's export, searched for identifiers."""

from __future__ import annotations

import base64
import re
import secrets
import shlex
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pydicom
import pytest

from bonerisk.config.build import build
from bonerisk.config.check import check

PATIENTS = 90
BURNED = (slice(0, 200), slice(0, 400))  # where the planted text stands
STRIPES = np.arange(1024) // 20 % 2  # its pattern


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """A simulated screening as a hospital hands it over, in whose films names are burned in and said to be."""
    place = tmp_path_factory.mktemp("handover")
    overrides = ["dataset=phantom_chest", f"dataset.patients={PATIENTS}", f"dataset.export={place / 'export'}"]
    build(check("prepare", overrides, multirun=False).dataset).load(place / "simulated")
    for number, path in enumerate(sorted((place / "export" / "dicom").rglob("*.dcm"))):
        header = pydicom.dcmread(path)
        header.PatientName = f"{secrets.token_hex(5)}^{secrets.token_hex(5)}"  # stands nowhere else
        if number % 2:
            pixels = header.pixel_array.copy()
            pixels[BURNED] = 4095 * STRIPES[: BURNED[1].stop]  # stands for a name
            header.PixelData, header.BurnedInAnnotation = pixels.astype("<u2").tobytes(), "YES"
        path.unlink()  # it is a link to the simulation's own
        header.save_as(path)
    return place


def identifiers(archive: Path) -> dict[str, set[str]]:
    """Every identifier in the headers and tables, as it may be written."""
    found: dict[str, set[str]] = {"patient": set(), "name": set(), "birth": set(), "accession": set(), "station": set()}
    found |= {"image": set(), "day": set()}
    for path in (archive / "export" / "dicom").rglob("*.dcm"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        found["patient"].add(header.PatientID)
        found["name"] |= set(re.findall(r"\w{4,}", str(header.PatientName)))
        found["accession"].add(header.AccessionNumber)
        found["station"].add(header.StationName)
        found["image"].add(header.SOPInstanceUID)
        for kind, day in (("birth", header.PatientBirthDate), ("day", header.AcquisitionDate)):
            found[kind] |= {day, f"{day[:4]}-{day[4:6]}-{day[6:]}", f"{day[6:]}.{day[4:6]}.{day[:4]}"}
    return {kind: {value for value in values if value} for kind, values in found.items()}


def content(path: Path) -> str:
    """A file as text: tables cell by cell, all else byte by byte."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).astype(str).to_csv()
    return path.read_bytes().decode("latin-1")


def pictures(path: Path) -> list[np.ndarray]:
    """The pictures in a file."""
    if path.suffix == ".png":
        return [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)]
    coded = re.findall(r"data:image/\w+;base64,([A-Za-z0-9+/=]+)", content(path)) if path.suffix == ".html" else []
    decoded = [cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), 0) for text in coded]
    return [picture for picture in decoded if picture is not None]


def shows_the_text(picture: np.ndarray) -> bool:
    """Whether a film's corner has the planted pattern, at any size."""
    film = cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_AREA)[20:180, 20:380].astype(float)
    pattern = np.broadcast_to(STRIPES[20:380], film.shape)
    return bool(film.std() > 1 and np.corrcoef(film.ravel(), pattern.ravel())[0, 1] ** 2 > 0.3)


def test_no_artifact_of_a_chain_holds_an_identifier(archive, typed, monkeypatch):
    monkeypatch.setattr("bonerisk.runs.environment._git", lambda: None)  # a diff of code may hold any date
    command = (archive / "export" / "README.txt").read_text().partition("bonerisk prepare")[2]
    given = [word for word in shlex.split(command) if "=" in word]
    (archive / "export" / "dxa.csv").open("a").write("A000001;31.02.2015;L1-L4;;T;-1,0\n")  # refused, and listed
    demo = ["model=ospenscreen_demo", "training.max_epochs=1", "training.batch_size=16"]
    runs = []
    for name, arguments in (
        ("prepare", [*given, "preprocessing=grayscale_truncation_demo"]),
        ("train", [*given, *demo]),
        ("evaluate", ["run=latest", "evaluation.n_draws=20"]),
        ("report", ["runs=[latest]"]),
    ):
        code, out, err = typed(archive, name, *arguments)
        assert code == 0, err
        runs.append(out[-1])
    code, _, err = typed(archive, "evaluate", f"run={archive / runs[1]}", *given, "evaluation.n_draws=20")
    assert "dataset.rules.split=external evaluates all" in err  # which key, that is, for this dataset
    assert code == 0
    assert pd.read_csv(Path(archive / runs[0]) / "rejected.csv")["file"].tolist() == ["dxa.csv"]
    planted = identifiers(archive)
    assert all(len(values) >= 2 for values in planted.values()), planted
    files = [path for path in (archive / "outputs").rglob("*") if path.is_file()]
    assert len(files) > 40
    films = 0
    for path in files:
        text = content(path)
        for kind, values in planted.items():
            there = [value for value in values if value in text]  # the pattern alone would take minutes
            found = [value for value in there if re.search(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])", text)]
            assert not found, (path, kind, found[:3])
        for picture in pictures(path):
            assert not shows_the_text(picture), path
            films += 1
    assert films > 10


def test_the_search_would_find_what_is_planted(archive):
    path = next((archive / "export" / "dicom").rglob("*.dcm"))
    burned = next(
        header.pixel_array
        for header in map(pydicom.dcmread, (archive / "export" / "dicom").rglob("*.dcm"))
        if header.BurnedInAnnotation == "YES"
    )
    small = cv2.resize((burned / 16).astype(np.uint8), (480, 480), interpolation=cv2.INTER_AREA)
    assert shows_the_text(small)
    assert pydicom.dcmread(path).PatientID in identifiers(archive)["patient"]
