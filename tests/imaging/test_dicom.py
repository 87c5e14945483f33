from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import BasicTextSRStorage, ExplicitVRBigEndian, ImplicitVRLittleEndian

from bonerisk.errors import DataError
from bonerisk.imaging import film as film_module
from bonerisk.imaging.read import read

Write = Callable[..., Path]


def without(path: Path, *, preamble: bool = False, syntax: bool = False) -> Path:
    """The same file less its preamble and meta header, or less its transfer syntax."""
    data = pydicom.dcmread(path)
    buffer = io.BytesIO()
    if preamble:
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.preamble = None
        data.save_as(buffer, implicit_vr=True, little_endian=True)
        path.write_bytes(buffer.getvalue())
    if syntax:
        content = path.read_bytes()
        uid = data.file_meta.TransferSyntaxUID.encode()
        start = content.index(uid) - 8
        end = start + 8 + len(uid) + len(uid) % 2
        length = int.from_bytes(content[140:144], "little") - (end - start)
        path.write_bytes(content[:140] + length.to_bytes(4, "little") + content[144:start] + content[end:])
    return path


def test_plain_film_is_its_stored_values(write_dicom: Write, ramp: np.ndarray) -> None:
    film = read(write_dicom(ramp))
    assert film.bits == 12
    assert film.pixels.dtype == np.uint16
    assert (film.pixels == ramp).all()


def test_the_name_does_not_matter(write_dicom: Write, ramp: np.ndarray) -> None:
    assert (read(write_dicom(ramp, name="film.png")).pixels == ramp).all()


def test_monochrome1_is_inverted_once_after_voi(write_dicom: Write, ramp: np.ndarray) -> None:
    window = {"WindowCenter": 1000, "WindowWidth": 1000}
    upright = read(write_dicom(ramp, **window)).pixels
    inverted = read(write_dicom(ramp, PhotometricInterpretation="MONOCHROME1", **window)).pixels
    assert (inverted == 4095 - upright).all()
    assert inverted[0, 0] == 4095
    assert inverted[-1, -1] == 0


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_presentation_lut_shape_is_no_second_inversion(write_dicom: Write, ramp: np.ndarray, kind: str) -> None:
    plain = read(write_dicom(ramp, PhotometricInterpretation=kind)).pixels
    shaped = read(write_dicom(ramp, PhotometricInterpretation=kind, PresentationLUTShape="INVERSE")).pixels
    assert (plain == shaped).all()


def test_signed_values_begin_at_zero(write_dicom: Write, ramp: np.ndarray) -> None:
    film = read(write_dicom(ramp.astype(np.int16) - 2048))
    assert (film.pixels == ramp).all()


def test_signed_eight_bits(write_dicom: Write) -> None:
    pixels = np.arange(4096).reshape(64, 64) % 256
    film = read(write_dicom((pixels - 128).astype(np.int8)))
    assert film.bits == 8
    assert (film.pixels == pixels).all()


def test_unused_high_bits_are_left_out(write_dicom: Write, ramp: np.ndarray) -> None:
    assert (read(write_dicom(ramp | 0x8000)).pixels == ramp).all()  # such as an old overlay


def test_big_endian(write_dicom: Write, ramp: np.ndarray) -> None:
    path = write_dicom(ramp, syntax=ExplicitVRBigEndian, PixelData=ramp.astype(">u2").tobytes())
    film = read(path)
    assert film.pixels.dtype.isnative
    assert (film.pixels == ramp).all()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, pydicom.uid.ExplicitVRLittleEndian])
def test_missing_transfer_syntax_is_guessed_for_plain_pixels(write_dicom: Write, ramp: np.ndarray, syntax: str) -> None:
    path = without(write_dicom(ramp, syntax=syntax), syntax=True)
    assert "TransferSyntaxUID" not in pydicom.dcmread(path).file_meta
    assert (read(path).pixels == ramp).all()


def test_missing_transfer_syntax_of_compressed_pixels_is_refused(write_dicom: Write, ramp: np.ndarray) -> None:
    path = without(write_dicom(ramp, PixelData=ramp.tobytes()[:5000]), syntax=True)
    with pytest.raises(DataError, match="names no transfer syntax"):
        read(path)


def test_no_preamble_and_no_meta_header(write_dicom: Write, ramp: np.ndarray) -> None:
    path = without(write_dicom(ramp), preamble=True)
    assert path.read_bytes()[:2] == b"\x08\x00"
    assert (read(path).pixels == ramp).all()


@pytest.mark.parametrize(
    ("tags", "spacing"),
    [
        ({"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.3, 0.3]}, (0.2, 0.1)),
        ({"ImagerPixelSpacing": [0.3, 0.4]}, (0.3, 0.4)),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.3, 0.4]}, (0.3, 0.4)),
        ({"PixelSpacing": [0, 0.1]}, None),
        ({"PixelSpacing": [-0.1, 0.1]}, None),
        ({"PixelSpacing": "0.1"}, None),
        ({}, None),
    ],
)
def test_spacing(write_dicom: Write, ramp: np.ndarray, tags: dict, spacing: tuple | None) -> None:
    assert read(write_dicom(ramp, **tags)).spacing_mm == spacing


def test_equal_channels_are_a_film_and_others_are_not(write_dicom: Write) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (64, 80), dtype=np.uint8)
    colour = np.repeat(grey[..., None], 3, axis=-1)
    tags = {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    film = read(write_dicom(colour, **tags))
    assert film.bits == 8
    assert (film.pixels == grey).all()
    colour[3, 3, 2] = grey[3, 3] + (1 if grey[3, 3] < 255 else -1)  # by rounding
    assert (read(write_dicom(colour, **tags)).pixels == grey).all()
    colour[3, 3, 2] ^= 128
    with pytest.raises(DataError, match="real colour"):
        read(write_dicom(colour, **tags))


def report() -> dict:
    gone = dict.fromkeys(("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"))
    return {**gone, "SOPClassUID": BasicTextSRStorage, "PixelData": None}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PixelData": None}, "no pixels: it is a Digital X-Ray Image"),
        ({"PixelData": b""}, "no pixels"),
        (report(), "no pixels: it is a Basic Text SR"),
        ({"Rows": None}, "lacks Rows"),
        ({"PhotometricInterpretation": None}, "lacks PhotometricInterpretation"),
        ({"NumberOfFrames": 2}, "2 frames"),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, "BitsAllocated 32"),
        ({"BitsStored": 17}, "BitsStored 17"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR"),
        ({"PixelData": bytes(8000)}, "truncated: 8000 of 8192 bytes"),
        ({"PixelData": bytes(8192)}, "blank"),
        ({"Rows": 32, "Columns": 128}, "under 64"),
        ({"WindowCenter": 30000, "WindowWidth": 10}, "blank: every pixel is 0"),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, "RescaleSlope is 0"),
        ({"WindowCenter": 9, "WindowWidth": 9, "VOILUTFunction": "LOG"}, "VOILUTFunction is 'LOG'"),
        ({"Rows": 60000, "Columns": 60000}, "would not fit in memory"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_refused(
    write_dicom: Write, ramp: np.ndarray, monkeypatch: pytest.MonkeyPatch, tags: dict, reason: str
) -> None:
    monkeypatch.setattr(film_module, "free_memory", lambda: 2**30)
    path = write_dicom(ramp, **tags)
    with pytest.raises(DataError, match=reason) as caught:
        read(path)
    assert caught.value.where == str(path)
    assert caught.value.mend


def test_file_cut_anywhere_is_refused(write_dicom: Write, ramp: np.ndarray) -> None:
    content = write_dicom(ramp).read_bytes()
    for length in range(1, len(content), 97):
        path = write_dicom(ramp, name="cut.dcm")
        path.write_bytes(content[:length])
        with pytest.raises(DataError):
            read(path)


RG2 = ["J2KR", "JLSL", "JPLL", "RLE"]


def test_one_film_in_four_encodings(real_data: Path) -> None:
    first, *others = (read(real_data / "dicom" / f"WG04_RG2_{encoding}.dcm") for encoding in RG2)
    assert first.bits == 10
    assert first.spacing_mm == (0.2, 0.2)
    assert first.pixels.shape == (2140, 1760)
    assert all((first.pixels == other.pixels).all() for other in others)


@pytest.mark.parametrize("encoding", RG2)
def test_truncated_compressed_frame_is_refused(real_data: Path, tmp_path: Path, encoding: str) -> None:
    data = pydicom.dcmread(real_data / "dicom" / f"WG04_RG2_{encoding}.dcm")
    frame = next(generate_frames(data.PixelData, number_of_frames=1))
    data.PixelData = encapsulate([frame[: len(frame) // 2]])
    data.save_as(tmp_path / "cut.dcm")
    with pytest.raises(DataError, match="truncated or damaged"):
        read(tmp_path / "cut.dcm")


def test_compressed_file_cut_in_half_is_refused(real_data: Path, tmp_path: Path) -> None:
    content = (real_data / "dicom" / "WG04_RG2_RLE.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="truncated"):
        read(tmp_path / "cut.dcm")


def test_film_and_its_tag_inverted_twin(real_data: Path) -> None:
    film, twin = (read(real_data / "dicom" / f"siim_NIH_CXR_PA_62M{end}.dcm") for end in ("", "_fakeMONO1"))
    assert (twin.pixels == 255 - film.pixels).all()
    height, width = film.pixels.shape
    lung = film.pixels[height * 4 // 10 : height // 2, width * 2 // 10 : width * 3 // 10].mean()
    spine = film.pixels[height * 4 // 10 : height // 2, width * 48 // 100 : width * 55 // 100].mean()
    assert spine > lung + 30


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pydicom_CSPINE_16x16_6154", "16 × 16 pixels"),
        ("pydicom_MR_truncated", "truncated: 8130 of 8192 bytes"),
        ("pydicom_meta_missing_tsyntax", "lacks Rows"),
        ("pydicom_no_meta", "neither DICOM nor PNG nor JPEG"),
    ],
)
def test_real_files_that_are_no_films(real_data: Path, name: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(real_data / "dicom" / f"{name}.dcm")


def test_zero_spacing_of_a_real_film_is_none(real_data: Path) -> None:
    film = read(real_data / "dicom" / "WG04_RG1_J2KI.dcm")
    assert (film.spacing_mm, film.bits) == (None, 15)
