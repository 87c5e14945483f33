from __future__ import annotations

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.keypoints import alignment
from bonerisk.preprocessing.whole_film import WholeFilm


@pytest.mark.parametrize("shape", [(700, 300), (333, 517), (90, 80)])
def test_a_spot_lies_where_the_matrix_says(shape: tuple[int, int]) -> None:
    transform, spot = WholeFilm(128, 96), np.array([0.3 * shape[1], 0.7 * shape[0]])
    down, across = np.mgrid[: shape[0], : shape[1]]
    bright = np.exp(-((across - spot[0]) ** 2 + (down - spot[1]) ** 2) / (0.06 * min(shape)) ** 2)
    image = transform(Film((4000 * bright).astype(np.uint16), 12)).astype(float)
    y, x = (np.average(axis, weights=image) for axis in np.mgrid[:128, :96])
    at = alignment.apply(transform.onto(shape), spot[None])
    np.testing.assert_allclose([[x, y]], at, atol=0.15)
    back = alignment.apply(alignment.inverse(transform.onto(shape)), at)
    np.testing.assert_allclose(back, spot[None], atol=1e-9)


def test_what_is_no_film_is_black_and_not_covered() -> None:
    transform = WholeFilm(128, 96)
    film = Film(np.random.default_rng(0).integers(500, 900, (800, 200), dtype=np.uint16), 12)
    image, covered = transform(film), transform.covered(np.ones((800, 200), bool), film)
    assert (image[covered == 0] == 0).all()
    assert covered.sum() == pytest.approx(128 * 32)
    assert image.max() == 255


def test_blank_films_and_tiny_images_are_refused() -> None:
    with pytest.raises(DataError, match="blank"):
        WholeFilm()(Film(np.full((100, 100), 7, np.uint16), 12))
    with pytest.raises(ConfigError, match="32 × 96"):
        WholeFilm(32, 96)
