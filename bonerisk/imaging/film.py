"""A film: one radiograph as integers of known depth, bright where the body is dense; and checks that it can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from bonerisk.errors import DataError
from bonerisk.runs.environment import free_memory

SMALLEST_SIDE_PX = 64
MOST_PIXELS = 2**27  # four whole-spine films of 3,500 × 9,000; a frame of 16 bits is worked on in 2 GiB
LARGEST_FILE = 2**30  # of a film's file: a frame of so many pixels in 16-bit colour takes 0.8
ROUNDING = 2 / 255  # of the range: by how much channels of a grey image may differ
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)
Colour = Literal["refuse", "luminance"]  # what to do with real colour
COPIES = 8  # of a frame in memory at once while a film is read and preprocessed, one of them in float32


@dataclass(frozen=True, eq=False)
class Film:
    """One radiograph.

    Parameters
    ----------
    pixels : array of uint8 or uint16, shape (height, width)
        High values are dense: bone high, air low (DICOM's MONOCHROME2).
    bits : int
        The values are from 0 to 2**bits − 1.
    spacing_mm : tuple of float, optional
        Distance between rows and between columns, in millimetres; None if the file gives no plausible one.
    path : Path, optional
        The file it was read from. Other files of the same film may lie beside it.
    burned_in : bool
        Whether the file says that text is burned into its pixels. The text may name the patient.
    coloured : bool
        Whether the file has real colour, of which the pixels are the luminance.
    row : mapping
        The film's values in the columns of the cohort that a transform asks for, by column. A value is a float, a str
        or a pandas Timestamp, or None where the cohort has none.
    """

    pixels: np.ndarray
    bits: int
    spacing_mm: tuple[float, float] | None = None
    path: Path | None = None
    burned_in: bool = False
    coloured: bool = False
    row: Mapping[str, object] = field(default_factory=dict)


def check_frame(height: int, width: int, bytes_per_pixel: int) -> None:
    """Refuse a frame by its header, before it is decoded.

    Raises
    ------
    DataError
        A side is under 64 pixels, the frame has over `MOST_PIXELS`, or it would not fit into free memory.
    """
    if min(height, width) < SMALLEST_SIDE_PX:
        raise DataError(
            f"the image is {height} × {width} pixels: under {SMALLEST_SIDE_PX} on a side there is no anatomy to read",
            mend="give the full-size film, not a thumbnail",
        )
    check_pixels(height, width)
    needed, free = height * width * bytes_per_pixel * COPIES, free_memory()
    if free is not None and needed > free:
        raise DataError(
            f"a frame of {height} × {width} pixels would not fit in memory"
            f" (it needs {needed / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free)",
            mend="check the file's size in pixels; a true radiograph is seldom over 5,000 on a side",
        )


def check_pixels(height: int, width: int) -> None:
    """Refuse an image of over `MOST_PIXELS` by its header, before it is decoded, however much memory there is.

    Raises
    ------
    DataError
    """
    if height * width > MOST_PIXELS:
        what = f"an image of {height} × {width} pixels would not fit in memory: over {MOST_PIXELS // 10**6} million"
        raise DataError(what, mend="give the film itself; a true radiograph is seldom over 5,000 on a side")


def check_not_blank(film: Film) -> Film:
    """Return `film`; raise a DataError if all its pixels have one value."""
    if film.pixels.min() == film.pixels.max():
        raise DataError(
            f"the film is blank: every pixel is {film.pixels.flat[0]} after the file's own look-up tables and window",
            mend="leave the film out, or mend its window (WindowCenter, WindowWidth) if a viewer shows it blank too",
        )
    return film


def grey(pixels: np.ndarray, bits: int) -> tuple[np.ndarray, bool]:
    """The grey of an image (height, width), and whether it has real colour.

    Red, green and blue of a film are equal, but for what rounding and compression do to them.

    Channels may differ by 2 levels of 255. Grey films stay exactly grey through JPEG; they differ by up to 1 level
    after a conversion through Lab or WebP, and by 2 after a JPEG (quality 50 to 90) of an image that differs by 1.
    An annotation in colour differs by far more. The grey is the median of the channels; of real colour, it is the
    luminance (ITU-R BT.601).

    Parameters
    ----------
    pixels : array of uint8 or uint16, shape (height, width, channels)
        One channel or three.
    bits : int
        Depth of the pixels.
    """
    first = pixels[..., 0]
    others = [pixels[..., channel] for channel in range(1, pixels.shape[-1])]
    if all((other == first).all() for other in others):
        return np.ascontiguousarray(first), False
    if (pixels.max(-1) - pixels.min(-1)).max() > ROUNDING * (2**bits - 1):
        return np.rint(pixels @ LUMINANCE).astype(pixels.dtype), True
    return np.ascontiguousarray(np.sort(pixels, axis=-1)[..., 1]), False
