from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openjpeg.utils import encode_array
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGExtended12Bit

from bonerisk.errors import DataError
from bonerisk.imaging.codestream import describe
from bonerisk.imaging.read import read

Write = Callable[..., Path]
OVERLAY = 0x1000  # bit 12 of films of 12 bits


def jpeg_2000(words: np.ndarray, bits: int = 16) -> bytes:
    return bytes(encode_array(words, bits_stored=bits, photometric_interpretation=2))


@pytest.fixture
def write_j2k(write_dicom: Write) -> Write:
    def write(words: np.ndarray, bits: int = 16, syntax: str = JPEG2000Lossless, **tags: object) -> Path:
        return write_dicom(words, syntax=syntax, PixelData=encapsulate([jpeg_2000(words, bits)]), **tags)

    return write


def test_bits_above_the_pixel_are_no_pixel_in_any_encoding(
    write_dicom: Write, write_j2k: Write, ramp: np.ndarray
) -> None:
    words = ramp.copy()
    words[10:20, 10:20] |= OVERLAY
    for path in (write_dicom(words), write_j2k(words, name="j2k.dcm")):
        assert (read(path).pixels == ramp).all()


def test_sign_is_the_pixels_own_highest_bit(write_dicom: Write, write_j2k: Write, ramp: np.ndarray) -> None:
    signed = ramp.astype(np.int16) - 2048
    words = (signed.view(np.uint16) & 0x0FFF) | np.where(ramp % 2, OVERLAY, 0).astype(np.uint16)
    for path in (
        write_dicom(words, PixelRepresentation=1),
        write_j2k(words, name="j2k.dcm", PixelRepresentation=1),
        write_j2k(signed, bits=12, name="signed.dcm"),
    ):
        assert (read(path).pixels == ramp).all()


def test_unsigned_header_of_a_signed_frame(write_j2k: Write, ramp: np.ndarray) -> None:
    harmless = (ramp // 2).astype(np.int16)  # no negative pixel: every reader agrees
    assert (read(write_j2k(harmless, bits=12, PixelRepresentation=0)).pixels == harmless).all()
    with pytest.raises(DataError, match=r"PixelRepresentation 0.*negative"):
        read(write_j2k(ramp.astype(np.int16) - 2048, bits=12, PixelRepresentation=0, RescaleIntercept=2048))


def test_pixels_that_end_at_the_high_bit_are_shifted(write_dicom: Write, write_j2k: Write, ramp: np.ndarray) -> None:
    for name, path in {"plain": write_dicom, "j2k": write_j2k}.items():
        assert (read(path(ramp << 4 | 5, name=f"{name}.dcm", HighBit=15)).pixels == ramp).all()
    assert (read(write_dicom(ramp, HighBit=15)).pixels == ramp).all()  # the tag is wrong, the pixels are in place
    with pytest.raises(DataError, match="HighBit 7 is not possible with BitsStored 12"):
        read(write_dicom(ramp | OVERLAY, HighBit=7))


def test_lossy_overshoot_is_clipped_and_more_is_refused(write_j2k: Write, ramp: np.ndarray) -> None:
    film = read(write_j2k(ramp + np.uint16(9), syntax=JPEG2000))
    assert (film.pixels == np.minimum(ramp + 9, 4095)).all()
    with pytest.raises(DataError, match="BitsStored 12 allows pixels of 0 to 4095, the lossy frame has 0 to 8190"):
        read(write_j2k(ramp * np.uint16(2), syntax=JPEG2000))


def test_deeper_frame_than_allocated_is_refused(write_dicom: Write, ramp: np.ndarray) -> None:
    content = encapsulate([jpeg_2000(ramp)])
    with pytest.raises(DataError, match="BitsAllocated is 8, the compressed frame has pixels of 16 bits"):
        read(write_dicom(ramp.astype(np.uint8), syntax=JPEG2000Lossless, PixelData=content))


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def test_jp2_boxes_of_any_length_are_passed(write_dicom: Write, ramp: np.ndarray) -> None:
    start = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    size = b"".join(side.to_bytes(4, "big") for side in ramp.shape) + b"\0\1\x0b\7\0\0"
    header = box(b"jp2h", box(b"ihdr", size) + box(b"colr", b"\1\0\0" + (17).to_bytes(4, "big")))
    frame = start + header + box(b"uuid", bytes(1300)) + box(b"jp2c", jpeg_2000(ramp, 12))
    film = read(write_dicom(ramp, syntax=JPEG2000Lossless, PixelData=encapsulate([frame])))
    assert (film.pixels == ramp).all()
    assert describe(start + bytes(2000)) is None  # boxes without a length
    assert describe(start) is None


def test_lossy_jpeg_of_12_bits_is_refused_with_the_way_to_convert_it(write_dicom: Write, ramp: np.ndarray) -> None:
    frame = b"\xff\xd8\xff\xc1" + bytes([0, 11, 12, 0, 64, 0, 64, 1, 1, 17, 0]) + bytes(100)
    with pytest.raises(DataError, match="no installed decoder reads a lossy JPEG of 12 bits") as caught:
        read(write_dicom(ramp, syntax=JPEGExtended12Bit, PixelData=encapsulate([frame])))
    assert "dcmdjpeg" in caught.value.mend
