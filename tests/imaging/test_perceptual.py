from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonerisk.cohort.leaks import NEAR
from bonerisk.imaging.film import Film
from bonerisk.imaging.perceptual import BYTES, perceptual
from bonerisk.imaging.read import read


def distance(one: Film, other: Film) -> float:
    """Share of bits that differ among those set in either."""
    a, b = (np.unpackbits(np.frombuffer(perceptual(film), np.uint8)).astype(bool) for film in (one, other))
    return (a ^ b).sum() / (a | b).sum()


def window(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    ends = np.percentile(pixels, (low, high))
    return np.interp(pixels, ends, (0, 255)).astype(np.uint8)


def smaller(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "8 bits": lambda film: np.round(film / film.max() * 255).astype(np.uint8),
    "JPEG of quality 90": lambda film: cv2.imdecode(cv2.imencode(".jpg", window(film, 0, 100), [1, 90])[1], 0),
    "half the size": lambda film: smaller(film, film.shape[0] // 2, film.shape[1] // 2),
    "a square of 224 pixels": lambda film: smaller(film, 224, 224),
    "window that cuts off the ends": lambda film: window(film, 10, 90),
    "window that cuts off the bright fifth": lambda film: window(film, 0, 80),
    "another gamma": lambda film: (255 * (film / film.max()) ** 0.6).astype(np.uint8),
    "equalised": lambda film: cv2.equalizeHist(window(film, 0, 100)),
}


def made(seed: int) -> np.ndarray:
    """A 12-bit film (700, 600): a shape that all films share, detail of its own, and noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:700, 0:600]
    shared = np.sin(rows / 200) + np.cos(columns / 90)
    detail = cv2.resize(rng.standard_normal((70, 60)), (600, 700), interpolation=cv2.INTER_CUBIC)
    film = shared + 0.15 * detail + 0.02 * rng.standard_normal((700, 600))
    return ((film - film.min()) / np.ptp(film) * 4095).astype(np.uint16)


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_copies_are_near(copy: Callable[[np.ndarray], np.ndarray]) -> None:
    for seed in range(5):
        changed = copy(made(seed))
        assert distance(Film(made(seed), 12), Film(changed, 8 * changed.dtype.itemsize)) < NEAR


def test_films_that_share_their_shape_are_not() -> None:
    films = [Film(made(seed), 12) for seed in range(20)]
    assert min(distance(one, other) for place, one in enumerate(films) for other in films[:place]) > NEAR + 0.1


def test_monochrome1_twin_has_the_same_hash(write_dicom: Callable[..., Path]) -> None:
    film = made(0)
    twin = write_dicom(4095 - film, name="twin.dcm", PhotometricInterpretation="MONOCHROME1")
    assert perceptual(read(twin)) == perceptual(read(write_dicom(film)))


def test_film_without_detail_has_no_bits() -> None:
    blank = np.full((100, 100), 7, np.uint8)
    blank[:50] = 9
    bits = np.unpackbits(np.frombuffer(perceptual(Film(blank, 8)), np.uint8))
    assert (len(bits), bits.mean() < 0.05) == (8 * BYTES, True)


@pytest.mark.parametrize("source", ["opscan", "hannover"])
def test_real_films(real_data: Path, source: str) -> None:
    """Films of one patient are among Hannover's; every fifth film is copied."""
    paths = sorted((real_data / source / "png").glob("*.png"))
    films = [read(path) for path in paths]
    hashes = np.array([np.unpackbits(np.frombuffer(perceptual(film), np.uint8)) for film in films], np.float32)
    both = hashes @ hashes.T
    either = hashes.sum(axis=1)[:, None] + hashes.sum(axis=1) - both
    assert 1 - (both / either)[np.triu_indices(len(films), 1)].max() > 0.6
    for film in films[::5]:
        assert max(distance(film, Film(copy(film.pixels), 8)) for copy in COPIES.values()) < NEAR
