"""CheXzero's image encoder: OpenAI's CLIP ViT-B/32, trained further on chest films and their reports."""

from __future__ import annotations

import math
from typing import Any

import timm
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor, nn

from bonerisk.encoders import weights as source
from bonerisk.errors import ConfigError

ARCHITECTURE = "vit_base_patch32_clip_quickgelu_224"  # with plain GELU it loads as well, and is wrong by 5e-2
SIZE = 224  # pixels
MEAN, SD = 101.48761, 83.43944  # of grey 0–255: CheXzero, zero_shot.py
FILE = "best_64_0.0001_original_35000_0.864.pt"  # the one that AI-CXR used
PUBLISHED = {"positions": 50, "pixels a patch": 32, "channels": 768, "blocks": 12, "features": 512}


class CheXzero(nn.Module):
    """Grey films → CLIP's image features, the class token after its projection, not normalised.

    The file is a state dict of OpenAI's CLIP in single or half precision, with or without data-parallel training's
    `module.` before its names; its text tower is left aside. A CLIP that was trained with plain GELU under the same
    names (some of OpenCLIP's) can't be told from it: `sha256` holds the file to the one that is meant.

    Parameters
    ----------
    weights : str
        A file, the folder of a training run, or `random`. `pretrained` raises, with where to find the file.
    sha256 : str, optional
        What the weights file must hash to.

    Attributes
    ----------
    width : int
        Number of features a film.
    size : int
        Side in pixels of the films it takes.

    Raises
    ------
    ConfigError
        The weights can't be had, hold no CLIP image encoder, or one of another shape.

    References
    ----------
    Tiu et al. 2022, "Expert-level detection of pathologies from unannotated chest X-ray images via self-supervised
    learning", Nat Biomed Eng 6:1399; github.com/rajpurkarlab/CheXzero. Radford et al. 2021, arXiv:2103.00020.
    """

    def __init__(self, weights: str, sha256: str | None = None) -> None:
        super().__init__()
        if weights == "pretrained":
            what = "CheXzero's weights are in no hub that bonerisk could fetch them from"
            mend = (
                f"Download {FILE} from the checkpoints that github.com/rajpurkarlab/CheXzero links to, and set"
                f" {source.KEY}=/path/to/{FILE} (encoder.sha256= holds it to a hash); for a test, {source.KEY}=random"
            )
            raise ConfigError(what, f"{source.KEY}=pretrained", mend)
        path = source.check(weights, sha256)
        model: Any = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=PUBLISHED["features"])
        self.model, self.width, self.size = model, PUBLISHED["features"], SIZE
        if path is not None:
            source.load_into(self, path, self._adapt)

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, 512) of films (n, 1, 224, 224) uint8, whose grey serves as all three colours.

        Raises
        ------
        ConfigError
            The films are of another size.
        """
        if images.shape[1:] != (1, SIZE, SIZE):
            found = " × ".join(map(str, images.shape[1:]))
            mend = f"preprocessing=aicxr or chexzero_native, with preprocessing.size={SIZE}"
            raise ConfigError(f"CheXzero takes films of 1 × {SIZE} × {SIZE}, not {found}", "preprocessing.size", mend)
        return self.model(((images - MEAN) / SD).expand(-1, 3, -1, -1))

    def _adapt(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """CLIP's names as timm's; its shape is looked at first, since timm would fit another one by interpolation."""
        if source.CLIP_KEY not in state:
            what = f"The file holds no ViT image encoder of OpenAI's CLIP, but {', '.join(sorted(state)[:3])}, …"
            mend = f"Give CheXzero's own file, {FILE}; exports in other libraries' names may be of another activation"
            raise ConfigError(what, source.KEY, mend)
        found = _shape(state)
        if found != PUBLISHED:
            differ = [
                f"{found[name]} {name} instead of {PUBLISHED[name]}" for name in found if found[name] != PUBLISHED[name]
            ]
            seen = math.isqrt(found["positions"] - 1) * found["pixels a patch"]
            what = f"The file's image encoder has {', '.join(differ)}; it is for films of {seen}² pixels"
            raise ConfigError(what, source.KEY, f"Give the one of ViT-B/32 at {SIZE}², as {FILE} is")
        return {f"model.{key}": value for key, value in checkpoint_filter_fn(state, self.model).items()}


def _shape(state: dict[str, Tensor]) -> dict[str, int]:
    """Shape of CLIP's image encoder, as `PUBLISHED` has it."""
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
