from __future__ import annotations

import io
import os
import time
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import (
    BasicTextSRStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)

from bonerisk.errors import DataError
from bonerisk.imaging.bounded import MOST_BYTES
from bonerisk.imaging.headers import Header, Refused, read_header
from bonerisk.imaging.read import read

Write = Callable[..., Path]
PIXELS = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def header(path: Path) -> Header:
    found = read_header(path)
    assert isinstance(found, Header), found
    return found


def refused(path: Path) -> Refused:
    found = read_header(path)
    assert isinstance(found, Refused), found
    return found


FULL = {
    "PatientID": " 000123 ",
    "PatientSex": "F",
    "PatientBirthDate": "19600131",
    "PatientAge": "058Y",
    "AcquisitionDate": "20190228",
    "AcquisitionTime": "101112.123456",
    "ContentDate": "20190301",
    "StudyDate": "20190302",
    "Modality": "DX",
    "ViewPosition": "PA",
    "BodyPartExamined": "CHEST",
    "ImageLaterality": "U",
    "SeriesDescription": "Chest PA",
    "StudyDescription": "Health check",
    "ProtocolName": "Thorax",
    "BurnedInAnnotation": "NO",
    "Manufacturer": "Phantom Medical",
    "AccessionNumber": "A001",
    "InstitutionName": "Clinic",
}


def test_every_field(write_dicom: Write) -> None:
    code = Dataset()
    code.CodeMeaning = "postero-anterior"
    assert header(write_dicom(PIXELS, **FULL, ViewCodeSequence=[code])) == Header(
        patient_id="000123",
        image_id="1.2.3",
        film_date=date(2019, 2, 28),
        film_time="101112",
        sex="F",
        birth_date=date(1960, 1, 31),
        age_years=58.0,
        modality="DX",
        intent="FOR PRESENTATION",  # by the SOP class
        view_position="PA",
        view_code="postero-anterior",
        body_part="CHEST",
        laterality="U",
        series_description="Chest PA",
        study_description="Health check",
        protocol_name="Thorax",
        burned_in=0.0,
        manufacturer="Phantom Medical",
        accession="A001",
        institution="Clinic",
        rows=64,
        columns=64,
        transfer_syntax=ExplicitVRLittleEndian,
        problems=None,
    )


def test_a_bare_film_has_only_what_it_says(write_dicom: Write) -> None:
    found = header(write_dicom(PIXELS, SOPClassUID=ComputedRadiographyImageStorage))
    said = {name: value for name, value in found._asdict().items() if value is not None}
    assert said == {"image_id": "1.2.3", "rows": 64, "columns": 64, "transfer_syntax": ExplicitVRLittleEndian}


SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_all_encodings_say_the_same(write_dicom: Write, syntax: str) -> None:
    tags = {**FULL, "SpecificCharacterSet": "ISO_IR 192", "InstitutionName": "제일병원"}
    plain = header(write_dicom(PIXELS, **tags))
    assert plain.institution == "제일병원"
    content = PIXELS.astype(">u2").tobytes() if syntax == ExplicitVRBigEndian else PIXELS.tobytes()
    path = write_dicom(PIXELS, syntax=syntax, **{**tags, "PixelData": content})
    assert header(path) == plain._replace(transfer_syntax=syntax)
    assert (read(path).pixels == PIXELS).all()


@pytest.mark.parametrize("implicit", [True, False])
def test_without_preamble_and_meta_header(write_dicom: Write, implicit: bool) -> None:
    path = write_dicom(PIXELS, **FULL)
    plain = header(path)
    data = pydicom.dcmread(path)
    data.file_meta, data.preamble, buffer = pydicom.dataset.FileMetaDataset(), None, io.BytesIO()
    data.save_as(buffer, implicit_vr=implicit, little_endian=True)
    path.write_bytes(buffer.getvalue())
    assert header(path) == plain._replace(transfer_syntax=None)


@pytest.mark.parametrize(
    ("name", "charset", "text"),
    [
        ("euc-kr", ["", "ISO 2022 IR 149"], "가슴 PA"),
        ("latin-1", "ISO_IR 100", "Röntgen Thorax"),
        ("gb18030", "GB18030", "胸部正位"),
        ("none", None, "Chest"),
    ],
)
def test_character_sets(write_dicom: Write, name: str, charset: str | list[str] | None, text: str) -> None:
    assert header(write_dicom(PIXELS, SpecificCharacterSet=charset, SeriesDescription=text)).series_description == text


def test_bytes_of_another_character_set_are_replaced(write_dicom: Write) -> None:
    path = write_dicom(PIXELS, SpecificCharacterSet="ISO_IR 192", SeriesDescription="Chest XYZW")
    path.write_bytes(path.read_bytes().replace(b"XYZW", b"\xff\xfe\xed\xa0"))
    text = header(path).series_description
    assert text is not None and text.startswith("Chest") and text.encode()


def day(name: str, value: str) -> dict:
    return {f"{name}Date": value, f"{name}Time": "0102"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({**day("Study", "20010101"), **day("Series", "20010102"), "ContentDate": ""}, (date(2001, 1, 2), "010200")),
        ({**day("Series", "20010102"), **day("Content", "20010103")}, (date(2001, 1, 3), "010200")),
        ({**day("Content", "20010103"), "AcquisitionDate": "20010104"}, (date(2001, 1, 4), None)),
        ({"StudyDate": "2001.01.05"}, (date(2001, 1, 5), None)),
        ({"StudyTime": "01"}, (None, None)),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_day_of_the_film(write_dicom: Write, tags: dict, expected: tuple) -> None:
    found = header(write_dicom(PIXELS, **tags))
    assert (found.film_date, found.film_time) == expected
    assert found.problems is None


@pytest.mark.parametrize("value", ["20190231", "20191301", "2019", "00010101", "99991231", "2019-02.28", "unknown"])
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_date_is_none_and_said(write_dicom: Write, value: str) -> None:
    found = header(write_dicom(PIXELS, AcquisitionDate=value, StudyDate="20190301", PatientBirthDate=value))
    assert (found.film_date, found.birth_date) == (None, None)
    assert found.problems == f"AcquisitionDate '{value}' is no date; PatientBirthDate '{value}' is no date"


@pytest.mark.parametrize(
    ("value", "years"),
    [
        ("058Y", 58),
        ("018M", 1.5),
        ("52W", 0.9966),
        ("365D", 0.9993),
        ("58", 58),
        ("999Y", None),
        ("-1Y", None),
        ("000Y", None),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_age(write_dicom: Write, value: str, years: float | None) -> None:
    found = header(write_dicom(PIXELS, PatientAge=value))
    assert found.age_years == (pytest.approx(years, abs=1e-4) if years else None)
    assert found.problems == (None if years else f"PatientAge '{value}' is no age")


@pytest.mark.parametrize(
    ("tags", "field", "value"),
    [
        ({"PatientSex": "m"}, "sex", "M"),
        ({"AcquisitionDateTime": "20150301233000.0-0800"}, "film_date", date(2015, 3, 1)),
        ({"AcquisitionDateTime": "20150301233000.0-0800"}, "film_time", "233000"),
        ({"AcquisitionDateTime": "20150301"}, "film_time", None),
        ({"AcquisitionDate": "22050601"}, "film_date", date(2205, 6, 1)),  # shifted by de-identification
        ({"Modality": "DX", "SOPClassUID": CTImageStorage}, "modality", "CT"),
        ({"Modality": "CR", "SOPClassUID": SecondaryCaptureImageStorage}, "modality", "CR"),
        ({"SOPClassUID": ComputedRadiographyImageStorage}, "modality", None),
        ({"PatientSex": "O"}, "sex", None),
        ({"SOPClassUID": DigitalXRayImageStorageForProcessing}, "intent", "FOR PROCESSING"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "intent", "FOR PROCESSING"),  # before the SOP class
        ({"BurnedInAnnotation": "YES"}, "burned_in", 1.0),
        ({"BurnedInAnnotation": "MAYBE"}, "burned_in", None),
        ({"PatientID": "   "}, "patient_id", None),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_values(write_dicom: Write, tags: dict, field: str, value: object) -> None:
    assert getattr(header(write_dicom(PIXELS, **tags)), field) == value


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"patient,age\n", "not a DICOM file"), (b"\x89PNG\r\n\x1a\n", "not a DICOM file")],
)
def test_what_is_no_dicom_is_no_fault(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "file.dcm").write_bytes(content)
    assert refused(tmp_path / "file.dcm") == Refused(reason, "other")


@pytest.mark.parametrize("kind", ["report", "directory"])
def test_dicom_without_an_image_is_no_fault(write_dicom: Write, tmp_path: Path, kind: str) -> None:
    if kind == "report":
        gone = dict.fromkeys(("Rows", "Columns", "PixelData"))
        path, name = write_dicom(PIXELS, SOPClassUID=BasicTextSRStorage, **gone), "Basic Text SR Storage"
    else:
        records, path, name = FileSet(), tmp_path / "D", "Media Storage Directory Storage"
        records.add(write_dicom(PIXELS, PatientID="1", PatientName="A", StudyDate="20190101", StudyTime="1010",
                                StudyID="1", StudyInstanceUID="1.1", SeriesInstanceUID="1.2", Modality="DX",
                                SeriesNumber=1, InstanceNumber=1))  # fmt: skip
        records.write(path, use_existing=False)
        path = path / "DICOMDIR"
    assert refused(path) == Refused(f"a DICOM file without an image: {name}", "other")


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Rows": None}, "no rows"),
        ({"Columns": 0}, "no rows"),
        ({"PixelData": None}, "cut off, or there are no pixels"),
        ({"SOPInstanceUID": None}, "lacks SOPInstanceUID"),
    ],
)
def test_damaged(write_dicom: Write, tags: dict, reason: str) -> None:
    path = write_dicom(PIXELS)
    data = pydicom.dcmread(path)
    for name, value in tags.items():
        if value is None:
            del data[name]
        else:
            setattr(data, name, value)
    data.save_as(path)
    found = refused(path)
    assert reason in found.reason
    assert found.kind == "damaged"


def test_cut_header_is_refused_at_every_place(write_dicom: Write) -> None:
    path = write_dicom(PIXELS, **FULL)
    content = path.read_bytes()
    for end in range(content.index(b"\xe0\x7f\x10\x00") - 1):
        path.write_bytes(content[:end])
        assert refused(path).kind in ("damaged", "other" if end < 132 else "damaged")


def test_empty_missing_folder_and_pipe(tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").touch()
    assert refused(tmp_path / "empty.dcm") == Refused("the file is empty")
    assert refused(tmp_path / "none.dcm") == Refused("the file can't be read: No such file or directory", "unread")
    assert refused(tmp_path).kind == "unread"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert refused(tmp_path / "pipe") == Refused("the file can't be read: it is no ordinary file", "unread")
        with pytest.raises(DataError, match="no ordinary file"):
            read(tmp_path / "pipe")


def test_pixels_are_not_read(write_dicom: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_dicom(np.zeros((2000, 1000), np.uint16), **FULL)
    tracemalloc.start()
    header(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000 < path.stat().st_size


def element(tag: str, vr: bytes, length: int, value: bytes = b"") -> bytes:
    long = vr in (b"OB", b"UN", b"SQ", b"UT")
    return (
        bytes.fromhex(tag)
        + vr
        + (b"\0\0" + length.to_bytes(4, "little") if long else length.to_bytes(2, "little"))
        + value
    )


OPEN_ITEM = bytes.fromhex("feff00e0 ffffffff")
NESTED = element("08004011", b"SQ", 2**32 - 1) + OPEN_ITEM
BOMBS = {
    "value longer than the file": element("09000100", b"OB", 2**32 - 2),
    "charset longer than the file": element("08000500", b"UN", 2**32 - 2),
    "sequences in sequences": NESTED * 50_000,
    "many items": element("08004011", b"SQ", 2**32 - 1) + bytes.fromhex("feff00e0 00000000") * 300_000,
    "many elements": element("09000100", b"LO", 0) * 300_000,
    "value without end": element("09000100", b"OB", 2**32 - 1) + bytes(20_000_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_length_in_a_file_costs_time_or_memory(write_dicom: Write, name: str) -> None:
    path = write_dicom(PIXELS, **FULL)
    content = path.read_bytes()
    start = content.index(b"\x08\x00\x20\x00")  # StudyDate
    path.write_bytes(content[:start] + BOMBS[name] + content[start:])
    begin = time.process_time()
    assert refused(path).kind == "damaged"
    assert time.process_time() - begin < 5
    begin = time.process_time()
    with pytest.raises(DataError):
        read(path)
    assert time.process_time() - begin < 10
    if not name.startswith("many"):  # tracing takes too long for so many objects
        tracemalloc.start()
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 4 * MOST_BYTES
        tracemalloc.stop()


def test_deflated_bomb(write_dicom: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_dicom(PIXELS, syntax=DeflatedExplicitVRLittleEndian, **FULL)
    content = path.read_bytes()
    end = 144 + int.from_bytes(content[140:144], "little")
    zeros = zlib.compressobj(1, wbits=-15)
    path.write_bytes(content[:end] + zeros.compress(bytes(2**26)) + zeros.flush())
    tracemalloc.start()
    assert refused(path).kind == "damaged"
    assert tracemalloc.get_traced_memory()[1] < 4 * MOST_BYTES
    tracemalloc.stop()
    monkeypatch.setattr("bonerisk.imaging.dicom.free_memory", lambda: 2**28)
    with pytest.raises(DataError, match="would not fit in memory"):
        read(path)


def test_long_values_are_left_out(write_dicom: Write) -> None:
    path = write_dicom(PIXELS, **{**FULL, "SeriesDescription": "x" * 5000})
    found = header(path)
    assert (found.series_description, found.problems) == (None, "SeriesDescription is 5000 bytes long")
    assert found.patient_id == "000123"


@pytest.mark.parametrize("start", [b"", bytes(128) + b"DICM", b"\x08\x00", b"\x02\x00"])
def test_noise_raises_nothing(tmp_path: Path, start: bytes) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        (tmp_path / "noise").write_bytes(start + rng.bytes(int(rng.integers(0, 3000))))
        assert refused(tmp_path / "noise").reason


def test_real_films(real_data: Path) -> None:
    found = header(real_data / "dicom" / "WG04_RG1_J2KI.dcm")
    assert (found.patient_id, found.sex, found.view_position, found.body_part) == ("9RG1", "F", "PA", "CHEST")
    assert (found.film_date, found.birth_date) == (date(1995, 9, 26), date(1940, 3, 5))
    assert (found.rows, found.columns) == (1955, 1841)
    found = header(real_data / "dicom" / "pydicom_CSPINE_16x16_6154.dcm")
    assert (found.age_years, found.series_description, found.view_position) == (47.0, "Cervical LAT", "LL")
