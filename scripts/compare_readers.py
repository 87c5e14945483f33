"""Films read by bonerisk, compared value by value with DCMTK and with GDCM and pydicom.

python scripts/compare_readers.py [FOLDER...]     real films, a line each: the largest difference in levels of our depth
python scripts/compare_readers.py --golden        the films of tests/imaging/suite.py, kept in tests/golden/readers.json

DCMTK (apt-get install dcmtk) renders each film as a viewer does, with its first VOI LUT or window, to 16 bits. It has
no JPEG 2000, takes LINEAR_EXACT for LINEAR, and rounds rescaled values to integers. The second reader decodes with GDCM
and applies pydicom's look-up tables in floats. We agree with it within half a level, and with DCMTK within a level,
since without a window DCMTK scales by 2**16 / 2**bits.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import cv2
import gdcm
import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import JPEGLSTransferSyntaxes

from bonerisk.errors import DataError
from bonerisk.imaging.read import read

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "readers.json"


def dcmtk(path: Path) -> np.ndarray | None:
    """The film as DCMTK renders it, 0 to 1; None if it can't."""
    header = _header(path)
    tool = "dcml2pnm" if header.file_meta.get("TransferSyntaxUID") in JPEGLSTransferSyntaxes else "dcmj2pnm"
    voi = ["-W"]
    if header.get("WindowWidth") not in (None, ""):
        voi = ["+Wi", "1"]
    if header.get("VOILUTSequence"):
        voi = ["+Wl", "1"]
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "film.png"
        if subprocess.run([tool, "-q", *voi, "+on2", path, image], capture_output=True, check=False).returncode:
            return None
        pixels = cv2.imread(str(image), cv2.IMREAD_UNCHANGED)
    return pixels / np.iinfo(pixels.dtype).max


def gdcm_pydicom(path: Path) -> np.ndarray | None:
    """The film by GDCM's pixels and pydicom's look-up tables, 0 to 1; None if they can't."""
    header = _header(path)
    stored = _gdcm_pixels(path, header)
    if stored is None:
        return None
    try:
        values = apply_modality_lut(stored, header)
        shown = apply_voi_lut(values, header)
    except Exception as error:  # any error of pydicom: the film is none for it
        print(f"{path.name}: pydicom: {error}", file=sys.stderr)
        return None
    low, high = _range(header)
    if header.get("VOILUTSequence"):
        low, high = 0.0, 2.0 ** header.VOILUTSequence[0].LUTDescriptor[2] - 1
    fraction = np.clip((shown.astype(np.float64) - low) / (high - low), 0, 1)
    return 1 - fraction if header.PhotometricInterpretation == "MONOCHROME1" else fraction


def _header(path: Path) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, force=True)


def _gdcm_pixels(path: Path, header: pydicom.Dataset) -> np.ndarray | None:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    if not reader.Read():
        return None
    image = reader.GetImage()
    kind = image.GetPixelFormat()
    if kind.GetSamplesPerPixel() != 1 or header.HighBit != header.BitsStored - 1:  # GDCM and pydicom ignore HighBit
        return None
    dtype = np.dtype(f"{'i' if kind.GetPixelRepresentation() else 'u'}{kind.GetBitsAllocated() // 8}")
    words = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), dtype)
    words = words.reshape(image.GetDimension(1), image.GetDimension(0))
    unused = kind.GetBitsAllocated() - kind.GetBitsStored()
    return (words << unused) >> unused


def _range(header: pydicom.Dataset) -> tuple[float, float]:
    """Ends of the values after the Modality LUT."""
    if header.get("ModalityLUTSequence"):
        return 0.0, 2.0 ** header.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    first = -(2 ** (header.BitsStored - 1)) if header.get("PixelRepresentation") else 0
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    ends = sorted(slope * end + intercept for end in (first, first + 2**header.BitsStored - 1))
    return ends[0], ends[1]


READERS = {"dcmtk": dcmtk, "gdcm_pydicom": gdcm_pydicom}


def compare(path: Path) -> str:
    """One line: the largest difference from each reader, in levels of our depth."""
    try:
        film = read(path)
    except DataError as error:
        return f"refused: {error.what}"
    top = 2**film.bits - 1
    found = []
    for name, reader in READERS.items():
        theirs = reader(path)
        if theirs is None or theirs.shape != film.pixels.shape:
            found.append(f"{name} has none" if theirs is None else f"{name} {theirs.shape}")
            continue
        apart = np.abs(film.pixels - theirs * top)
        found.append(f"{name} {apart.max():.2f} (mean {apart.mean():.4f})")
    return f"{film.bits} bits: {', '.join(found)}"


def write_golden() -> None:
    """Keep what the readers see in the films of the suite."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.imaging.suite import EVERY, FILMS, write

    version = subprocess.run(["dcmj2pnm", "--version"], capture_output=True, text=True, check=True).stdout
    origin = {
        "made by": "scripts/compare_readers.py --golden",
        "dcmtk": version.split()[2],
        "gdcm": gdcm.Version.GetVersion(),
        "pydicom": pydicom.__version__,
        "values": f"every {EVERY}th pixel, 0 to 65535, bright where dense",
    }
    films: dict[str, dict[str, list[int] | None]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in FILMS:
            path = write(name, Path(folder))
            seen = {reader: function(path) for reader, function in READERS.items()}
            films[name] = {
                reader: None if image is None else np.rint(image.ravel()[::EVERY] * 65535).astype(int).tolist()
                for reader, image in seen.items()
            }
            print(f"{name}: {compare(path)}")
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(seen, separators=(',', ':'))}" for name, seen in films.items())
    GOLDEN.write_text(f'{{"origin": {json.dumps(origin)},\n"films": {{\n{lines}\n}}}}\n', encoding="utf-8")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--golden", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("dcmj2pnm") is None:
        sys.exit("dcmj2pnm is not there: apt-get install dcmtk")
    if arguments.golden:
        write_golden()
    for folder in arguments.folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png"):
            print(f"{path.relative_to(folder)}: {compare(path)}")


if __name__ == "__main__":
    main()
