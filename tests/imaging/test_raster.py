from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from bonerisk.errors import DataError
from bonerisk.imaging.read import read

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (70, 90), dtype=np.uint8)


def test_png_of_8_and_16_bits(write_png: Write, noise: np.ndarray) -> None:
    film = read(write_png(noise))
    assert (film.bits, film.spacing_mm) == (8, None)
    assert (film.pixels == noise).all()
    wide = noise.astype(np.uint16) * 251
    film = read(write_png(wide))
    assert film.bits == 16
    assert film.pixels.dtype == np.uint16
    assert (film.pixels == wide).all()


def test_jpeg_by_content_not_by_name(tmp_path: Path, noise: np.ndarray) -> None:
    path = tmp_path / "film.dcm"
    Image.fromarray(noise).save(path, "JPEG", quality=95)
    assert np.abs(read(path).pixels.astype(int) - noise).mean() < 8


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_equal_channels_are_a_film(tmp_path: Path, noise: np.ndarray, channels: int, dtype: type) -> None:
    grey = noise.astype(dtype) * (257 if dtype == np.uint16 else 1) + (noise > 3)  # low bytes of their own
    colour = np.repeat(grey[..., None], channels, axis=-1)
    colour[..., 3:] = np.iinfo(dtype).max
    cv2.imwrite(str(tmp_path / "film.png"), colour)
    film = read(tmp_path / "film.png")
    assert film.pixels.dtype == dtype
    assert (film.pixels == grey).all()
    level = np.iinfo(dtype).max // 255
    colour[..., :3] = np.clip(colour[..., :3], 3 * level, None)
    colour[5, 5, 1] -= 2 * level
    cv2.imwrite(str(tmp_path / "film.png"), colour)
    assert (read(tmp_path / "film.png").pixels == np.clip(grey, 3 * level, None)).all()
    colour[5, 5, 1] -= level
    cv2.imwrite(str(tmp_path / "film.png"), colour)
    with pytest.raises(DataError, match="real colour"):
        read(tmp_path / "film.png")
    taken = read(tmp_path / "film.png", colour="luminance")
    assert taken.coloured and taken.pixels.dtype == dtype
    assert taken.pixels[5, 5] == np.rint(colour[5, 5, 2::-1] @ [0.299, 0.587, 0.114])  # OpenCV writes blue first


def test_jpeg_and_webp_of_a_grey_film_are_grey(tmp_path: Path, noise: np.ndarray) -> None:
    """What `film.grey` says of compression: the tolerance follows from it."""
    colour = np.dstack([noise] * 3)
    Image.fromarray(colour).save(tmp_path / "film.webp", "WEBP", quality=75)
    through = Image.open(tmp_path / "film.webp").convert("RGB")
    assert np.ptp(np.asarray(through), axis=-1).max() == 1
    for image in (Image.fromarray(colour), through):
        image.save(tmp_path / "film.jpg", "JPEG", quality=90)
        assert np.ptp(np.asarray(Image.open(tmp_path / "film.jpg")), axis=-1).max() <= 2
        assert read(tmp_path / "film.jpg").bits == 8


def test_transparent_film_is_refused(write_png: Write, noise: np.ndarray) -> None:
    alpha = np.full_like(noise, 255)
    assert (read(write_png(np.dstack([noise, alpha]))).pixels == noise).all()
    alpha[9, 9] = 254
    for layers in ([noise, alpha], [noise, noise, noise, alpha]):
        with pytest.raises(DataError, match="transparent"):
            read(write_png(np.dstack(layers)))


def test_palette(tmp_path: Path, noise: np.ndarray) -> None:
    image = Image.fromarray(noise, "L").convert("P")
    image.save(tmp_path / "film.png")
    assert (read(tmp_path / "film.png").pixels == noise).all()
    image.putpalette([value for entry in range(256) for value in (entry, 0, 0)])
    image.save(tmp_path / "film.png")
    with pytest.raises(DataError, match="real colour"):
        read(tmp_path / "film.png")


def test_orientation_tag_is_obeyed(tmp_path: Path, noise: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° to see it upright
    Image.fromarray(noise).save(tmp_path / "film.png", exif=exif)
    assert (read(tmp_path / "film.png").pixels == np.rot90(noise, -1)).all()


def test_bilevel_and_ink_are_refused(tmp_path: Path, noise: np.ndarray) -> None:
    Image.fromarray(noise > 9).save(tmp_path / "mask.png")
    Image.fromarray(np.dstack([noise] * 4), "CMYK").save(tmp_path / "ink.jpg")
    for name, kind in (("mask.png", "'1'"), ("ink.jpg", "'CMYK'")):
        with pytest.raises(DataError, match=f"of kind {kind}"):
            read(tmp_path / name)


def test_several_frames_are_refused(tmp_path: Path, noise: np.ndarray) -> None:
    Image.fromarray(noise).save(tmp_path / "film.png", save_all=True, append_images=[Image.fromarray(255 - noise)])
    with pytest.raises(DataError, match="2 frames"):
        read(tmp_path / "film.png")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated_is_refused(tmp_path: Path, noise: np.ndarray, kind: str, share: float) -> None:
    path = tmp_path / "film"
    Image.fromarray(noise).save(path, kind)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"can't be decoded"):
        read(path)


@pytest.mark.parametrize("side", [12_000, 2_000_000])
def test_header_of_a_giant_is_refused_before_decoding(
    write_png: Write, noise: np.ndarray, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    import zlib

    monkeypatch.setattr("bonerisk.imaging.film.free_memory", lambda: 2**40)
    path = write_png(noise)
    content = path.read_bytes()
    header = content[12:16] + side.to_bytes(4, "big") * 2 + content[24:29]
    path.write_bytes(content[:12] + header + zlib.crc32(header).to_bytes(4, "big") + content[33:])
    with pytest.raises(DataError, match="would not fit in memory"):
        read(path)


def test_real_films_of_all_kinds(real_data: Path) -> None:
    paths = sorted((real_data / "opscan" / "png").glob("*.png"))
    modes = {}
    for path in paths:
        with Image.open(path) as image:
            modes.setdefault(image.mode, path)
    assert set(modes) == {"L", "RGBA"}
    for path in modes.values():
        assert read(path).pixels.shape == (1024, 1024)
