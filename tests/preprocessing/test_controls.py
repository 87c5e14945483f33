from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.preprocessing.chest import GrayscaleTruncation
from bonerisk.preprocessing.controls import BonesMasked, BorderOnly, VendorOnly

RNG = np.random.default_rng(0)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """A 12-bit film (200, 160) of noise, whose mask has a bone of bit 5 and another organ of bit 3."""
    mask = np.zeros((100, 80), np.uint16)
    mask[40:60, 20:60] = 1 << 5
    mask[10:20] = 1 << 3
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "a.b.png"), mask)
    return Film(RNG.integers(0, 4096, (200, 160), dtype=np.uint16), 12, (0.2, 0.1), tmp_path / "films" / "a.b.dcm")


def changed(film: Film, rows: slice, columns: slice) -> Film:
    """Return the film with other pixels in a part."""
    pixels = film.pixels.copy()
    pixels[rows, columns] = RNG.integers(0, 4096, pixels[rows, columns].shape)
    return Film(pixels, film.bits, film.spacing_mm, film.path)


def test_border_tells_nothing_of_the_inside(film: Film) -> None:
    control = BorderOnly(40)
    image = control(film)
    assert (image.shape, image.dtype) == ((40, 40), np.uint8)
    assert (image[4:-4, 4:-4] == 128).all()
    assert (control(changed(film, slice(20, 180), slice(16, 144))) == image).all()
    for rows, columns in ((slice(0, 20), slice(None)), (slice(None), slice(144, 160))):
        assert (control(changed(film, rows, columns)) != image).any()


def test_border_has_its_own_range(film: Film) -> None:
    pixels = np.full((200, 160), 4095, np.uint16)
    pixels[:, :16], pixels[:, 144:], pixels[:20], pixels[180:] = 100, 300, 200, 200
    image = BorderOnly(40)(Film(pixels, 12))
    assert (image[20, 0], image[0, 20], image[20, -1]) == (0, 128, 255)
    assert (BorderOnly(40)(Film(np.pad(film.pixels[20:180, 16:144], ((20, 20), (16, 16))), 12))[0] == 0).all()


def test_bones_are_the_mean_of_the_rest(film: Film) -> None:
    control = BonesMasked(["ribs", "device"], size=40)
    image = control(film)
    assert (control(changed(film, slice(80, 120), slice(40, 120))) == image).all()
    assert (control(changed(film, slice(20, 40), slice(None))) != image).any()  # the other organ stays
    bone = np.zeros((200, 160), bool)
    bone[78:122, 38:122] = True  # and what is next to it, to one pixel of the mask
    filled = np.where(bone, round(film.pixels[~bone].mean()), film.pixels).astype(np.uint16)
    assert (image == GrayscaleTruncation(40)(Film(filled, 12))).all()


def test_film_without_mask_is_refused(film: Film, tmp_path: Path) -> None:
    control, (mask,) = BonesMasked(["ribs"], size=40), (tmp_path / "masks").iterdir()
    with pytest.raises(DataError, match="not read from a file"):
        control(Film(film.pixels, 12))
    with pytest.raises(DataError, match="mask marks no bone"):
        BonesMasked(["body"], size=40)(film)
    with pytest.raises(DataError, match="has no sternum"):
        BonesMasked(["ribs", "sternum"], size=40)(film)
    with pytest.raises(
        DataError, match=r"masks/a.b.png of shape \(100, 80\) does not belong to this film of 160 × 200 pixels"
    ):
        control(Film(film.pixels.T.copy(), 12, None, film.path))
    mask.write_bytes(b"no image")
    with pytest.raises(DataError, match=f"the organ mask {mask} can't be read"):
        control(film)
    mask.unlink()
    with pytest.raises(DataError, match=f"no organ mask of the film lies in {mask.parent}"):
        control(film)


def test_vendor_shows_no_pixel(film: Film) -> None:
    image = VendorOnly(50)(film)
    assert (VendorOnly(50)(changed(film, slice(None), slice(None))) == image).all()
    assert (image == image[:, :1]).all()
    assert image[::10, 0].tolist() == [10, 8, 191, 102, 51]
    assert (image[:10] == 10).all()
    assert VendorOnly(50)(Film(film.pixels[:100], 8))[::10, 0].tolist() == [5, 8, 128, 0, 0]


def test_settings_out_of_range() -> None:
    with pytest.raises(ConfigError, match="no organ"):
        BonesMasked([])
    for control in (BorderOnly, VendorOnly, lambda size: BonesMasked(size=size)):
        with pytest.raises(ConfigError, match="size is 8"):
            control(8)
