"""An encoder from timm, with its own normalisation inside and its classifier left off."""

from __future__ import annotations

import difflib
import sys
from typing import Any

import timm
import torch
from torch import Tensor, nn

from bonerisk.encoders import weights as source
from bonerisk.errors import ConfigError


class TimmEncoder(nn.Module):
    """Grey films → the features before timm's classifier.

    Parameters
    ----------
    architecture : str
        Name of a timm model with the tag of its weights, as `convnext_small.fb_in1k`.
    weights : str
        `pretrained` (timm's hub), a file, the folder of a training run, or `random`.
    sha256 : str, optional
        What the weights file must hash to.

    Attributes
    ----------
    width : int
        Number of features a film.
    file : Path or None
        That the weights were read from, where they were not drawn at random.

    Raises
    ------
    ConfigError
        timm has no such model, the weights can't be had or don't fit, or those of OpenAI's CLIP meet a plain GELU.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, architecture: str = "convnext_small.fb_in1k", weights: str = "pretrained", sha256: str | None = None
    ) -> None:
        super().__init__()
        path = source.check(weights, sha256)
        cfg = _config(architecture)
        if weights == "pretrained":
            path = source.from_hub(_hub_id(cfg, architecture), cfg.hf_hub_filename or "model.safetensors")
            source.check(str(path), sha256)
        model: Any = timm.create_model(architecture, pretrained=False, num_classes=0)
        self.model, self.width = model, int(model.head_hidden_size)
        self.file = path
        self.classifier = f"{cfg.classifier}."
        self.register_buffer("mean", torch.tensor(cfg.mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(cfg.std).view(1, 3, 1, 1) * 255, persistent=False)
        if path is not None:
            source.load_into(self, path, lambda state: self._adapt(state, architecture, cfg))

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width) of films (n, 1, h, w) uint8, whose grey serves as all three colours."""
        return self.model((images - self.mean) / self.std)

    def _adapt(self, state: dict[str, Tensor], architecture: str, cfg: timm.models.PretrainedCfg) -> dict[str, Tensor]:
        """A published file under our names: timm's own translation of the authors' keys, without the classifier."""
        if source.CLIP_KEY in state:
            _check_activation(architecture, cfg)
        translate = getattr(sys.modules[type(self.model).__module__], "checkpoint_filter_fn", None)
        state = translate(state, self.model) if translate else state
        return {f"model.{key}": value for key, value in state.items() if not key.startswith(self.classifier)}


def _config(architecture: str) -> timm.models.PretrainedCfg:
    """timm's record of a model's weights: where they lie and what input they expect."""
    known = [*timm.list_models(), *timm.list_pretrained()]
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known)
        mend = f"nearest: {', '.join(near)}" if near else "timm.list_models() lists them"
        raise ConfigError(f"timm has no model {architecture!r}", "encoder.architecture", mend)
    return timm.models.get_pretrained_cfg(architecture) or timm.models.PretrainedCfg()


def _check_activation(architecture: str, cfg: timm.models.PretrainedCfg) -> None:
    """Refuse OpenAI's CLIP in a ViT of plain GELU, which takes its weights and gives other features.

    A tag passes whose weights timm doesn't know as of QuickGELU: OpenCLIP's own have OpenAI's names as well.
    """
    name, _, tag = architecture.partition(".")
    if "_clip_" not in name or "_quickgelu_" in name or (tag and "QuickGELU" not in str(cfg.notes)):
        return
    right = name.replace("_clip_", "_clip_quickgelu_")
    mend = f"encoder.architecture={right}" if timm.is_model(right) else "timm has no such architecture of this size"
    what = f"The file is of OpenAI's CLIP, which has QuickGELU, and {architecture} has plain GELU"
    raise ConfigError(what, "encoder.architecture", mend)


def _hub_id(cfg: timm.models.PretrainedCfg, architecture: str) -> str:
    if not cfg.hf_hub_id:
        mend = "Add the tag of its weights, one of timm.list_pretrained(), or give a file"
        raise ConfigError(f"timm has no weights of {architecture!r}", "encoder.architecture", mend)
    return cfg.hf_hub_id
