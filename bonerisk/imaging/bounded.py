"""A DICOM file read within a budget, so that false lengths can't cost more time and memory than a true film."""

from __future__ import annotations

import io
import zlib

EXPLICIT, DEFLATED = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.1.99"  # transfer syntaxes, little endian
GROUPS = (b"\x02\x00", b"\x08\x00")  # first bytes of a DICOM data set without a preamble
MOST_BYTES = 8 * 2**20  # of a header; values that are skipped do not count
COST = 100  # bytes that each read costs: pydicom makes objects even of empty elements
BUFFER = 16 * 2**10  # holds most headers whole


class Bounded(io.BufferedReader):
    """A file of which `budget` bytes can be read, with any claimed lengths and any number of elements."""

    name = ""  # pydicom would look for times and deferred values under it

    def __init__(self, raw: io.RawIOBase | io.BytesIO, budget: int = MOST_BYTES) -> None:
        super().__init__(raw, BUFFER)
        self.left = budget

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as usual; raise ValueError once the budget is spent."""
        data = super().read(min(size, self.left) if size is not None and size >= 0 else self.left)
        self.left -= len(data) + COST
        if self.left < 0:
            raise ValueError("a length in it is wrong, or it has far too many elements")
        return data


def is_dicom(start: bytes) -> bool:
    """Whether a file's first 132 bytes or more are those of a DICOM file or of a data set without preamble."""
    return start[128:132] == b"DICM" or start.startswith(GROUPS)


def is_deflated(start: bytes) -> bool:
    """Whether the data set is deflated, by the meta header in a file's first kilobyte."""
    return DEFLATED in start[:1024]


def inflate(content: bytes, limit: int) -> tuple[bytes, bool]:
    """Return a deflated file as one of explicit little endian, and whether that is all of it.

    At most `limit` bytes are inflated: a few kilobytes of deflated zeros can become gigabytes.
    """
    start = 132 if content[128:132] == b"DICM" else 0
    end = start + 12 + int.from_bytes(content[start + 8 : start + 12], "little")  # of the meta header
    plain = EXPLICIT.ljust(len(DEFLATED), b"\0")
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    data = stream.decompress(content[end:], limit)
    return content[:end].replace(DEFLATED, plain) + data, stream.eof
