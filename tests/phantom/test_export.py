from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
import yaml

from bonerisk.errors import RunError
from bonerisk.hospital import dxa
from bonerisk.hospital.tables import read
from bonerisk.phantom import export, films
from bonerisk.phantom.people.patient import Patient, Population
from bonerisk.phantom.people.population import draw
from bonerisk.phantom.tables import tables

REGIONS = yaml.safe_load((Path(__file__).parents[2] / "configs/dataset/dicom_folder.yaml").read_text())["regions"]


@pytest.fixture(scope="module")
def people() -> list[Patient]:
    """Six patients of the hospital with a DXA and up to two films; the first film is archived twice."""
    short = []
    for index in range(6):
        one = draw(Population(kind="hospital", seed=2, t_score_share=1.0), index)
        first = dataclasses.replace(one.films[0], raw_twin=index == 0)
        rest = [dataclasses.replace(film, raw_twin=False) for film in one.films[1:2]]
        short.append(dataclasses.replace(one, films=(first, *rest), reported=one.reported[:2]))
    return short


@pytest.fixture(scope="module")
def made(people: list[Patient], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    films.make(folder, people)
    return folder


@pytest.fixture(scope="module")
def folder(people: list[Patient], made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("export")
    export.write(written, people, made)
    return written


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted((folder / export.DICOM).rglob("*.dcm"))]


def test_every_film_and_twin_lies_in_the_tree(folder: Path, people: list[Patient]) -> None:
    found = headers(folder)
    twins = [header for header in found if header.PresentationIntentType == "FOR PROCESSING"]
    assert len(found) == sum(len(patient.films) for patient in people) + 1
    assert [header.SOPClassUID.name for header in twins] == ["Digital X-Ray Image Storage - For Processing"]
    (shown,) = (
        header for header in found if header.AccessionNumber == twins[0].AccessionNumber and header not in twins
    )
    assert shown.StudyInstanceUID == twins[0].StudyInstanceUID
    assert shown.SOPInstanceUID != twins[0].SOPInstanceUID
    assert not np.array_equal(shown.pixel_array, twins[0].pixel_array)
    for path in (folder / export.DICOM).rglob("*.dcm"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        where = [header.StudyDate[:4], header.PatientID, header.StudyInstanceUID, f"{header.SOPInstanceUID}.dcm"]
        assert list(path.relative_to(folder / export.DICOM).parts) == where


def test_films_as_they_are_take_no_room(folder: Path, made: Path) -> None:
    inodes = {path.stat().st_ino for path in (made / films.FILMS).iterdir()}
    shared = [path.stat().st_ino in inodes for path in (folder / export.DICOM).rglob("*.dcm")]
    assert 0.5 < np.mean(shared) < 1


def test_oddities_are_told_in_the_header(
    people: list[Patient], made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in ("WITHOUT_VIEW", "RESPELT", "BURNED_IN"):
        monkeypatch.setattr(export, share, 1.0)
    export.write(tmp_path, people[:3], made)
    for patient in people[:3]:
        for film in patient.films:
            before = pydicom.dcmread(made / films.path_of(film.image_id))
            after = pydicom.dcmread(next((tmp_path / export.DICOM).rglob(f"{before.SOPInstanceUID}.dcm")))
            assert (after.ViewPosition, after.BurnedInAnnotation) == ("", "YES")
            assert after.SeriesDescription == {"PA": "Chest PA", "AP": "CHEST AP portable"}[film.view]
            assert after.PatientName != before.PatientName
            assert str(after.PatientName).split("^")[0] == str(before.PatientName).split("^")[0].upper()
            changed = after.pixel_array != before.pixel_array
            assert changed[:-120].sum() == 0
            assert changed[-120:].sum() > 300


def test_tables_come_back_as_they_were(folder: Path, people: list[Patient]) -> None:
    for name, given in tables(people).items():
        if name == "films" or given is None:
            continue
        columns = export.DXA_COLUMNS if name == "dxa" else None
        if name == "reports":
            given = given.drop(columns=["site", "image_id", "accession"])
            columns = {column: column for column in given}
        back, refusals = read(name, folder / f"{name}.csv", columns, export.DAY)
        assert refusals.table.empty
        if name == "dxa":
            assert {"Ward's", "L1-L4"} <= set(back["region"])
            assert set(back["score_type"]) == {"T", "Z"}
            back, set_aside = dxa.by_day(back, refusals, REGIONS)
            assert refusals.table.empty
            assert set(set_aside) == {"Z-scores or densities", "regions that do not count"}
        if name == "reports":
            accessions = {header.AccessionNumber for header in headers(folder)}
            assert set(back["accession"]) <= accessions
            assert "image_id" not in back
        shared = list(given.columns)
        keys = [column for column in shared if column in ("patient_id", "date", "code")] or None
        ordered = [
            (table.sort_values(keys) if keys else table).reset_index(drop=True) for table in (back[shared], given)
        ]
        pd.testing.assert_frame_equal(*ordered, check_dtype=False)


def test_the_readme_tells_a_command_whose_files_are_there(folder: Path) -> None:
    text = (folder / export.README).read_text()
    words = shlex.split(text[text.index("bonerisk prepare") :].replace("\\\n", " "))
    given = dict(word.split("=", 1) for word in words if "=" in word)
    files = [value for key, value in given.items() if key.startswith("dataset.tables.")]
    assert len(files) >= 5
    assert all(Path(file).is_file() for file in [*files])
    assert Path(given["dataset.image_root"]).is_dir()
    institutions = {header.InstitutionName for header in headers(folder)}
    assert institutions <= {given["dataset.sites.site_a"], given["dataset.sites.site_b"]}


def test_an_export_goes_on_where_it_was_killed_and_touches_nothing_else(
    people: list[Patient], made: Path, folder: Path, tmp_path: Path
) -> None:
    victim = next((folder / export.DICOM).rglob("*.dcm"))
    before = victim.read_bytes()
    victim.unlink()
    export.write(folder, people, made)
    assert victim.read_bytes() == before
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(RunError, match="other files"):
        export.write(tmp_path, people, made)
    with pytest.raises(RunError, match="other files"):
        export.write(folder, [draw(Population(kind="hospital", seed=3), 0)], tmp_path / "made")
