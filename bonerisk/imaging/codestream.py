"""What a JPEG, JPEG-LS or JPEG 2000 codestream says of its own pixels, read without decoding.

A decoder follows the codestream, not the DICOM header. Where the two differ, GDCM ends the whole process, OpenJPEG
takes memory for a size that nobody has checked, and samples are read at the wrong depth or with the wrong sign.
"""

from __future__ import annotations

from typing import NamedTuple

SOI, SIZ = b"\xff\xd8", b"\xff\x4f\xff\x51"  # starts of JPEG and JPEG-LS; of JPEG 2000, which may lie within a JP2
SOF = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # markers of a JPEG's frame, F7 of a JPEG-LS's
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
JP2 = b"\x00\x00\x00\x0cjP  "  # the first box of a JP2 file


class Codestream(NamedTuple):
    """Size, channels, bits of a sample, and whether samples are signed (only JPEG 2000 can say so)."""

    rows: int
    columns: int
    channels: int
    bits: int
    signed: bool


def describe(frame: bytes) -> Codestream | None:
    """What the codestream says of its pixels; None if it is none of these codestreams, or damaged.

    References
    ----------
    ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annexes A.5.1 (JPEG 2000) and I.4 (the boxes of JP2).
    """
    if frame.startswith(SOI):
        return _jpeg(frame)
    start = _within_jp2(frame) if frame.startswith(JP2) else 0
    if not frame.startswith(SIZ, start) or len(frame) < start + 43:
        return None
    right, bottom, left, top = (int.from_bytes(frame[start + at : start + at + 4], "big") for at in (8, 12, 16, 20))
    depth = frame[start + 42]
    channels = int.from_bytes(frame[start + 40 : start + 42], "big")
    return Codestream(bottom - top, right - left, channels, (depth & 0x7F) + 1, depth > 0x7F)


def _within_jp2(frame: bytes) -> int:
    """Where the codestream begins; the length of the frame if no box holds one."""
    place = 0
    while place + 8 <= len(frame):
        length, kind = int.from_bytes(frame[place : place + 4], "big"), frame[place + 4 : place + 8]
        if kind == b"jp2c":
            return place + (16 if length == 1 else 8)
        if length < 8:  # 0 is allowed in the last box alone, and 1 means a box of gigabytes
            break
        place += length
    return len(frame)


def _jpeg(frame: bytes) -> Codestream | None:
    place = 2
    while place + 10 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker == 0xFF:  # fill bytes may precede a marker
            place += 1
        elif marker in SOF:
            rows, columns = (int.from_bytes(frame[place + at : place + at + 2], "big") for at in (5, 7))
            return Codestream(rows, columns, frame[place + 9], frame[place + 4], False)
        elif marker in ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return None
