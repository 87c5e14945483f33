"""DICOM files: header, frame, and the way from stored values to a film."""

from __future__ import annotations

import math
import warnings
from io import BytesIO

import cv2
import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from bonerisk.errors import DataError
from bonerisk.imaging import codestream, grayscale
from bonerisk.imaging.bounded import MOST_BYTES, Bounded, inflate, is_deflated
from bonerisk.imaging.film import COPIES, LARGEST_FILE, Film, check_frame, grey
from bonerisk.imaging.words import pixels_of
from bonerisk.runs.environment import free_memory

NOT_AN_IMAGE = "leave this file out, or give the image that it belongs to"
EXPORT_AGAIN = "export the film again from the archive"
CODESTREAMS = {*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes}
LOSSY = {JPEGBaseline8Bit, JPEGExtended12Bit}  # by Pillow: on some damaged frames GDCM ends the process
REQUIRED = ("Rows", "Columns", "BitsAllocated", "PhotometricInterpretation")


def decode(content: bytes) -> Film:
    """The single frame of a DICOM file, after Modality LUT or rescale, VOI and polarity.

    Files without preamble or meta header are read. If the transfer syntax is missing, pixel data of exactly
    the length that the header requires are taken as uncompressed; others are refused. Real colour is marked
    (`film.grey`). An image of several channels gets no VOI, which is defined for grey only.

    Raises
    ------
    DataError
        No pixels, several frames, truncated, too small or too large, or a depth that films don't have.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of every breach of the standard, and most do no harm
        header = _parse(content)
        _check(header)
        stored = _stored(header)
        burned_in = str(header.get("BurnedInAnnotation")).strip().upper() == "YES"
    if stored.ndim == 3:
        bits = int(header.BitsStored)
        single, coloured = grey(stored, bits)
        return Film(single, bits, spacing_mm(header), burned_in=burned_in, coloured=coloured)
    table, bits = grayscale.table(header, stored.dtype)
    unsigned = stored.view(f"u{stored.dtype.itemsize}")
    return Film(cv2.LUT(unsigned, table), bits, spacing_mm(header), burned_in=burned_in)


def spacing_mm(header: pydicom.Dataset) -> tuple[float, float] | None:
    """PixelSpacing, else ImagerPixelSpacing (at the detector, so larger than in the patient); zero or less is none."""
    for name in ("PixelSpacing", "ImagerPixelSpacing"):
        try:
            row, column = (float(value) for value in header[name].value)
        except (KeyError, TypeError, ValueError):
            continue
        if 0 < row < math.inf and 0 < column < math.inf:
            return row, column
    return None


def _parse(content: bytes) -> pydicom.Dataset:
    if is_deflated(content):
        content, whole = inflate(content, min(LARGEST_FILE, (free_memory() or 2**32) // COPIES))
        if not whole:
            raise DataError("the deflated DICOM file is truncated, or would not fit in memory", mend=EXPORT_AGAIN)
    warnings.filterwarnings("error", "End of file reached")  # otherwise it leaves out the tag that was cut off
    try:
        return pydicom.dcmread(Bounded(BytesIO(content), 2 * len(content) + MOST_BYTES), force=True)
    except (EOFError, UserWarning) as error:
        raise DataError("the DICOM file is truncated: it ends within a tag", mend=EXPORT_AGAIN) from error


def _check(header: pydicom.Dataset) -> None:
    """Refuse by the header what can't become a film, before anything is decoded."""
    if not header.get("PixelData"):
        uid = UID(str(header.get("SOPClassUID") or ""))  # a damaged file can hold anything there
        kind = f"it is a {uid.name}" if uid.is_valid and uid.name != uid else "its kind of object is unknown"
        raise DataError(f"the DICOM file holds no pixels: {kind}", mend=NOT_AN_IMAGE)
    missing = [name for name in REQUIRED if not header.get(name)]
    if missing:
        raise DataError(f"the DICOM header lacks {', '.join(missing)}", mend=EXPORT_AGAIN)
    _default(header, SamplesPerPixel=1, PixelRepresentation=0, BitsStored=header.BitsAllocated)
    _default(header, HighBit=header.BitsStored - 1)
    frames = int(grayscale.number(header, "NumberOfFrames") or 1)
    if frames > 1:
        raise DataError(f"the file holds {frames} frames, a film has one", mend=NOT_AN_IMAGE)
    if header.BitsAllocated not in (8, 16) or not 1 < header.BitsStored <= header.BitsAllocated:
        depth = f"BitsStored {header.BitsStored}, BitsAllocated {header.BitsAllocated}"
        raise DataError(f"a radiograph has 2 to 16 bits in 8 or 16, the file says {depth}", mend=NOT_AN_IMAGE)
    kind = header.PhotometricInterpretation
    if header.SamplesPerPixel == 1 and kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise DataError(f"the image is not grey: PhotometricInterpretation is {kind}", mend="export the film in grey")
    check_frame(header.Rows, header.Columns, header.SamplesPerPixel * header.BitsAllocated // 8)


def _default(header: pydicom.Dataset, **values: int) -> None:
    for name, value in values.items():
        if header.get(name) is None:
            setattr(header, name, value)


def _stored(header: pydicom.Dataset) -> np.ndarray:
    """Pixels as they are stored, (rows, columns), or as RGB (rows, columns, 3)."""
    expected = header.Rows * header.Columns * header.SamplesPerPixel * header.BitsAllocated // 8
    held = len(header.PixelData)
    if not header.file_meta.get("TransferSyntaxUID"):
        header.file_meta.TransferSyntaxUID = _guess_transfer_syntax(header, held, expected)
    syntax = header.file_meta.TransferSyntaxUID
    if not syntax.is_compressed and held < expected and "422" not in header.PhotometricInterpretation:
        raise DataError(f"the DICOM file is truncated: {held} of {expected} bytes of pixels", mend=EXPORT_AGAIN)
    frame = _codestream(header) if syntax in CODESTREAMS else None
    single = header.SamplesPerPixel == 1
    try:
        plugin = "pillow" if syntax in LOSSY else ""  # "" is any
        pixels = pixel_array(header, raw=single, view_only=True, decoding_plugin=plugin, correct_unused_bits=not single)
    except RuntimeError as error:  # no plugin of pydicom could decode it
        what = f"the {syntax.name} pixels are truncated or damaged, or no installed decoder knows their kind"
        raise DataError(what, mend=EXPORT_AGAIN) from error
    pixels = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    return pixels_of(pixels, header, frame) if single else pixels


def _codestream(header: pydicom.Dataset) -> codestream.Codestream:
    """What the compressed frame says of itself; refuse one that is not the header's: decoders use the frame alone."""
    found = codestream.describe(next(generate_frames(header.PixelData, number_of_frames=1)))
    if found is None:
        raise DataError("the compressed frame is damaged: it doesn't say its size", mend=EXPORT_AGAIN)
    if found[:3] != (header.Rows, header.Columns, header.SamplesPerPixel):
        said = f"{header.Rows} × {header.Columns} × {header.SamplesPerPixel}"
        what = f"the header says {said} pixels, the compressed frame {' × '.join(map(str, found[:3]))}"
        raise DataError(what, mend=EXPORT_AGAIN)
    if found.bits > header.BitsAllocated:
        what = f"BitsAllocated is {header.BitsAllocated}, the compressed frame has pixels of {found.bits} bits"
        raise DataError(what, mend=EXPORT_AGAIN)
    if found.bits > 8 and header.file_meta.TransferSyntaxUID in LOSSY:
        what = f"no installed decoder reads a lossy JPEG of {found.bits} bits (JPEG Extended)"
        raise DataError(what, mend="convert the file first, as with dcmdjpeg of DCMTK or gdcmconv --raw of GDCM")
    return found


def _guess_transfer_syntax(header: pydicom.Dataset, held: int, expected: int) -> UID:
    """Guess only where one reading is possible: pixels of exactly the length of an uncompressed frame."""
    if held not in (expected, expected + expected % 2):
        what = f"{held} bytes of pixels, but an uncompressed frame has {expected}"
        raise DataError(f"the DICOM file names no transfer syntax, and holds {what}", mend=EXPORT_AGAIN)
    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian
