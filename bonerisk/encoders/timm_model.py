"""An encoder from timm, with its own normalisation and without its classifier."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import adapt_input_conv
from torch import Tensor, nn

from bonerisk.encoders import maps
from bonerisk.encoders import weights as source
from bonerisk.encoders.shapes import unfit
from bonerisk.errors import ConfigError
from bonerisk.named import WeightsPath

OPEN_SOURCE = ("apache-2.0", "mit", "bsd-3-clause")  # of the licences of timm's weights
COLOURS = (1, 3)  # planes that timm's three input channels take as they are: grey serves as all three


class TimmEncoder(nn.Module):
    """Images → the features before timm's classifier.

    A grey image serves as all three colours, and three planes as one colour each. For another number of planes k, timm
    adapts a published first convolution: the planes get the weights of red, green and blue in turn, times 3 / k. Each
    plane is then normalised by the mean of the three colours' constants.

    Parameters
    ----------
    architecture : str
        Name of a timm model with the tag of its weights, such as `convnext_small.fb_in1k`.
    weights : str
        `pretrained` (timm's hub), a file, the folder of a training run, or `random`.
    sha256 : str, optional
        What the weights file must hash to.
    shape : tuple of int, optional
        (k, h, w) of the images that it is given. None: grey images, of the size that timm names.

    Attributes
    ----------
    width : int
        Number of features of an image.
    file : Path or None
        The file that the weights were read from; None if they are random.

    Raises
    ------
    ConfigError
        timm has no such model; the weights are absent or do not fit; weights of OpenAI's CLIP are given to a model of
        plain GELU; or the model has a fixed size, and the images have another.

    Examples
    --------
    >>> encoder = TimmEncoder("test_convnext.r160_in1k", weights="random")
    >>> encoder(torch.zeros(2, 1, 160, 160, dtype=torch.uint8)).shape, encoder.width
    (torch.Size([2, 64]), 64)
    """

    width: int
    file: Path | None
    shape: tuple[int, ...]
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        architecture: str = "convnext_small.fb_in1k",
        weights: WeightsPath = "pretrained",
        sha256: str | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        path = source.check(weights, sha256)
        cfg = _config(architecture)
        self.shape, self.architecture = shape or (1, *cfg.input_size[1:]), architecture
        self.fixed = tuple(cfg.input_size[1:]) if cfg.fixed_input_size else None
        self.check(self.shape)
        if weights == "pretrained":
            filename = cfg.hf_hub_filename or "model.safetensors"
            path = source.from_hub(_hub_id(cfg, architecture), filename, cfg.license or "unknown")
            source.check(str(path), sha256)
        channels = 3 if self.shape[0] in COLOURS else self.shape[0]
        self.model, self.width = self._model(architecture, channels)
        self.file = path
        self.classifier = f"{cfg.classifier}."
        self.register_buffer("mean", _constants(cfg.mean, channels), persistent=False)
        self.register_buffer("std", _constants(cfg.std, channels), persistent=False)
        if path is not None:
            source.load_into(self, path, lambda state: self._adapt(state, architecture, cfg))

    @staticmethod
    def licence(settings: Mapping[str, Any]) -> str | None:
        """Licence of timm's weights for `settings["architecture"]`, and whether it is an open-source one.

        Examples
        --------
        >>> TimmEncoder.licence({"architecture": "convnext_small.fb_in1k"})
        'convnext_small.fb_in1k: apache-2.0'
        >>> TimmEncoder.licence({"architecture": "convnext_small.dinov3_lvd1689m"})
        'convnext_small.dinov3_lvd1689m: dinov3-license (no open-source licence: its terms must be accepted)'
        """
        architecture = str(settings["architecture"])
        name = _config(architecture).license or "unknown"
        terms = "" if name in OPEN_SOURCE else " (no open-source licence: its terms must be accepted)"
        return f"{architecture}: {name}{terms}"

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width) float32 of images (n, k, h, w) uint8.

        Raises
        ------
        ConfigError
            The images have another number of planes, or not the fixed size of the model.
        """
        self.check(tuple(images.shape[1:]))
        return self.encode(images)

    def encode(self, images: Tensor) -> Tensor:
        """As `forward`, of images that were checked."""
        return self.model((images - self.mean) / self.std)

    @property
    def last_layer(self) -> nn.Module:
        """The layer whose outputs are the last with a place on the image."""
        return maps.last_layer(self.model)

    def maps(self, activations: Tensor) -> Tensor:
        """Its outputs as maps (n, channels, rows, columns)."""
        return maps.as_maps(self.model, activations, (self.shape[1], self.shape[2]))

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse images of a shape (k, h, w) that it can't take.

        Raises
        ------
        ConfigError
        """
        size = self.fixed or shape[1:]
        if shape != (self.shape[0], *size):
            mend = f"a preprocessing of {self.shape[0]} planes, with preprocessing.size={size[0]}"
            raise unfit(self.architecture, " × ".join(map(str, (self.shape[0], *size))), shape, mend)

    def _model(self, architecture: str, channels: int) -> tuple[Any, int]:
        """timm's model without weights, and the number of its features."""
        model: Any = timm.create_model(architecture, pretrained=False, num_classes=0, in_chans=channels)
        return model, int(model.head_hidden_size)

    def _adapt(self, state: dict[str, Tensor], architecture: str, cfg: timm.models.PretrainedCfg) -> dict[str, Tensor]:
        """A published file under our names: timm translates the authors' keys, and the classifier is left out."""
        if source.CLIP_KEY in state:
            _check_activation(architecture, cfg)
        translate = getattr(sys.modules[type(self.model).__module__], "checkpoint_filter_fn", None)
        state = translate(state, self.model) if translate else state
        if self.shape[0] not in COLOURS:
            first = [cfg.first_conv] if isinstance(cfg.first_conv, str) else cfg.first_conv or []
            state |= {f"{name}.weight": adapt_input_conv(self.shape[0], state[f"{name}.weight"]) for name in first}
        return {f"model.{key}": value for key, value in state.items() if not key.startswith(self.classifier)}


def _constants(colours: tuple[float, ...], channels: int) -> Tensor:
    """Mean or SD of each input channel (1, channels, 1, 1), of grey 0–255."""
    values = torch.tensor(colours)
    if channels != 3:
        values = values.mean().expand(channels)
    return values.view(1, channels, 1, 1) * 255


def _config(architecture: str) -> timm.models.PretrainedCfg:
    """timm's record of a model's weights: where they are and which input they expect."""
    known = [*timm.list_models(), *timm.list_pretrained()]
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known)
        mend = f"nearest: {', '.join(near)}" if near else "timm.list_models() lists them"
        raise ConfigError(f"timm has no model {architecture!r}", "encoder.architecture", mend)
    return timm.models.get_pretrained_cfg(architecture) or timm.models.PretrainedCfg()


def _check_activation(architecture: str, cfg: timm.models.PretrainedCfg) -> None:
    """Refuse OpenAI's CLIP in a ViT of plain GELU, which takes its weights and gives other features.

    Weights with a tag pass unless timm knows them as QuickGELU: OpenCLIP's own weights have OpenAI's names as well.
    """
    name, _, tag = architecture.partition(".")
    if "_clip_" not in name or "_quickgelu_" in name or (tag and "QuickGELU" not in str(cfg.notes)):
        return
    right = name.replace("_clip_", "_clip_quickgelu_")
    mend = f"encoder.architecture={right}" if timm.is_model(right) else "timm has no such architecture of this size"
    what = f"The file is of OpenAI's CLIP, which has QuickGELU, but {architecture} has plain GELU"
    raise ConfigError(what, "encoder.architecture", mend)


def _hub_id(cfg: timm.models.PretrainedCfg, architecture: str) -> str:
    if not cfg.hf_hub_id:
        mend = "Add the tag of its weights, one of timm.list_pretrained(), or give a file"
        raise ConfigError(f"timm has no weights of {architecture!r}", "encoder.architecture", mend)
    return cfg.hf_hub_id
