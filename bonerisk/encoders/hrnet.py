"""HRNet's map of highest resolution, for a head that finds points (Sun et al. 2019, CVPR; spine DeepSurv)."""

from __future__ import annotations

from typing import Any, ClassVar

import timm
from torch import Tensor, nn

from bonerisk.encoders.shapes import unfit
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import ConfigError
from bonerisk.keypoints.heatmap import STRIDE

MULTIPLE = 32  # pixels: the lowest of its four resolutions


class HRNet(TimmEncoder):
    """Images → maps of one pixel for four of the image's; arguments and weights as of `TimmEncoder`.

    Raises
    ------
    ConfigError
        As `TimmEncoder`; the architecture is no HRNet, or a side of the images is no multiple of 32 pixels.

    Examples
    --------
    >>> import torch
    >>> encoder = HRNet("hrnet_w18_small", weights="random", shape=(1, 64, 96))
    >>> encoder(torch.zeros(2, 1, 64, 96, dtype=torch.uint8)).shape
    torch.Size([2, 16, 16, 24])
    """

    stride: ClassVar[int] = STRIDE

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width, h / 4, w / 4) float32 of images (n, k, h, w) uint8.

        Raises
        ------
        ConfigError
            The images have another number of planes, or a side that does not fit.
        """
        return super().forward(images)[0]

    @property
    def last_layer(self) -> nn.Module:
        """The layer whose outputs are the map."""
        return self.model.stage4[-1].fuse_act

    def maps(self, activations: Tensor) -> Tensor:
        """Its outputs as maps (n, width, rows, columns): they are."""
        return activations

    def _model(self, architecture: str, channels: int) -> tuple[nn.Module, int]:
        if not architecture.startswith("hrnet_"):
            raise ConfigError(f"{architecture} is no HRNet", "encoder.architecture", "as hrnet_w32.ms_in1k")
        part: dict[str, Any] = {"features_only": True, "feature_location": "", "out_indices": (1,)}
        model: Any = timm.create_model(architecture, pretrained=False, in_chans=channels, **part)
        last = model.stage4[-1]
        last.fuse_layers = last.fuse_layers[:1]  # the other resolutions lead nowhere
        return model, int(model.feature_info.channels()[0])

    def _adapt(self, state: dict[str, Tensor], architecture: str, cfg: timm.models.PretrainedCfg) -> dict[str, Tensor]:
        """A published file under our names, without what serves its classifier alone."""
        own = self.state_dict()
        return {key: value for key, value in super()._adapt(state, architecture, cfg).items() if key in own}

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse images of a shape (k, h, w) with other planes, or with a side that is no multiple of 32 pixels.

        Raises
        ------
        ConfigError
        """
        if shape[0] != self.shape[0] or any(side % MULTIPLE for side in shape[1:]):
            mend = f"choose a preprocessing whose sides are multiples of {MULTIPLE} pixels: preprocessing=whole_film"
            raise unfit(self.architecture, f"{self.shape[0]} × sides of {MULTIPLE}, {2 * MULTIPLE}, …", shape, mend)
