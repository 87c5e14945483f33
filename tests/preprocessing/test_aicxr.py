from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.preprocessing.aicxr import CentreCrop, PaddedSquare

BOTH = pytest.mark.parametrize("kind", [CentreCrop, PaddedSquare])
RNG = np.random.default_rng(2)


def smooth(height: int, width: int, low: int = 300, high: int = 3100) -> Film:
    """A 12-bit film of blurred noise that fills a part of its range."""
    noise = cv2.GaussianBlur(RNG.normal(size=(height, width)), (0, 0), 12)
    noise = (noise - noise.min()) / (noise.max() - noise.min())
    return Film(np.rint(low + noise * (high - low)).astype(np.uint16), 12)


def bicubic(image: np.ndarray) -> np.ndarray:
    """To 224² as CheXzero's loader does."""
    resized = torch.nn.functional.interpolate(torch.tensor(image)[None, None], (224, 224), mode="bicubic")
    return resized[0, 0].numpy()


@pytest.mark.parametrize("shape", [(1024, 768), (768, 1024)])
def test_centre_in_the_films_own_range(shape: tuple[int, int]) -> None:
    """Areas of 3 × 3 pixels, then the middle 256 of 341 rows or columns: in float64."""
    film = smooth(*shape)
    scaled = (film.pixels.astype(float) - 300) / 2800 * 255
    wide = cv2.resize(scaled, (shape[1] // 3, shape[0] // 3), interpolation=cv2.INTER_AREA)
    middle = wide[42 : 42 + 256] if shape[0] > shape[1] else wide[:, 42 : 42 + 256]
    image = CentreCrop()(film)
    assert (image.dtype, image.shape) == (np.uint8, (224, 224))
    np.testing.assert_allclose(image, bicubic(middle).clip(0, 255), atol=0.51)


@BOTH
def test_a_fine_grating_is_averaged_and_gives_no_moire(kind: type) -> None:
    pixels = np.zeros((2048, 2048), np.uint16)
    pixels[:, ::3] = 3000
    image = kind()(Film(pixels, 12))
    assert abs(image.mean() - 85) < 1
    assert image.std() < 20  # every eighth column, picked without a filter, has an SD of 120


def test_equalised_with_black_above_or_beside() -> None:
    image = PaddedSquare()(smooth(960, 720))
    margin = (320 - 240) // 2
    assert (image[:, :margin] == 0).all()
    assert (image[:, -margin:] == 0).all()
    assert (image[0, margin + 1 : -margin - 1] > 0).any()
    greys = np.bincount(image[:, margin + 2 : -margin - 2].ravel(), minlength=256).reshape(4, 64).sum(axis=1)
    np.testing.assert_allclose(greys / greys.sum(), 0.25, atol=0.03)
    assert (PaddedSquare()(smooth(720, 960))[:margin] == 0).all()


@pytest.mark.parametrize("shape", [(640, 480), (333, 517), (300, 200)])
def test_without_equalisation_an_8_bit_film_is_as_chexzeros_code_has_it(shape: tuple[int, int]) -> None:
    """Lanczos to an edge of 320 and zeros around, written anew from the description of data_process.py."""
    pixels = (smooth(*shape).pixels // 16).astype(np.uint8)  # 18 to 193: its range is not stretched
    longest = max(shape)
    size = tuple(int(edge * (320 / longest)) for edge in shape[::-1])
    expected = Image.new("L", (320, 320))
    expected.paste(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS), tuple((320 - e) // 2 for e in size))
    assert (PaddedSquare(equalise=False)(Film(pixels, 8)) == np.asarray(expected)).all()
    assert (PaddedSquare()(Film(pixels, 8)) != np.asarray(expected)).mean() > 0.5
    deep = PaddedSquare(equalise=False)(Film(pixels.astype(np.uint16) * 16, 12))
    assert deep.max() > 250  # a film of more bits becomes 8-bit by its own range


def test_common_chest_films_get_chexzeros_mean_and_sd() -> None:
    images = np.stack([PaddedSquare()(smooth(3050 // 4, 2500 // 4)) for _ in range(3)])
    assert abs(images.mean() - 101.48761) < 4
    assert abs(images.std() - 83.43944) < 2


def test_equalising_forgets_a_monotone_change_of_grey() -> None:
    film = smooth(640, 640, 0, 255)
    root = Film(np.rint(np.sqrt(film.pixels / 255) * 65535).astype(np.uint16), 16)
    apart = np.abs(PaddedSquare()(film).astype(int) - PaddedSquare()(root))
    assert apart.mean() < 1.5  # darks that share one of the 256 greys after the root
    assert np.abs(CentreCrop()(film).astype(int) - CentreCrop()(root)).mean() > 30


@BOTH
def test_depth_and_offset_do_not_matter(kind: type) -> None:
    film = smooth(400, 300)
    before = film.pixels.copy()
    image = kind()(film)
    deeper = kind()(Film(film.pixels * 16 + 7, 16))
    np.testing.assert_allclose(deeper.astype(int), image, atol=1)  # halves may be rounded either way
    assert (deeper == image).mean() > 0.999
    assert (film.pixels == before).all()


@BOTH
@pytest.mark.parametrize("size", [16, 224, 384])
def test_sizes_and_small_or_narrow_films(kind: type, size: int) -> None:
    for film in (smooth(100, 100), smooth(64, 2000), smooth(2000, 64), smooth(500, 401)):
        image = kind(size)(film)
        assert (image.dtype, image.shape) == (np.uint8, (size, size))
        assert np.ptp(image) > 40


@BOTH
def test_blank_films_and_sizes_out_of_range_are_refused(kind: type) -> None:
    with pytest.raises(DataError, match="the film is blank: every pixel is 7"):
        kind()(Film(np.full((100, 100), 7, np.uint8), 8))
    with pytest.raises(ConfigError, match="size is 8"):
        kind(8)
