"""The error for images of a shape that an encoder cannot take."""

from __future__ import annotations

from collections.abc import Sequence

from bonerisk.errors import ConfigError


def unfit(encoder: str, takes: str, shape: Sequence[int], mend: str) -> ConfigError:
    """An error that names the shape that was given and the shapes that would do.

    Parameters
    ----------
    encoder : str
        Its name.
    takes : str
        The images that it takes, in words.
    shape : sequence of int
        (k, h, w) of the images that were given, in pixels.
    mend : str
        What to type, with the nearest shape.

    Examples
    --------
    >>> print(unfit("CheXzero", "1 × 224 × 224", (2, 40, 64), "preprocessing=aicxr"))
    CheXzero takes images of 1 × 224 × 224, not 2 × 40 × 64
      where: preprocessing
      mend:  preprocessing=aicxr
    """
    return ConfigError(f"{encoder} takes images of {takes}, not {' × '.join(map(str, shape))}", "preprocessing", mend)
