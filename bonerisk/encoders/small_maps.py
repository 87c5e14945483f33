"""A small convolutional net whose features keep their place, which learns points from scratch in minutes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from bonerisk.encoders import weights as source
from bonerisk.encoders.shapes import unfit
from bonerisk.encoders.small_cnn import SMALLEST, block, fine_and_coarse
from bonerisk.errors import ConfigError
from bonerisk.keypoints.heatmap import STRIDE
from bonerisk.named import WeightsPath

DEPTH = 5  # halvings: a pixel of the last sees most of the film, and so which vertebra is which


class SmallMaps(nn.Module):
    """Five convolutions of stride two, and the way back to a quarter of the image, as in U-Net (Ronneberger 2015).

    Parameters
    ----------
    weights : str
        `random`, which learns from scratch; a file, or the folder of a training run.
    sha256 : str, optional
        What the weights file must hash to.
    channels : int
        Channels of the first convolution; the others have twice to four times as many.
    shape : tuple of int
        (k, h, w) of the images that it is given.

    Attributes
    ----------
    width : int
        Number of features of a map's pixel.
    file : Path or None
        The file that the weights were read from; None if they are random.

    Raises
    ------
    ConfigError
        The weights are absent or do not fit, or a side is no multiple of four.

    Examples
    --------
    >>> encoder = SmallMaps(weights="random", shape=(1, 64, 48))
    >>> encoder(torch.zeros(2, 1, 64, 48, dtype=torch.uint8)).shape, encoder.width
    (torch.Size([2, 32, 16, 12]), 32)
    """

    stride: ClassVar[int] = STRIDE
    shape: tuple[int, ...]
    width: int
    file: Path | None

    def __init__(
        self,
        weights: WeightsPath = "random",
        sha256: str | None = None,
        channels: int = 16,
        shape: tuple[int, ...] = (1, 192, 160),
    ) -> None:
        super().__init__()
        if channels < 1:
            raise ConfigError(f"channels is {channels}, but must be 1 or more", "encoder.channels")
        source.refuse_pretrained(weights)
        self.shape, self.file = shape, source.check(weights, sha256)
        self._check(shape)
        widths = [2 * shape[0], *(channels * min(2**depth, 4) for depth in range(DEPTH))]
        sizes = [5, *[3] * (DEPTH - 1)]
        self.down = nn.ModuleList(block(*sides) for sides in zip(widths[:-1], widths[1:], sizes, strict=True))
        ups = list(zip(widths[:2:-1], widths[-2:1:-1], strict=True))  # the deeper map's channels, and the finer one's
        self.up = nn.ModuleList(block(deep + fine, fine, 3, stride=1) for deep, fine in ups)
        self.width = widths[2]
        if self.file is not None:
            source.load_into(self, self.file)

    @staticmethod
    def licence(settings: Mapping[str, Any]) -> None:
        """There are no published weights."""

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width, h / 4, w / 4) float32 of images (n, k, h, w) uint8.

        Raises
        ------
        ConfigError
            The images have another number of planes, or a side that does not fit.
        """
        self._check(tuple(images.shape[1:]))
        maps = [fine_and_coarse(images)]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        found = maps[-1]
        for layer, finer in zip(self.up, maps[-2:1:-1], strict=True):
            found = layer(torch.cat([interpolate(found, size=finer.shape[2:], mode="bilinear"), finer], dim=1))
        return found

    @property
    def last_layer(self) -> nn.Module:
        """The layer whose outputs are the map."""
        return self.up[-1]

    def maps(self, activations: Tensor) -> Tensor:
        """Its outputs as maps (n, width, rows, columns): they are."""
        return activations

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape[0] != self.shape[0] or min(shape[1:]) < SMALLEST or any(side % STRIDE for side in shape[1:]):
            mend = f"choose a preprocessing of {self.shape[0]} planes, with sides that are multiples of {STRIDE}"
            raise unfit("SmallMaps", f"{self.shape[0]} × {SMALLEST} × {SMALLEST} pixels or more", shape, mend)
