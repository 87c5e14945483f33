from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit

from bonerisk.errors import DataError
from bonerisk.imaging.codestream import Codestream, describe
from bonerisk.imaging.read import read


def encoded(rows: int, columns: int, kind: str) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (rows, columns), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, kind, **({"no_jp2": True} if kind == "JPEG2000" else {}))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000"])
def test_what_a_frame_says_and_damage(kind: str) -> None:
    frame = encoded(72, 80, kind)
    assert describe(frame) == Codestream(72, 80, 1, 8, False)
    assert describe(frame[:20]) is None
    assert describe(b"") is None
    assert describe(b"\xff\xd8" + b"\xff" * 100) is None


@pytest.mark.parametrize("encoding", ["JLSL", "JPLL", "J2KR"])
def test_real_frames(real_data: Path, encoding: str) -> None:
    data = pydicom.dcmread(real_data / "dicom" / f"WG04_RG2_{encoding}.dcm")
    found = describe(next(generate_frames(data.PixelData, number_of_frames=1)))
    assert found == Codestream(data.Rows, data.Columns, 1, data.BitsStored, False)


@pytest.mark.parametrize(
    ("kind", "syntax"), [("JPEG", JPEGBaseline8Bit), ("JPEG2000", JPEG2000Lossless)], ids=["JPEG", "JPEG 2000"]
)
def test_frame_of_another_size_is_refused_before_decoding(
    write_dicom: Callable[..., Path], kind: str, syntax: str
) -> None:
    pixels = np.zeros((72, 80), np.uint8)
    sound = write_dicom(pixels, syntax=syntax, PixelData=encapsulate([encoded(72, 80, kind)]))
    assert read(sound).pixels.shape == (72, 80)
    # a process that trusts the header ends in GDCM, or takes the memory that this frame would need
    other = write_dicom(pixels, syntax=syntax, PixelData=encapsulate([encoded(720, 80, kind)]))
    with pytest.raises(DataError, match="the header says 72 × 80 × 1 pixels, the compressed frame 720 × 80 × 1"):
        read(other)
    nothing = write_dicom(pixels, syntax=syntax, PixelData=encapsulate([bytes(100)]))
    with pytest.raises(DataError, match="doesn't say its size"):
        read(nothing)
