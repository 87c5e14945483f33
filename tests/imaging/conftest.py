"""Films made in the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian


@pytest.fixture(scope="session")
def ramp() -> np.ndarray:
    """Every 12-bit value, 64 × 64."""
    return np.arange(4096, dtype=np.uint16).reshape(64, 64)


@pytest.fixture
def write_dicom(tmp_path: Path) -> Callable[..., Path]:
    """Write an uncompressed DICOM film; tags by keyword, None takes one out."""

    def write(pixels: np.ndarray, name: str = "film.dcm", syntax: str = ExplicitVRLittleEndian, **tags: Any) -> Path:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = syntax
        meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
        meta.MediaStorageSOPInstanceUID = "1.2.3"
        data = Dataset()
        data.file_meta = meta
        bits = 8 * pixels.dtype.itemsize
        defaults = {
            "SOPClassUID": DigitalXRayImageStorageForPresentation,
            "SOPInstanceUID": "1.2.3",
            "Rows": pixels.shape[0],
            "Columns": pixels.shape[1],
            "BitsAllocated": bits,
            "BitsStored": 12 if bits == 16 else 8,
            "HighBit": 11 if bits == 16 else 7,
            "PixelRepresentation": int(pixels.dtype.kind == "i"),
            "SamplesPerPixel": 1 if pixels.ndim == 2 else pixels.shape[2],
            "PhotometricInterpretation": "MONOCHROME2",
            "PixelData": pixels.tobytes(),
        }
        for key, value in {**defaults, **tags}.items():
            if value is not None:
                setattr(data, key, value)
        if "PixelData" in data:
            data["PixelData"].VR = "OW" if bits == 16 else "OB"
        path = tmp_path / name
        data.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def write_png(tmp_path: Path) -> Callable[..., Path]:
    def write(pixels: np.ndarray, name: str = "film.png", **options: Any) -> Path:
        path = tmp_path / name
        Image.fromarray(pixels).save(path, "PNG", **options)
        return path

    return write
