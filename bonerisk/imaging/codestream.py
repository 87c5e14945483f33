"""The size of an image from its JPEG, JPEG-LS or JPEG 2000 codestream, read without decoding.

A decoder follows the codestream, not the DICOM header. Where the two differ, GDCM ends the whole process, and OpenJPEG
takes memory for a size that nobody has checked.
"""

from __future__ import annotations

SOI, SIZ = b"\xff\xd8", b"\xff\x4f\xff\x51"  # starts of JPEG and JPEG-LS; of JPEG 2000, which may lie within a JP2
SOF = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # markers of a JPEG's frame, F7 of a JPEG-LS's
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def shape(frame: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and channels; None if it is none of these codestreams, or damaged.

    References
    ----------
    ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A.5.1 (JPEG 2000).
    """
    if frame.startswith(SOI):
        return _jpeg(frame)
    start = frame.find(SIZ, 0, 1024)
    if start < 0 or len(frame) < start + 42:
        return None
    right, bottom, left, top = (int.from_bytes(frame[start + at : start + at + 4], "big") for at in (8, 12, 16, 20))
    return bottom - top, right - left, int.from_bytes(frame[start + 40 : start + 42], "big")


def _jpeg(frame: bytes) -> tuple[int, int, int] | None:
    place = 2
    while place + 10 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker == 0xFF:  # fill bytes may precede a marker
            place += 1
        elif marker in SOF:
            rows, columns = (int.from_bytes(frame[place + at : place + at + 2], "big") for at in (5, 7))
            return rows, columns, frame[place + 9]
        elif marker in ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return None
