"""Encoders of patches: one network, with the same weights, looks at each plane of an image, and features are averaged.

Weights are those of the encoder of whole films: a training of one may start from the other's (`encoder.weights=RUN`).
"""

from __future__ import annotations

from torch import Tensor

from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.named import WeightsPath


class TimmPatches(TimmEncoder):
    """A model from timm over each plane (spine DeepSurv, "L1–L5 patches").

    Parameters
    ----------
    architecture, weights, sha256
        As `TimmEncoder`.
    shape : tuple of int
        (k, h, w) of the images that it is given.

    Examples
    --------
    >>> import torch
    >>> encoder = TimmPatches("test_convnext.r160_in1k", weights="random", shape=(5, 64, 64)).eval()
    >>> patches = torch.randint(0, 256, (2, 5, 64, 64), dtype=torch.uint8)
    >>> encoder(patches).shape, torch.allclose(encoder(patches), encoder(patches.flip(1)), atol=1e-6)
    (torch.Size([2, 64]), True)
    """

    def __init__(
        self,
        architecture: str,
        weights: WeightsPath,
        sha256: str | None = None,
        shape: tuple[int, ...] = (5, 384, 384),
    ) -> None:
        super().__init__(architecture, weights, sha256, (1, *shape[1:]))
        self.shape = shape

    def forward(self, images: Tensor) -> Tensor:
        """Mean features (n, width) float32 of the planes of images (n, k, h, w) uint8.

        Raises
        ------
        ConfigError
            The images have another number of planes, or a size that the encoder can't take.
        """
        return _mean(self, images)

    def maps(self, activations: Tensor) -> Tensor:
        """Outputs of the last layer as maps (n, channels, k · rows, columns): the planes one below the other."""
        return _below(super().maps(activations), self.shape[0])


class SmallCNNPatches(SmallCNN):
    """Our own small net over each plane, for the demo.

    Parameters
    ----------
    weights, sha256, channels, dropout
        As `SmallCNN`.
    shape : tuple of int
        (k, h, w) of the images that it is given.
    """

    def __init__(
        self,
        weights: WeightsPath,
        sha256: str | None = None,
        channels: int = 16,
        dropout: float = 0.3,
        shape: tuple[int, ...] = (5, 64, 64),
    ) -> None:
        super().__init__(weights, sha256, channels, dropout, (1, *shape[1:]))
        self.shape = shape

    def forward(self, images: Tensor) -> Tensor:
        """Mean features (n, width) float32 of the planes of images (n, k, h, w) uint8.

        Raises
        ------
        ConfigError
            The images have another number of planes, or a size that the encoder can't take.
        """
        return _mean(self, images)

    def maps(self, activations: Tensor) -> Tensor:
        """Outputs of the last layer as maps (n, channels, k · rows, columns): the planes one below the other."""
        return _below(super().maps(activations), self.shape[0])


def _mean(encoder: TimmEncoder | SmallCNN, images: Tensor) -> Tensor:
    encoder.check(tuple(images.shape[1:]))
    each = encoder.encode(images.flatten(0, 1).unsqueeze(1))
    return each.unflatten(0, images.shape[:2]).mean(dim=1)


def _below(maps: Tensor, planes: int) -> Tensor:
    return maps.unflatten(0, (-1, planes)).transpose(1, 2).flatten(2, 3)
