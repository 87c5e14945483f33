from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import conv2d, layer_norm, linear

from bonerisk.encoders import timm_model, weights
from bonerisk.encoders.chexzero import CheXzero
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import ConfigError

WIDTH, BLOCKS, HEADS, FEATURES = 768, 12, 12, 512
PLAIN = "vit_base_patch32_clip_224"

State = dict[str, Tensor]


def clip(width: int = WIDTH, blocks: int = BLOCKS, patch: int = 32, positions: int = 50, out: int = FEATURES) -> State:
    """A state dict of OpenAI's CLIP, drawn at the scales of its own initialisation."""
    generator = torch.Generator().manual_seed(3)

    def normal(*shape: int, sd: float, mean: float = 0.0) -> Tensor:
        return mean + sd * torch.randn(*shape, generator=generator)

    def norm(name: str) -> State:
        return {f"{name}.weight": normal(width, sd=0.1, mean=1), f"{name}.bias": normal(width, sd=0.1)}

    def dense(name: str, outputs: int, inputs: int, sd: float, dot: str = ".") -> State:
        return {f"{name}{dot}weight": normal(outputs, inputs, sd=sd), f"{name}{dot}bias": normal(outputs, sd=0.1)}

    scale, residual = width**-0.5, width**-0.5 * (2 * blocks) ** -0.5
    state = {
        "class_embedding": normal(width, sd=scale),
        "positional_embedding": normal(positions, width, sd=scale),
        "proj": normal(width, out, sd=scale),
        "conv1.weight": normal(width, 3, patch, patch, sd=0.02),
    }
    state |= norm("ln_pre") | norm("ln_post")
    for block in (f"transformer.resblocks.{number}" for number in range(blocks)):
        state |= norm(f"{block}.ln_1") | norm(f"{block}.ln_2")
        state |= dense(f"{block}.attn.in_proj", 3 * width, width, scale, dot="_")
        state |= dense(f"{block}.attn.out_proj", width, width, residual)
        state |= dense(f"{block}.mlp.c_fc", 4 * width, width, (2 * width) ** -0.5)
        state |= dense(f"{block}.mlp.c_proj", width, 4 * width, residual)
    text = {"logit_scale": torch.tensor(4.6), "context_length": torch.tensor(77), "ln_final.weight": torch.ones(512)}
    return {f"visual.{name}": value for name, value in state.items()} | text


def encode(state: Mapping[str, Tensor], films: Tensor) -> Tensor:
    """CLIP's image encoder by its published definition (Radford et al. 2021; QuickGELU is x · sigmoid(1.702 x))."""
    part = {name.removeprefix("visual."): value for name, value in state.items()}

    def norm(x: Tensor, name: str) -> Tensor:
        return layer_norm(x, x.shape[-1:], part[f"{name}.weight"], part[f"{name}.bias"])

    def dense(x: Tensor, name: str, dot: str = ".") -> Tensor:
        return linear(x, part[f"{name}{dot}weight"], part[f"{name}{dot}bias"])

    x = ((films - 101.48761) / 83.43944).expand(-1, 3, -1, -1)
    patches = conv2d(x, part["conv1.weight"], stride=32).flatten(2).transpose(1, 2)
    first = part["class_embedding"].expand(len(films), 1, -1)
    x = norm(torch.cat([first, patches], dim=1) + part["positional_embedding"], "ln_pre")
    for block in (f"transformer.resblocks.{number}" for number in range(BLOCKS)):
        heads = dense(norm(x, f"{block}.ln_1"), f"{block}.attn.in_proj", dot="_").unflatten(-1, (3, HEADS, -1))
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        seen = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1) @ v
        x = x + dense(seen.transpose(1, 2).flatten(2), f"{block}.attn.out_proj")
        inner = dense(norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc")
        x = x + dense(inner * torch.sigmoid(1.702 * inner), f"{block}.mlp.c_proj")
    return norm(x[:, 0], "ln_post") @ part["proj"]


@pytest.fixture(scope="module")
def state() -> State:
    """In half precision, as CLIP's own files are."""
    return {name: value.half() if value.is_floating_point() else value for name, value in clip().items()}


@pytest.fixture(scope="module")
def file(state: State, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As data-parallel training saves it."""
    path = tmp_path_factory.mktemp("chexzero") / "best.pt"
    torch.save({f"module.{name}": value for name, value in state.items()}, path)
    return path


@pytest.fixture(scope="module")
def encoder(file: Path) -> CheXzero:
    return CheXzero(str(file)).eval()


@pytest.fixture(scope="module")
def films() -> Tensor:
    coarse = torch.rand(2, 1, 14, 14, generator=torch.Generator().manual_seed(4))
    return (torch.nn.functional.interpolate(coarse, (224, 224), mode="bicubic").clip(0, 1) * 255).to(torch.uint8)


def test_a_clip_file_gives_clips_features_and_plain_gelu_would_not(
    encoder: CheXzero, state: State, films: Tensor
) -> None:
    plain = timm.create_model(PLAIN, num_classes=FEATURES).eval()
    plain.load_state_dict(encoder.model.state_dict())
    with torch.inference_mode():
        expected = encode({name: value.float() for name, value in state.items()}, films)
        features = encoder(films)
        wrong = plain(((films - 101.48761) / 83.43944).expand(-1, 3, -1, -1))
    assert (features.dtype, features.shape) == (torch.float32, (2, encoder.width))
    torch.testing.assert_close(features, expected, atol=1e-4, rtol=0)
    assert (wrong - expected).abs().max() > 1e-2


def test_films_of_another_size_are_refused(encoder: CheXzero) -> None:
    for shape in ((2, 1, 256, 256), (2, 3, 224, 224), (2, 1, 320, 224)):
        with pytest.raises(ConfigError, match="1 × 224 × 224") as caught:
            encoder(torch.zeros(shape, dtype=torch.uint8))
        assert "preprocessing=aicxr" in caught.value.mend
    with pytest.raises(ConfigError, match="CheXzero takes images of 1 × 224 × 224, not 2 × 40 × 64"):
        CheXzero("random", shape=(2, 40, 64))


def test_a_stored_film_is_resized_in_floats_and_not_clipped(encoder: CheXzero) -> None:
    edge = torch.zeros(1, 1, 320, 320, dtype=torch.uint8)
    edge[..., 100:] = 255  # bicubic goes below 0 and above 255 beside it
    grey = torch.nn.functional.interpolate((edge.double() - 101.48761) / 83.43944, (224, 224), mode="bicubic")
    assert grey.max() > 1.01 * (255 - 101.48761) / 83.43944
    expected = encoder.model(grey.float().expand(-1, 3, -1, -1))
    torch.testing.assert_close(encoder(edge), expected, atol=1e-4, rtol=1e-4)
    clipped = ((grey * 83.43944 + 101.48761).clip(0, 255).round()).to(torch.uint8)
    assert (encoder(clipped) - expected).abs().max() > 1e-3


def test_a_runs_encoder_is_taken(encoder: CheXzero, tmp_path: Path) -> None:
    save_file({f"encoder.{name}": value for name, value in encoder.state_dict().items()}, tmp_path / weights.MODEL_FILE)
    again = CheXzero(str(tmp_path)).state_dict()
    assert all(torch.equal(again[name], value) for name, value in encoder.state_dict().items())


def test_without_a_file_the_message_says_how_to_get_it(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        CheXzero("pretrained")
    for said in ("rajpurkarlab/CheXzero", "encoder.weights=/path/to/best_64_0.0001_original_35000_0.864.pt", "sha256"):
        assert said in caught.value.mend
    with pytest.raises(ConfigError, match="SHA-256"):
        CheXzero(str(file), sha256="0" * 64)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"patch": 16, "positions": 401}, r"401 positions instead of 50, 16 pixels a patch.* films of 320² pixels"),
        ({"positions": 51}, "51 positions instead of 50"),
        ({"width": 64, "out": 32}, "64 channels instead of 768, 1 blocks instead of 12, 32 features instead of 512"),
    ],
)
def test_another_shape_is_refused_and_not_interpolated(encoder: CheXzero, changed: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        encoder._adapt(clip(**{"blocks": 1, **changed}))


@pytest.mark.parametrize(
    "key",
    ["blocks.0.attn.qkv.weight", "vision_model.embeddings.class_embedding", "visual.layer1.0.conv1.weight"],
    ids=["timm", "transformers", "ResNet"],
)
def test_a_file_without_clips_vit_is_refused(encoder: CheXzero, key: str) -> None:
    with pytest.raises(ConfigError, match=f"no ViT image encoder of OpenAI's CLIP, but {key}"):
        encoder._adapt({key: torch.zeros(1)})


def test_another_encoder_of_plain_gelu_refuses_a_clip_file(file: Path) -> None:
    with pytest.raises(ConfigError, match="plain GELU") as caught:
        TimmEncoder(PLAIN, weights=str(file))
    assert caught.value.mend == "encoder.architecture=vit_base_patch32_clip_quickgelu_224"


@pytest.mark.parametrize(
    ("architecture", "refused"),
    [
        ("vit_base_patch32_clip_224.openai", True),
        ("vit_base_patch32_clip_384", True),
        ("vit_base_patch32_clip_224.laion2b", False),  # OpenCLIP's own, of plain GELU
        ("vit_base_patch32_clip_quickgelu_224.openai", False),
    ],
)
def test_which_architectures_a_clip_file_is_not_for(architecture: str, refused: bool) -> None:
    cfg = timm_model._config(architecture)
    if refused:
        with pytest.raises(ConfigError, match="QuickGELU"):
            timm_model._check_activation(architecture, cfg)
    else:
        timm_model._check_activation(architecture, cfg)
