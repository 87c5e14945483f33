"""A small convolutional net that learns bone contrast from scratch in two minutes on two cores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from bonerisk.encoders import weights as source
from bonerisk.encoders.shapes import unfit
from bonerisk.errors import ConfigError
from bonerisk.named import WeightsPath

SMALLEST = 16  # pixels a side: four halvings leave one
DEPTH = 4  # convolutions
FINE = 8  # pixels: ribs and endplates are finer, the mediastinum coarser
MIDDLE, COARSE_SD, FINE_SD = 100.0, 64.0, 8.0  # of chest films after truncation, about


class SmallCNN(nn.Module):
    """Four convolutions of stride two over an image and its fine detail, averaged over the image.

    The fine detail is the image minus its blur. It shows the edges of bones without the exposure and the tissue around
    them. Batch norm is a deliberate choice: group norm divides each image by its own contrast, but bone contrast is
    what the net has to learn. On simulated films, group norm reached an AUC of 0.66 on tuning, and batch norm 0.80.

    Parameters
    ----------
    weights : str
        `random`, which learns from scratch; a file, or the folder of a training run.
    sha256 : str, optional
        What the weights file must hash to.
    channels : int
        Channels of the first convolution; each further one has twice as many.
    dropout : float
        Share of the features that are left out in a training step.
    shape : tuple of int
        (k, h, w) of the images that it is given. The planes k are fixed; height and width may vary from 16 pixels.

    Attributes
    ----------
    width : int
        Number of features of an image.
    file : Path or None
        The file that the weights were read from; None if they are random.

    Raises
    ------
    ConfigError
        The weights are absent or do not fit, or a number or the shape is out of range.

    Examples
    --------
    >>> encoder = SmallCNN(weights="random")
    >>> encoder(torch.zeros(2, 1, 160, 160, dtype=torch.uint8)).shape, encoder.width
    (torch.Size([2, 128]), 128)
    >>> of_two_planes = SmallCNN(weights="random", shape=(2, 40, 64))
    >>> of_two_planes(torch.zeros(5, 2, 40, 64, dtype=torch.uint8)).shape
    torch.Size([5, 128])
    """

    width: int
    file: Path | None
    shape: tuple[int, ...]

    def __init__(
        self,
        weights: WeightsPath,
        sha256: str | None = None,
        channels: int = 16,
        dropout: float = 0.3,
        shape: tuple[int, ...] = (1, 160, 160),
    ) -> None:
        if channels < 1 or not 0 <= dropout < 1:
            what = f"channels is {channels} and dropout {dropout}, but they must be 1 or more, and from 0 to under 1"
            raise ConfigError(what, "encoder.channels, encoder.dropout")
        super().__init__()
        source.refuse_pretrained(weights)
        self.shape, self.file = shape, source.check(weights, sha256)
        self.check(shape)
        widths = [2 * shape[0], *(channels * 2**depth for depth in range(DEPTH))]
        sizes = [5, 3, 3, 3]
        blocks = [block(*sides) for sides in zip(widths[:-1], widths[1:], sizes, strict=True)]
        self.layers = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))
        self.width = widths[-1]
        if self.file is not None:
            source.load_into(self, self.file)

    @staticmethod
    def licence(settings: Mapping[str, Any]) -> None:
        """There are no published weights."""

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width) float32 of images (n, k, h, w) uint8.

        Raises
        ------
        ConfigError
            The images have another number of planes, or a side under 16 pixels.
        """
        self.check(tuple(images.shape[1:]))
        return self.encode(images)

    def encode(self, images: Tensor) -> Tensor:
        """As `forward`, of images that were checked."""
        return self.layers(fine_and_coarse(images))

    @property
    def last_layer(self) -> nn.Module:
        """The layer whose outputs are the last with a place on the image: the last convolution's."""
        return self.layers[DEPTH - 1]

    def maps(self, activations: Tensor) -> Tensor:
        """Its outputs as maps (n, channels, rows, columns): they are."""
        return activations

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse images of a shape (k, h, w) that it can't take.

        Raises
        ------
        ConfigError
        """
        planes = self.shape[0]
        if shape[0] != planes or min(shape[1:]) < SMALLEST:
            mend = f"choose a preprocessing of {planes} planes, with sides of {SMALLEST} pixels or more"
            raise unfit("SmallCNN", f"{planes} × {SMALLEST} × {SMALLEST} pixels or more", shape, mend)


def fine_and_coarse(images: Tensor) -> Tensor:
    """Fine detail and the image itself (n, 2 k, h, w), both of about unit variance, of images (n, k, h, w) uint8."""
    values = images.float()
    blur = interpolate(avg_pool2d(values, FINE), size=values.shape[-2:], mode="bilinear")
    return torch.cat([(values - blur) / FINE_SD, (values - MIDDLE) / COARSE_SD], dim=1)


def block(inputs: int, outputs: int, size: int, stride: int = 2) -> nn.Sequential:
    """A convolution of `size` pixels, batch norm and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
