"""Chest films made ready for CheXzero: as AI-CXR did it, and as the films were that CheXzero learnt from."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from bonerisk.errors import ConfigError
from bonerisk.imaging.film import Film, check_not_blank
from bonerisk.preprocessing.chest import MIN_SIZE

SHORT_EDGE = 256  # pixels; AI-CXR, "Data processing"
LONG_EDGE = 320  # pixels; CheXzero, data_process.py


class CentreCrop:
    """Bring a film's own range to 0–255, its shorter edge to 256 pixels, cut the central square, resize it bicubically.

    The range is from the film's minimum to its maximum, after Modality LUT, VOI and polarity. A film whose window or
    VOI LUT clips both ends has them at black and white, and stays as it is; one without either would otherwise be as
    dark as its unused bits make it, since 12-bit detectors seldom fill 12 bits. The paper doesn't give the intensities.

    The reduction averages over areas, as eight to ten times fewer pixels alias otherwise. The last step from 256 to 224
    is CheXzero's own, bicubic without a low-pass. A `size` over 256 is cut at that size at once.

    Parameters
    ----------
    size : int
        Side of the result in pixels: 224 for CheXzero.

    References
    ----------
    AI-CXR, "Data processing"; CheXzero, github.com/rajpurkarlab/CheXzero, zero_shot.py.
    """

    def __init__(self, size: int = 224) -> None:
        self.size = _checked(size)

    def __call__(self, film: Film) -> np.ndarray:
        """Return the film's centre as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film is blank.
        """
        pixels = check_not_blank(film).pixels
        low, high = float(pixels.min()), float(pixels.max())
        side, (height, width) = max(SHORT_EDGE, self.size), pixels.shape
        shape = (side * width // min(height, width), side * height // min(height, width))  # OpenCV: columns first
        small = cv2.resize(pixels.astype(np.float32), shape, interpolation=cv2.INTER_AREA)
        top, left = ((edge - side) // 2 for edge in small.shape)
        centre = small[top : top + side, left : left + side]
        return _bicubic((centre - low) * (255 / (high - low)), self.size)


class EqualisedHistogram:
    """Equalise a film's histogram, bring its longer edge to 320 pixels, pad it with black, resize it bicubically.

    As MIMIC-CXR-JPG, from which CheXzero learnt: minimum–maximum to 8 bits, cut to whole numbers, and OpenCV's
    histogram equalisation; its JPEG compression (quality 95) is left out, and it took no VOI, which moves an equalised
    film only where the window clips. Then as CheXzero's loader: Lanczos to 320 pixels, zeros around, bicubic to 224. A
    `size` over 320 is padded at that size at once.

    An equalised film has a mean of 128 and an SD of 74; padding of a fifth, which films of 2,500 × 3,050 get, brings
    that to CheXzero's constants 101.5 and 83.4.

    Parameters
    ----------
    size : int
        Side of the result in pixels: 224 for CheXzero.

    References
    ----------
    Johnson et al. 2019, "MIMIC-CXR-JPG", arXiv:1901.07042; CheXzero, github.com/rajpurkarlab/CheXzero, data_process.py.
    """

    def __init__(self, size: int = 224) -> None:
        self.size = _checked(size)

    def __call__(self, film: Film) -> np.ndarray:
        """Return the equalised film in its padding as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film is blank.
        """
        pixels = check_not_blank(film).pixels
        low, high = int(pixels.min()), int(pixels.max())
        values = np.arange(high + 1).clip(low) - low
        equalised = cv2.equalizeHist((values * 255 // (high - low)).astype(np.uint8)[pixels])
        side, longest = max(LONG_EDGE, self.size), max(pixels.shape)
        height, width = (max(1, edge * side // longest) for edge in pixels.shape)
        top, left = (side - height) // 2, (side - width) // 2
        padded = np.zeros((side, side), np.uint8)
        small = Image.fromarray(equalised).resize((width, height), Image.Resampling.LANCZOS)
        padded[top : top + height, left : left + width] = np.asarray(small)
        return _bicubic(padded.astype(np.float32), self.size)


def _bicubic(image: np.ndarray, size: int) -> np.ndarray:
    """Resize as PyTorch's bicubic does without antialiasing, and round to uint8; to less than half it would alias."""
    kind = cv2.INTER_CUBIC if len(image) <= 2 * size else cv2.INTER_AREA
    resized = cv2.resize(image, (size, size), interpolation=kind)
    return np.rint(resized).clip(0, 255).astype(np.uint8)


def _checked(size: int) -> int:
    if size < MIN_SIZE:
        raise ConfigError(f"size is {size}, but must be {MIN_SIZE} or more", "preprocessing.size")
    return size
