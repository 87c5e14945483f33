"""Films decoded per second on one core, beside the naive way, the least possible cost and the store, in one run.

python scripts/bench_films.py [films]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import gdcm
import numpy as np
import pandas as pd
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from bonerisk.imaging import store
from bonerisk.imaging.decode import Decoder
from bonerisk.imaging.perceptual import perceptual
from bonerisk.imaging.read import read
from bonerisk.phantom.films import FILMS, MASKS, Maker
from bonerisk.phantom.people.patient import Population
from bonerisk.preprocessing.chest import GrayscaleTruncation

SHAPE = (2500, 2048)  # of a film of 12 bits, as detectors give them
SIZE = 512  # OsPenScreen's
ENCODINGS = {
    "JPEG 2000 lossless": gdcm.TransferSyntax.JPEG2000Lossless,
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "RLE": gdcm.TransferSyntax.RLELossless,
}


def naive(path: Path) -> np.ndarray:
    """Rescale, window and truncate in float64 as the documentation of pydicom and Pillow suggests."""
    header = pydicom.dcmread(path)
    film = apply_voi_lut(apply_modality_lut(header.pixel_array, header), header).astype(float)
    if header.PhotometricInterpretation == "MONOCHROME1":
        film = film.max() - film
    height, width = film.shape
    centre = film[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    film = (film.clip(centre.min(), centre.max()) - centre.min()) / np.ptp(centre) * 255
    return np.asarray(Image.fromarray(film.astype(np.uint8)).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def limit(path: Path) -> np.ndarray:
    """Read the bytes and shrink the stored values: the least that any decoder must do."""
    pixels = np.frombuffer(path.read_bytes()[-2 * SHAPE[0] * SHAPE[1] :], "<u2").reshape(SHAPE)
    return cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def write_film(path: Path, seed: int) -> None:
    """Write an uncompressed film of soft shadows and noise."""
    rng = np.random.default_rng(seed)
    shadows = cv2.resize(rng.normal(2000, 400, (50, 41)), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    pixels = (shadows + rng.normal(0, 12, SHAPE)).clip(0, 4095).astype("<u2")
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID, header.SOPInstanceUID = DigitalXRayImageStorageForPresentation, f"1.2.{seed}"
    header.Rows, header.Columns, header.SamplesPerPixel = *SHAPE, 1
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
    header.PhotometricInterpretation, header.WindowCenter, header.WindowWidth = "MONOCHROME2", "2048", "4096"
    header.add_new("PixelData", "OW", pixels.tobytes())
    header.save_as(path, enforce_file_format=True)


def encoded(path: Path, syntax: int, name: str) -> Path:
    """Return a copy of a film, in another encoding."""
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    change.Change()
    copy = path.with_name(f"{name} {path.name}")
    writer.SetFileName(str(copy))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.Write()
    return copy


def rates(items: Sequence[Any], *works: Callable[[Any], object]) -> list[float]:
    """Items per second of processor time, the median; works take turns, so that all meet the same machine."""
    seconds = np.empty((len(items) + 1, len(works)))
    for row, item in enumerate([items[0], *items]):  # the first to warm up
        for column, work in enumerate(works):
            start = time.process_time()
            work(item)
            seconds[row, column] = time.process_time() - start
    return list(1 / np.median(seconds[1:], axis=0))


def decoding(paths: Sequence[Path], decode: Decoder) -> float:
    """Print rates of decoding films of all encodings, and return that of uncompressed ones."""
    ours, theirs, bound = rates(paths, decode, naive, limit)
    print(f"uncompressed, {SHAPE[0]} × {SHAPE[1]} to {SIZE}²: {ours:.0f} films/s a core")
    print(f"  naively {theirs:.1f}: ours is {ours / theirs:.1f} × as fast")
    print(f"  bytes read and made small {bound:.0f}: ours is {ours / bound:.2f} of this limit")
    for name, syntax in ENCODINGS.items():
        copies = [encoded(path, syntax, name) for path in paths[:4]]
        packed, bare = rates(copies, decode, pixel_array)
        print(f"{name}: {packed:.1f} films/s a core, its decoder alone {bare:.1f}: {packed / bare:.2f} of this limit")
    film = read(paths[0])
    print(f"perceptual hash: {1000 / rates([film] * 50, perceptual)[0]:.2f} ms a film")
    return ours


def stored(folder: Path, paths: Sequence[Path], transform: Callable[..., np.ndarray], decoded: float) -> None:
    """Print the rate of reading images from a store in random order."""
    films = pd.DataFrame({"image_id": range(len(paths)), "image_path": paths})
    images = store.build(folder, films, transform, (SIZE, SIZE)).images
    order = np.random.default_rng(0).integers(0, len(images), 2000)
    (opened,) = rates(np.array_split(order, 20), lambda rows: [np.array(images[row]) for row in rows])
    opened *= len(order) / 20
    print(f"from the store, in random order: {opened:.0f} images/s, {opened / decoded:.0f} × as fast as decoding")


def simulated(folder: Path, films: int) -> None:
    """Print the rate of simulating the first films of patients."""
    for part in (FILMS, MASKS):
        (folder / part).mkdir(parents=True)
    (made,) = rates([(patient, 0) for patient in range(films)], Maker(folder, Population()))
    print(f"simulated, 1,024² or so: {made:.1f} films/s a core")


def main() -> None:
    """Print all rates."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    cv2.setNumThreads(1)
    transform = GrayscaleTruncation(SIZE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{number}.dcm" for number in range(count)]
        for number, path in enumerate(paths):
            write_film(path, number)
        decoded = decoding(paths, Decoder(transform, (SIZE, SIZE)))
        stored(folder / "store", paths, transform, decoded)
        simulated(folder / "simulated", 2 * count)


if __name__ == "__main__":
    main()
