"""Films simulated and decoded a second on one core, beside the naive way to decode, in one run.

python scripts/bench_films.py [films]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from bonerisk.imaging.read import read
from bonerisk.phantom.films import FILMS, MASKS, Maker
from bonerisk.preprocessing.chest import GrayscaleTruncation

SIZE = 512  # OsPenScreen's


def naive(path: Path) -> np.ndarray:
    """Rescale, window and truncate in float64 as the documentation of pydicom and Pillow suggests."""
    header = pydicom.dcmread(path)
    film = apply_voi_lut(apply_modality_lut(header.pixel_array, header), header).astype(float)
    if header.PhotometricInterpretation == "MONOCHROME1":
        film = film.max() - film
    height, width = film.shape
    centre = film[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    film = (film.clip(centre.min(), centre.max()) - centre.min()) / np.ptp(centre) * 255
    return np.asarray(Image.fromarray(film.astype(np.uint8)).resize((SIZE, SIZE)))


def rate(work: Callable[[object], object], items: Iterable[object]) -> float:
    """Items a second of processor time."""
    start, count = time.process_time(), 0
    for item in items:
        work(item)
        count += 1
    return count / (time.process_time() - start)


def main() -> None:
    """Print three rates and the ratio of the last two."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    cv2.setNumThreads(1)
    transform = GrayscaleTruncation(SIZE)
    with tempfile.TemporaryDirectory() as name:
        for part in (FILMS, MASKS):
            (Path(name) / part).mkdir()
        make = Maker(Path(name), 0, 1.0)
        make(0)
        simulated = rate(make, range(count))
        paths = sorted((Path(name) / FILMS).iterdir())
        ours, theirs = rate(lambda path: transform(read(path)), paths), rate(naive, paths)
    print(f"simulated at 1,024²: {simulated:.1f} films/s a core")
    print(f"decoded to {SIZE}²: {ours:.1f} films/s a core, naively {theirs:.1f}, ratio {ours / theirs:.1f}")


if __name__ == "__main__":
    main()
