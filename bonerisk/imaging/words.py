"""From the words of a frame to its pixels: the bits that a pixel has, and its sign."""

from __future__ import annotations

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEG2000MC,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from bonerisk.errors import DataError
from bonerisk.imaging.codestream import Codestream

INEXACT = {JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000, JPEG2000MC, HTJ2K}
OVERSHOOT = 0.25  # of the range: what lossy compression may add at an edge; a bit above BitsStored adds 1 or more
MEND = "export the film again from the archive, uncompressed (Explicit VR Little Endian)"


def pixels_of(words: np.ndarray, header: Dataset, frame: Codestream | None) -> np.ndarray:
    """The pixels in the words of a decoded frame of one channel.

    Bits outside BitsStored are no part of a pixel and may hold anything, such as an overlay (PS3.5 8.1.1). They are
    dropped, and a signed pixel takes its sign from its own highest bit. Pixels that don't end at bit BitsStored − 1
    but at HighBit are shifted there, as DCMTK does (GDCM's and pydicom's readers ignore HighBit), unless all words fit
    in BitsStored already: then HighBit is wrong. After lossy compression the bits of a word mean nothing by
    themselves: pixels may overshoot the range a little, and the grayscale pipeline clips them.

    Parameters
    ----------
    words : array of (u)int8 or (u)int16, shape (rows, columns)
        Signed as PixelRepresentation says. It is changed in place if it can be.
    header : Dataset
        With BitsAllocated, BitsStored, HighBit, PixelRepresentation and the transfer syntax.
    frame : Codestream, optional
        What the compressed frame says of itself.

    Returns
    -------
    array of the dtype of `words`, shape (rows, columns)

    Raises
    ------
    DataError
        Header and frame contradict each other in a way that readers solve differently.
    """
    bits, signed, high = int(header.BitsStored), bool(header.PixelRepresentation), int(header.HighBit)
    low = -(2 ** (bits - 1)) if signed else 0
    least, most = int(words.min()), int(words.max())
    if frame and frame.signed and not signed and most >= 2 ** (frame.bits - 1):
        what = "the header says unsigned pixels (PixelRepresentation 0), the compressed frame holds negative ones"
        raise DataError(what, mend=f"correct PixelRepresentation, or {MEND}")
    if low <= least and most < low + 2**bits:
        return words
    if header.file_meta.TransferSyntaxUID in INEXACT:
        beyond = OVERSHOOT * 2**bits
        if least < low - beyond or most >= low + 2**bits + beyond:
            allowed = f"{low} to {low + 2**bits - 1}"
            what = f"BitsStored {bits} allows pixels of {allowed}, the lossy frame has {least} to {most}"
            raise DataError(what, mend=f"correct BitsStored, or {MEND}")
        return words
    width = 8 * words.dtype.itemsize
    if not bits - 1 <= high < width:
        raise DataError(f"HighBit {high} is not possible with BitsStored {bits} in {width} bits", mend=MEND)
    if not words.flags.writeable:
        words = words.copy()
    np.left_shift(words, width - 1 - high, out=words)
    return np.right_shift(words, width - bits, out=words)
