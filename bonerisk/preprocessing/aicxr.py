"""Chest films for CheXzero: as AI-CXR prepared them, and as the films were prepared that CheXzero learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from bonerisk.imaging.film import Film, check_not_blank
from bonerisk.preprocessing.square import square

SHORT_EDGE = 256  # pixels; AI-CXR, "Data processing"
LONG_EDGE = 320  # pixels; CheXzero, data_process.py


class CentreCrop:
    """Scale a film's own range to 0–255 and its shorter edge to 256 pixels, cut the central square, resize it.

    The range is from the film's minimum to its maximum, after Modality LUT, VOI and polarity. If a film's window or
    VOI LUT clips both ends, the film already has black and white there and stays as it is. Without this step, a film
    with neither would be too dark, because 12-bit detectors seldom use 12 bits. The paper does not give the
    intensities.

    The reduction to 256 pixels averages over areas, because eight to ten times fewer pixels alias otherwise. The last
    step from 256 to 224 is CheXzero's own: bicubic, without a low-pass filter. For a `size` over 256, the central
    square is cut at that size, and there is no last step.

    Parameters
    ----------
    size : int
        Side of the image in pixels: 224 for CheXzero.

    Raises
    ------
    ConfigError
        The size is under 16.

    References
    ----------
    AI-CXR, "Data processing"; CheXzero, github.com/rajpurkarlab/CheXzero, zero_shot.py.

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(100, 3000, (1250, 1024), dtype=np.uint16)
    >>> image = CentreCrop(size=224)(Film(pixels, bits=12))
    >>> image.shape, image.dtype
    ((224, 224), dtype('uint8'))
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = None

    def __init__(self, size: int = 224) -> None:
        self.size, self.shape = size, square(size)

    def __call__(self, film: Film) -> np.ndarray:
        """The film's centre as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film is blank.
        """
        pixels = check_not_blank(film).pixels
        low, high = float(pixels.min()), float(pixels.max())
        return _bicubic((self._centre(pixels) - low) * (255 / (high - low)), self.size)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers."""
        return _resized(self._centre(region), self.size).clip(0, 1)

    def _centre(self, pixels: np.ndarray) -> np.ndarray:
        """The central square, float32, before the last resizing."""
        side, (height, width) = max(SHORT_EDGE, self.size), pixels.shape
        shape = (side * width // min(height, width), side * height // min(height, width))  # OpenCV: columns first
        small = cv2.resize(pixels.astype(np.float32), shape, interpolation=cv2.INTER_AREA)
        top, left = ((edge - side) // 2 for edge in small.shape)
        return small[top : top + side, left : left + side]


class PaddedSquare:
    """Make a film 8-bit and equalise its histogram, scale its longer edge to 320 pixels, and pad it with black.

    The first steps are those of MIMIC-CXR-JPG, from which CheXzero learnt: minimum–maximum to 8 bits, rounded down, and
    OpenCV's histogram equalisation. Its JPEG compression (quality 95) is left out. It did not apply the VOI; this
    changes an equalised film only where the window clips. The next steps are those of CheXzero's own code: Lanczos to
    320 pixels and zeros around. Its last step, bicubic to 224 without a limit to 0–255, is the encoder's. For a `size`
    under 320, it is done here, and values outside 0–255 are cut off. For one over 320, the film is padded at that size.

    CheXzero's code equalises nothing: it takes 8-bit images as they are. With `equalise` false, so does this class, and
    deeper films only become 8-bit. That is right for films that were equalised before.

    An equalised film has a mean of 128 and an SD of 74. Films of 2,500 × 3,050 pixels get a fifth of padding, which
    brings mean and SD to CheXzero's constants 101.5 and 83.4.

    Parameters
    ----------
    size : int
        Side of the image in pixels: 320 for CheXzero.
    equalise : bool
        Whether the histogram is equalised.

    Raises
    ------
    ConfigError
        The size is under 16.

    References
    ----------
    Johnson et al. 2019, "MIMIC-CXR-JPG", arXiv:1901.07042; CheXzero, github.com/rajpurkarlab/CheXzero, data_process.py.

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(100, 3000, (1250, 1024), dtype=np.uint16)
    >>> image = PaddedSquare(size=320)(Film(pixels, bits=12))
    >>> image.shape, image.dtype
    ((320, 320), dtype('uint8'))
    >>> int(image[:, 0].max())  # padding beside a narrow film
    0
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ()
    note: str | None = None

    def __init__(self, size: int = LONG_EDGE, equalise: bool = True) -> None:
        self.size, self.shape, self.equalise = size, square(size), equalise

    def __call__(self, film: Film) -> np.ndarray:
        """The film with its padding as uint8, shape (size, size).

        Raises
        ------
        DataError
            The film is blank.
        """
        pixels = check_not_blank(film).pixels
        if self.equalise or film.bits != 8:
            low, high = int(pixels.min()), int(pixels.max())
            values = np.arange(high + 1).clip(low) - low
            pixels = (values * 255 // (high - low)).astype(np.uint8)[pixels]
        if self.equalise:
            pixels = cv2.equalizeHist(pixels)
        padded = self._padded(pixels)
        return padded if len(padded) == self.size else _bicubic(padded.astype(np.float32), self.size)

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """Share (size, size) float32 of each pixel that a region of the film covers."""
        padded = self._padded(np.where(region, np.uint8(255), np.uint8(0))).astype(np.float32) / 255
        return padded if len(padded) == self.size else _resized(padded, self.size).clip(0, 1)

    def _padded(self, pixels: np.ndarray) -> np.ndarray:
        """The film, uint8, with its padding, before the last resizing."""
        side = max(LONG_EDGE, self.size)
        ratio = side / max(pixels.shape)
        height, width = (max(1, int(edge * ratio)) for edge in pixels.shape)  # in floats, as CheXzero's code
        top, left = (side - height) // 2, (side - width) // 2
        padded = np.zeros((side, side), np.uint8)
        small = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
        padded[top : top + height, left : left + width] = np.asarray(small)
        return padded


def _bicubic(image: np.ndarray, size: int) -> np.ndarray:
    return np.rint(_resized(image, size)).clip(0, 255).astype(np.uint8)


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    """Resize as PyTorch's bicubic does without antialiasing; average areas below half the size."""
    kind = cv2.INTER_CUBIC if len(image) <= 2 * size else cv2.INTER_AREA  # bicubic would alias
    return cv2.resize(image, (size, size), interpolation=kind)
