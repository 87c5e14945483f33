"""PNG and JPEG files."""

from __future__ import annotations

import warnings
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageOps

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film, check_frame, check_pixels, grey

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
CHANNELS = {"L": 1, "I": 1, "I;16": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4}


def decode(content: bytes) -> Film:
    """A PNG of 8 or 16 bits or a JPEG, taken as bright where dense (these formats can't say) and of unknown spacing.

    Real colour is marked (`film.grey`). An alpha channel is accepted if it is opaque throughout: the value under a
    transparent pixel is unknown. A printer's resolution (pHYs, JFIF density) is no
    detector spacing.

    Raises
    ------
    DataError
        Several frames, transparency, too small or too large, or a kind of pixel that films don't have.
    """
    sixteen_bit = content.startswith(PNG) and content[24] == 16
    with opened(content) as image:
        _check(image, sixteen_bit)
        image.load()
        pixels = _pixels(ImageOps.exif_transpose(image))
    if sixteen_bit and pixels.dtype == np.uint8:  # Pillow has dropped the low byte of 16-bit colour
        pixels = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED))
        pixels[..., :3] = pixels[..., 2::-1].copy()  # OpenCV gives blue first
    bits = 8 * pixels.dtype.itemsize
    if pixels.ndim == 2:
        return Film(pixels, bits)
    if pixels.shape[-1] in (2, 4):
        if (pixels[..., -1] != np.iinfo(pixels.dtype).max).any():
            raise DataError("the image is transparent in places", mend="export the film without an alpha channel")
        pixels = pixels[..., :-1]
    single, coloured = grey(pixels, bits)
    return Film(single, bits, coloured=coloured)


def opened(content: bytes) -> Image.Image:
    """A PNG or JPEG of which only the header is read so far.

    Raises
    ------
    DataError
        It says that it has too many pixels.
    OSError, ValueError, SyntaxError
        It is none, or damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # check_frame asks the machine instead
            image = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
    except Image.DecompressionBombError as error:
        raise DataError(f"the image would not fit in memory: {error}", mend="give the film itself") from error
    check_pixels(image.height, image.width)
    return image


def _check(image: Image.Image, sixteen_bit: bool) -> None:
    """Refuse by the header what can't become a film, before it is decoded."""
    if image.mode not in CHANNELS:
        kinds = "grey of 8 or 16 bits, or colour with equal channels"
        raise DataError(f"the pixels are of kind {image.mode!r}; a film is {kinds}", mend="export it as such")
    if (frames := getattr(image, "n_frames", 1)) > 1:
        raise DataError(f"the file holds {frames} frames, a film has one", mend="give each film a file of its own")
    check_frame(image.height, image.width, CHANNELS[image.mode] * (2 if sixteen_bit else 1))


def _pixels(image: Image.Image) -> np.ndarray:
    """Array (height, width) or (height, width, channels) of uint8 or uint16, its palette resolved."""
    if "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "P":
        image = image.convert("RGB")
    return np.asarray(image).astype(np.uint16) if image.mode.startswith("I") else np.asarray(image)
