"""A small convolutional net that learns bone contrast from scratch in two minutes on two cores."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from bonerisk.encoders import weights as source
from bonerisk.errors import ConfigError

FINE = 8  # pixels: ribs and endplates are finer, the mediastinum coarser
MIDDLE, COARSE_SD, FINE_SD = 100.0, 64.0, 8.0  # of chest films after truncation, about


class SmallCNN(nn.Module):
    """Four convolutions of stride two over a film and its fine detail, averaged over the film.

    The fine detail (film minus its blur) shows bone edges free of exposure and of what lies around. The norms are batch
    norms on purpose: group norm divides each film by its own contrast, and bone contrast is what is to be learned (on
    simulated films it got no further than an AUC of 0.66 on tuning, and batch norm to 0.80).

    Parameters
    ----------
    weights : str
        `random`, which learns from scratch; a file, or the folder of a training run.
    sha256 : str, optional
        What the weights file must hash to.
    channels : int
        Of the first convolution; each further one has twice as many.
    dropout : float
        Share of the features left out in a training step.

    Attributes
    ----------
    width : int
        Number of features a film.

    Raises
    ------
    ConfigError
        The weights can't be had or don't fit, or a number is out of range.
    """

    def __init__(self, weights: str, sha256: str | None = None, channels: int = 16, dropout: float = 0.3) -> None:
        if channels < 1 or not 0 <= dropout < 1:
            what = f"channels is {channels} and dropout {dropout}, but they must be 1 or more, and from 0 to under 1"
            raise ConfigError(what, "encoder.channels, encoder.dropout")
        super().__init__()
        if weights == "pretrained":
            mend = "encoder.weights=random learns from scratch; a file or the folder of a training run is taken too"
            raise ConfigError("This encoder has no published weights", "encoder.weights=pretrained", mend)
        path = source.check(weights, sha256)
        widths = [2, *(channels * 2**depth for depth in range(4))]
        sizes = [5, 3, 3, 3]
        blocks = [_block(*shape) for shape in zip(widths[:-1], widths[1:], sizes, strict=True)]
        self.layers = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))
        self.width = widths[-1]
        if path is not None:
            source.load_into(self, path)

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width) of films (n, 1, h, w) uint8, at least 16 pixels a side."""
        films = images.float()
        blur = interpolate(avg_pool2d(films, FINE), size=films.shape[-2:], mode="bilinear")
        return self.layers(torch.cat([(films - blur) / FINE_SD, (films - MIDDLE) / COARSE_SD], dim=1))


def _block(inputs: int, outputs: int, size: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, size, stride=2, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
