"""CheXzero's image encoder: OpenAI's CLIP ViT-B/32, trained further on chest films and their reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor, nn

from bonerisk.encoders import maps
from bonerisk.encoders import weights as source
from bonerisk.encoders.shapes import unfit
from bonerisk.errors import ConfigError
from bonerisk.named import WeightsPath

ARCHITECTURE = "vit_base_patch32_clip_quickgelu_224"  # the one with plain GELU loads as well, and is wrong by 5e-2
SIZE, STORED = 224, 320  # pixels: of the model's images, and of the films that CheXzero stores
SHAPE = (1, SIZE, SIZE)
MEAN, SD = 101.48761, 83.43944  # of grey 0–255: CheXzero, zero_shot.py
FILE = "best_64_0.0001_original_35000_0.864.pt"  # the one that AI-CXR used
PUBLISHED = {"positions": 50, "pixels a patch": 32, "channels": 768, "blocks": 12, "features": 512}


class CheXzero(nn.Module):
    """Grey images → CLIP's image features: the class token after its projection, not normalised.

    The file is a state dict of OpenAI's CLIP in single or half precision. Its names may begin with `module.`, as
    data-parallel training saves them. Its text encoder is ignored. Some of OpenCLIP's models have plain GELU and the
    same names, so that a file does not show which activation it needs. `sha256` makes sure that the file is the right
    one.

    Parameters
    ----------
    weights : str
        A file, the folder of a training run, or `random`. `pretrained` raises an error that says where the file is.
    sha256 : str, optional
        What the weights file must hash to.
    shape : tuple of int
        (k, h, w) of the images that it is given: (1, 224, 224), or (1, 320, 320), which it resizes as CheXzero does.

    Attributes
    ----------
    width : int
        Number of features of an image.
    file : Path or None
        The file that the weights were read from; None if they are random.

    Raises
    ------
    ConfigError
        The weights are absent, or hold no CLIP image encoder, or one of another size; or the images have another shape.

    References
    ----------
    Tiu et al. 2022, "Expert-level detection of pathologies from unannotated chest X-ray images via self-supervised
    learning", Nat Biomed Eng 6:1399; github.com/rajpurkarlab/CheXzero. Radford et al. 2021, arXiv:2103.00020.

    Examples
    --------
    >>> import torch
    >>> encoder = CheXzero(weights="random")  # for a test: random weights know nothing
    >>> encoder(torch.zeros(2, 1, 224, 224, dtype=torch.uint8)).shape, encoder.width
    (torch.Size([2, 512]), 512)
    """

    width: int
    file: Path | None
    shape: tuple[int, ...]

    def __init__(self, weights: WeightsPath, sha256: str | None = None, shape: tuple[int, ...] = SHAPE) -> None:
        super().__init__()
        if weights == "pretrained":
            what = "CheXzero's weights are not on a hub that bonerisk can fetch them from"
            mend = (
                f"Download {FILE} from the checkpoints that github.com/rajpurkarlab/CheXzero links to, and set"
                f" {source.KEY}=/path/to/{FILE} (encoder.sha256= checks its hash); for a test, {source.KEY}=random"
            )
            raise ConfigError(what, f"{source.KEY}=pretrained", mend)
        _check(shape)
        self.shape, self.file = shape, source.check(weights, sha256)
        model: Any = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=PUBLISHED["features"])
        self.model, self.width = model, PUBLISHED["features"]
        if self.file is not None:
            source.load_into(self, self.file, self._adapt)

    @staticmethod
    def licence(settings: Mapping[str, Any]) -> str:
        """Licence of CheXzero's repository, which the weights come with."""
        return "CheXzero: Apache-2.0 with Commons Clause (no open-source licence: it may not be sold)"

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, 512) float32 of images (n, 1, 224, 224) uint8; the grey serves as all three colours.

        Images of 320 × 320 are resized as CheXzero's zero_shot.py does: bicubic, no low-pass filter, not clipped.

        Raises
        ------
        ConfigError
            The images have another shape.
        """
        _check(tuple(images.shape[1:]))
        grey = (images - MEAN) / SD
        if grey.shape[-1] != SIZE:
            grey = nn.functional.interpolate(grey, (SIZE, SIZE), mode="bicubic")
        return self.model(grey.expand(-1, 3, -1, -1))

    @property
    def last_layer(self) -> nn.Module:
        """The layer whose outputs are the last with a place on the image."""
        return maps.last_layer(self.model)

    def maps(self, activations: Tensor) -> Tensor:
        """Its outputs as maps (n, channels, rows, columns)."""
        return maps.as_maps(self.model, activations, (SIZE, SIZE))

    def _adapt(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """CLIP's tensors under timm's names; their shape is checked first, because timm interpolates other shapes."""
        if source.CLIP_KEY not in state:
            what = f"The file holds no ViT image encoder of OpenAI's CLIP, but {', '.join(sorted(state)[:3])}, …"
            mend = f"Give CheXzero's own file, {FILE}; files with another library's names may need another activation"
            raise ConfigError(what, source.KEY, mend)
        found = _parts(state)
        if found != PUBLISHED:
            differ = [
                f"{found[name]} {name} instead of {PUBLISHED[name]}" for name in found if found[name] != PUBLISHED[name]
            ]
            seen = math.isqrt(found["positions"] - 1) * found["pixels a patch"]
            what = f"The file's image encoder has {', '.join(differ)}; it is for films of {seen}² pixels"
            raise ConfigError(what, source.KEY, f"Give the file of ViT-B/32 at {SIZE}², such as {FILE}")
        return {f"model.{key}": value for key, value in checkpoint_filter_fn(state, self.model).items()}


def _check(shape: tuple[int, ...]) -> None:
    if shape not in (SHAPE, (1, STORED, STORED)):
        mend = f"preprocessing=aicxr with preprocessing.size={SIZE}, or chexzero_native with {STORED} or {SIZE}"
        raise unfit("CheXzero", " × ".join(map(str, SHAPE)), shape, mend)


def _parts(state: dict[str, Tensor]) -> dict[str, int]:
    """Sizes of CLIP's image encoder, named as in `PUBLISHED`."""
    kernel, blocks = state["visual.conv1.weight"], "visual.transformer.resblocks."
    depth = len({key.removeprefix(blocks).split(".")[0] for key in state if key.startswith(blocks)})
    sizes = (
        len(state["visual.positional_embedding"]),
        kernel.shape[-1],
        len(kernel),
        depth,
        state["visual.proj"].shape[-1],
    )
    return dict(zip(PUBLISHED, sizes, strict=True))
