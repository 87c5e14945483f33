"""The shape of a square image, of a size in which bone can be seen."""

from __future__ import annotations

from bonerisk.errors import ConfigError

MIN_SIZE = 16  # pixels; no bone can be seen in fewer


def square(size: int) -> tuple[int, int]:
    """Height and width of a square image.

    Parameters
    ----------
    size : int
        Side in pixels.

    Raises
    ------
    ConfigError
        The size is under 16 pixels.

    Examples
    --------
    >>> square(224)
    (224, 224)
    """
    if size < MIN_SIZE:
        raise ConfigError(f"size is {size}, but must be {MIN_SIZE} or more", "preprocessing.size")
    return size, size
