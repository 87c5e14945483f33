"""Turn, enlarge and mirror films, and their points with them (spine DeepSurv, Image preprocessing)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bonerisk.errors import raise_together
from bonerisk.training.augmentation import warps
from bonerisk.training.augmentation.settings import wrong_ranges, wrong_shares
from bonerisk.training.augmentation.weak import Weak


@dataclass(frozen=True)
class Pose:
    """Mirror, turn, enlarge and move films; what lies beyond a film is black.

    A mirrored lateral film faces the other way. Names of points stay: L1 stays L1, and anterior is a side of the
    patient, not of the film.

    Attributes
    ----------
    flip : float
        Share of films that are mirrored left to right.
    rotate_degrees : float
        Most by which a film turns, to either side.
    scale : float
        Most by which it grows or shrinks, as a share.
    shift : float
        Most by which it moves, as a share of its size.

    Raises
    ------
    ConfigError
        Numbers are out of range; all at once.
    """

    flip: float = 0.5
    rotate_degrees: float = 20.0
    scale: float = 0.2
    shift: float = 0.05

    def __post_init__(self) -> None:
        turn, grow = [self.rotate_degrees] * 2, [self.scale] * 2
        ranges = wrong_ranges(rotate_degrees=(turn, 0, 180), scale=(grow, 0, 0.9))
        raise_together([*wrong_shares(flip=self.flip, shift=self.shift), *ranges])

    def draw(self, n: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """``mirrored`` (n,) bool, ``shift`` (n, 2), ``grown`` and ``angle`` (n,)."""
        return {
            **Weak(self.flip).draw(n, random),
            "shift": random.uniform(-self.shift, self.shift, (n, 2)),
            "grown": 1 + random.uniform(-self.scale, self.scale, n),
            "angle": np.deg2rad(random.uniform(-self.rotate_degrees, self.rotate_degrees, n)),
        }

    def apply(self, images: Tensor, drawn: Mapping[str, np.ndarray]) -> Tensor:
        """Images (n, k, h, w) uint8 of the films that `drawn` is of, mirrored first."""
        films = Weak(self.flip).apply(images, drawn).float()
        height, width = films.shape[2:]
        at = warps.points(len(films), height, width, films.device)
        at = warps.shift_scale_rotate(at, *_own(drawn, films), width / height)
        return warps.resample(films, at, "zeros").round_().to(torch.uint8)

    def move(self, points: Tensor, drawn: Mapping[str, np.ndarray], shape: tuple[int, int]) -> Tensor:
        """Points (n, k, 2), x and y in pixels of images of `shape` (h, w), to where `apply` moves them."""
        size = torch.tensor(shape[::-1], dtype=points.dtype, device=points.device)
        at = (2 * points + 1) / size - 1  # as `warps` counts: -1 and 1 are the edges
        mirrored = torch.as_tensor(drawn["mirrored"], device=points.device)[:, None]
        across = torch.where(mirrored, -at[..., 0], at[..., 0])
        at = torch.stack([across, at[..., 1]], dim=-1)
        moved = warps.moved_points(at, *_own(drawn, points), shape[1] / shape[0])
        return ((moved + 1) * size - 1) / 2


def _own(drawn: Mapping[str, np.ndarray], like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What was drawn of shift, scale and angle, beside a tensor."""
    shift, grown, angle = (
        torch.as_tensor(drawn[name], dtype=like.dtype, device=like.device) for name in ("shift", "grown", "angle")
    )
    return shift, grown, angle
