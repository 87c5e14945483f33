from __future__ import annotations

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.preprocessing.chest import GrayscaleTruncation


@pytest.fixture
def film() -> Film:
    """A smooth 12-bit film with a marker in the margin that is brighter than anything in the centre."""
    rows, columns = np.mgrid[0:200, 0:160]
    pixels = (1500 + 900 * np.sin(rows / 30) + 500 * np.cos(columns / 20)).astype(np.uint16)
    pixels[5:15, 5:15] = 4095
    pixels[-10:] = 0
    return Film(pixels, bits=12)


def test_as_printed(film: Film) -> None:
    """Clip at full resolution to the centre's range, rescale, average over areas of 5 × 4 pixels: in float64."""
    centre = film.pixels[50:150, 40:120].astype(float)
    low, high = centre.min(), centre.max()
    full = (np.clip(film.pixels, low, high) - low) / (high - low) * 255
    printed = full.reshape(40, 5, 40, 4).mean(axis=(1, 3))
    ours = GrayscaleTruncation(40)(film)
    assert (ours.dtype, ours.shape) == (np.uint8, (40, 40))
    np.testing.assert_allclose(ours, printed, atol=0.51)


def test_margin_saturates_and_centre_spans_everything(film: Film) -> None:
    image = GrayscaleTruncation(200)(Film(film.pixels[:, :160], 12))
    assert image[7, 9] == 255
    assert image[-1, 0] == 0
    assert (image.min(), image.max()) == (0, 255)


def test_a_hot_pixel_moves_the_printed_form_and_not_the_percentile(film: Film) -> None:
    hot = Film(film.pixels.copy(), 12)
    hot.pixels[100, 80] = 4095
    printed, percentile = GrayscaleTruncation(64), GrayscaleTruncation(64, percentile=0.5)
    assert np.abs(printed(hot).astype(int) - printed(film)).mean() > 10
    assert np.abs(percentile(hot).astype(int) - percentile(film)).mean() < 1


def test_percentile_clips_what_it_says() -> None:
    pixels = np.tile(np.arange(1000, dtype=np.uint16), (1000, 1))
    low, high = GrayscaleTruncation(percentile=10)._range(pixels)
    assert (low, high) == (99, 899)
    assert GrayscaleTruncation(percentile=0)._range(pixels) == (0, 999)


def test_depth_does_not_matter(film: Film) -> None:
    deeper = Film(film.pixels * 16, bits=16)
    assert (GrayscaleTruncation(64)(deeper) == GrayscaleTruncation(64)(film)).all()


def test_input_is_left_alone(film: Film) -> None:
    before = film.pixels.copy()
    GrayscaleTruncation(64)(film)
    assert (film.pixels == before).all()


def test_smaller_film_is_enlarged() -> None:
    small = Film(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64), 12)
    assert GrayscaleTruncation(128)(small).shape == (128, 128)


@pytest.mark.parametrize("percentile", [None, 0.5])
def test_blank_centre_is_refused(percentile: float | None) -> None:
    pixels = np.zeros((100, 100), np.uint8)
    pixels[0, 0] = 1
    with pytest.raises(DataError, match="central half of the film is blank"):
        GrayscaleTruncation(64, percentile)(Film(pixels, 8))


@pytest.mark.parametrize("percentile", [-1.0, 50.0, 99.5])
def test_percentile_without_a_range_is_refused(percentile: float) -> None:
    with pytest.raises(ConfigError, match="percentiles"):
        GrayscaleTruncation(percentile=percentile)
