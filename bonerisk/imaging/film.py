"""A film: one radiograph as integers of known depth, bright where the body is dense, and what fits to be one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bonerisk.errors import DataError

SMALLEST_SIDE_PX = 64
COPIES = 8  # of a frame that reading and preprocessing hold at once, one of them in float32


@dataclass(frozen=True, eq=False)
class Film:
    """One radiograph.

    Parameters
    ----------
    pixels : array of uint8 or uint16, shape (height, width)
        Bright is dense: bone high, air low (DICOM's MONOCHROME2 sense).
    bits : int
        The values lie in 0 … 2**bits − 1.
    spacing_mm : tuple of float, optional
        Distance between rows and between columns, in millimetres; None where the file gives none that can be true.
    path : Path, optional
        The file it was read from, beside which other files of the same film may lie.
    burned_in : bool
        Whether the file says that text is burned into its pixels, which may name the patient.
    """

    pixels: np.ndarray
    bits: int
    spacing_mm: tuple[float, float] | None = None
    path: Path | None = None
    burned_in: bool = False


def check_frame(height: int, width: int, bytes_per_pixel: int) -> None:
    """Refuse a frame by its header, before it is decoded.

    Raises
    ------
    DataError
        A side is under 64 pixels, or the frame would not fit in the memory that is free.
    """
    if min(height, width) < SMALLEST_SIDE_PX:
        raise DataError(
            f"the image is {height} × {width} pixels: under {SMALLEST_SIDE_PX} on a side there is no anatomy to read",
            mend="give the full-size film, not a thumbnail",
        )
    needed, free = height * width * bytes_per_pixel * COPIES, free_memory()
    if free is not None and needed > free:
        raise DataError(
            f"a frame of {height} × {width} pixels would not fit in memory"
            f" (it needs {needed / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free)",
            mend="check the file's size in pixels; a true radiograph is seldom over 5,000 on a side",
        )


def check_not_blank(film: Film) -> Film:
    """Return `film`, refused with a DataError where all its pixels have one value."""
    if film.pixels.min() == film.pixels.max():
        raise DataError(
            f"the film is blank: every pixel is {film.pixels.flat[0]} after the file's own look-up tables and window",
            mend="leave the film out, or mend its window (WindowCenter, WindowWidth) if a viewer shows it blank too",
        )
    return film


def grey(pixels: np.ndarray) -> np.ndarray:
    """First channel of an image (height, width, channels) of which red, green and blue are equal everywhere.

    Raises
    ------
    DataError
        The channels differ.
    """
    first = pixels[..., 0]
    if any((pixels[..., channel] != first).any() for channel in range(1, pixels.shape[-1])):
        raise DataError("the image has real colour: its channels differ", mend="export the film in grey, unannotated")
    return np.ascontiguousarray(first)


def free_memory() -> int | None:
    """Bytes of memory that can be had without swapping, as far as the system tells (Linux: free and cached)."""
    try:
        facts = Path("/proc/meminfo").read_text().split()
        return int(facts[facts.index("MemAvailable:") + 1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None
