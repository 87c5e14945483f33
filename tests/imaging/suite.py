"""Films of every kind of pixel, encoding and look-up table, made alike on every machine for comparisons of readers.

Each film is of 64 × 64 pixels, and no encoding in it loses anything. `scripts/compare_readers.py` reads them with DCMTK
and with GDCM and pydicom, and keeps what these see in ``tests/golden/readers.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gdcm
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

EVERY = 37  # pixels: the golden file keeps every 37th of 4,096; 37 and 64 have no common factor
RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
WIDE = RAMP * 16 + 7
BYTES = (RAMP % 256).astype(np.uint8)
WINDOW = {"WindowCenter": 1000, "WindowWidth": 1500}
LINEAR_EXACT, SIGMOID = {"VOILUTFunction": "LINEAR_EXACT"}, {"VOILUTFunction": "SIGMOID"}
RESCALED = {"RescaleSlope": 0.5, "RescaleIntercept": -1000, "RescaleType": "US"}
SIGNED = RAMP.astype(np.int16) - 2048
INVERTED = {"PhotometricInterpretation": "MONOCHROME1"}


def lut(first: int, entries: np.ndarray, bits: int, name: str) -> dict[str, Any]:
    """A sequence with one look-up table."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 2**16, first, bits])
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    if name == "ModalityLUTSequence":
        item.ModalityLUTType = "US"
    return {name: [item]}


CURVE = np.rint(np.sqrt(np.arange(4096) / 4095) * 65535)
VOI, MODALITY = "VOILUTSequence", "ModalityLUTSequence"
FILMS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {  # stored values, and tags other than those of `write`
    "plain": (RAMP, {}),
    "implicit": (RAMP, {"syntax": ImplicitVRLittleEndian}),
    "big_endian": (RAMP, {"syntax": ExplicitVRBigEndian}),
    "deflated": (RAMP, {"syntax": DeflatedExplicitVRLittleEndian}),
    "eight_bits": (BYTES, {}),
    "sixteen_bits": (WIDE, {"BitsStored": 16, "HighBit": 15}),
    "ten_bits": (RAMP // 4, {"BitsStored": 10, "HighBit": 9}),
    "signed": (SIGNED, {}),
    "signed_sixteen": ((WIDE.astype(np.int32) - 32768).astype(np.int16), {"BitsStored": 16, "HighBit": 15}),
    "signed_cut": (SIGNED & 0x0FFF, {"PixelRepresentation": 1}),  # without the sign in the unused bits
    "inverted": (RAMP, INVERTED),
    "inverted_signed": (SIGNED, INVERTED),
    "high_bit_15": (RAMP << 4, {"HighBit": 15}),
    "high_bit_13": (RAMP << 2, {"HighBit": 13}),
    "unused_bits": (RAMP | 0xA000, {}),
    "window": (RAMP, WINDOW),
    "window_inverted": (RAMP, WINDOW | INVERTED),
    "window_exact": (RAMP, WINDOW | LINEAR_EXACT),
    "window_sigmoid": (RAMP, WINDOW | SIGMOID),
    "window_beyond": (RAMP, {"WindowCenter": 3000, "WindowWidth": 9000}),
    "window_signed": (SIGNED, {"WindowCenter": -200, "WindowWidth": 1500}),
    "window_two": (RAMP, {"WindowCenter": [1000, 2000], "WindowWidth": [1500, 300]}),
    "rescale": (RAMP, RESCALED),
    "rescale_window": (RAMP, RESCALED | {"WindowCenter": 100, "WindowWidth": 600}),
    "rescale_negative": (RAMP, {"RescaleSlope": -1, "RescaleIntercept": 4095, "RescaleType": "US"}),
    "voi_lut": (RAMP, lut(0, CURVE, 16, VOI)),
    "voi_lut_short": (RAMP, lut(1000, CURVE[:2000] // 16, 12, VOI)),
    "voi_lut_inverted": (RAMP, lut(0, CURVE, 16, VOI) | INVERTED),
    "modality_lut": (RAMP, lut(0, CURVE, 16, MODALITY)),
    "modality_lut_window": (RAMP, lut(0, CURVE // 16, 12, MODALITY) | WINDOW),
    "rle": (RAMP, {"encoding": "RLELossless"}),
    "jpeg_lossless": (RAMP, {"encoding": "JPEGLosslessProcess14_1"}),
    "jpeg_lossless_sixteen": (WIDE, {"encoding": "JPEGLosslessProcess14_1", "BitsStored": 16, "HighBit": 15}),
    "jpeg_ls": (RAMP, {"encoding": "JPEGLSLossless"}),
    "jpeg_2000": (RAMP, {"encoding": "JPEG2000Lossless"}),
    "jpeg_2000_eight": (BYTES, {"encoding": "JPEG2000Lossless"}),
    "rle_window_inverted": (RAMP, WINDOW | INVERTED | {"encoding": "RLELossless"}),
}


def write(name: str, folder: Path) -> Path:
    """Write a film of `FILMS`."""
    pixels, tags = FILMS[name]
    tags = dict(tags)
    encoding, syntax = tags.pop("encoding", None), tags.pop("syntax", ExplicitVRLittleEndian)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    film, bits = Dataset(), 8 * pixels.dtype.itemsize
    film.file_meta, film.SOPClassUID, film.SOPInstanceUID = meta, meta.MediaStorageSOPClassUID, "1.2.3"
    film.Rows, film.Columns, film.SamplesPerPixel, film.PhotometricInterpretation = 64, 64, 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit = bits, min(bits, 12), min(bits, 12) - 1
    film.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in tags.items():
        setattr(film, keyword, value)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    film.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    film["PixelData"].VR = "OB" if bits == 8 else "OW"
    path = folder / f"{name}.dcm"
    film.save_as(path, enforce_file_format=True)
    if encoding:
        _compress(path, encoding)
    return path


def _compress(path: Path, encoding: str) -> None:
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, encoding)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
