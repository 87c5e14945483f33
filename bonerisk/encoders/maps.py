"""Where on the image the last activations of timm's models lie: a transformer's tokens become a grid."""

from __future__ import annotations

from typing import Any

from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from bonerisk.errors import ConfigError

TRANSFORMERS = (VisionTransformer, Eva)  # whose tokens are patches, row by row, behind prefix tokens


def last_layer(model: Any) -> nn.Module:
    """The layer of a timm model whose outputs are the last with a place on the image.

    In a transformer it is the first norm of the last block: behind this block's attention, only the class token leads
    to the output, so that patches have no gradient there. In other models it is the last stage that timm names.

    Raises
    ------
    ConfigError
        timm names none.
    """
    if isinstance(model, TRANSFORMERS):
        return model.get_submodule(f"blocks.{len(model.blocks) - 1}.norm1")
    if not model.feature_info:
        raise _no_map(model)
    found: nn.Module = model.get_submodule(model.feature_info[-1]["module"])
    return found


def as_maps(model: Any, activations: Any, size: tuple[int, int]) -> Tensor:
    """Outputs of `last_layer` as maps (n, channels, rows, columns).

    Parameters
    ----------
    model : nn.Module
        timm's.
    activations : Tensor
        (n, tokens, channels), (n, channels, rows, columns) or (n, rows, columns, channels).
    size : tuple of int
        Height and width of the images that the model was given.

    Raises
    ------
    ConfigError
        They are none of these, as those of a model with several resolutions at its end.
    """
    if isinstance(model, TRANSFORMERS):
        rows, columns = (side // patch for side, patch in zip(size, model.patch_embed.patch_size, strict=True))
        patches = activations[:, model.num_prefix_tokens :]
        return patches.transpose(1, 2).unflatten(2, (rows, columns))
    channels = model.feature_info[-1]["num_chs"]
    if isinstance(activations, Tensor) and activations.ndim == 4:
        if activations.shape[1] == channels:
            return activations
        if activations.shape[3] == channels:
            return activations.permute(0, 3, 1, 2)
    raise _no_map(model)


def _no_map(model: nn.Module) -> ConfigError:
    what = f"timm's {type(model).__name__} has no last layer with one map of the image"
    return ConfigError(what, "evaluation.explain", "leave gradcam out; it works for convolutional nets and ViT")
