"""What an evaluation explains of a network that sees films; `bonerisk.explain` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bonerisk.errors import ConfigError

Method = Literal["gradcam", "occlusion"]


@dataclass(frozen=True)
class Explanations:
    """Settings of explanations.

    Parameters
    ----------
    methods : tuple of {"gradcam", "occlusion"}
        Empty: nothing is explained.
    masks : str, optional
        A folder of organ masks (`bonerisk.imaging.masks`); None: beside the films, as simulated ones have them.
    most : int, optional
        Films that are explained at most; None: all.

    Raises
    ------
    ConfigError
        `most` is under 1.
    """

    methods: Sequence[Method]
    masks: str | None
    most: int | None

    @classmethod
    def of(cls, asked: Method | list[Method] | None, masks: str | None, most: int | None) -> Explanations:
        """From a setting that is one method, several, or none."""
        if most is not None and most < 1:
            raise ConfigError(f"explain_films is {most}", "evaluation.explain_films", "1 or more; null explains all")
        return cls(tuple([asked] if isinstance(asked, str) else asked or ()), masks, most)
