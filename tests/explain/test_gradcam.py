from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import timm
import torch

from bonerisk.encoders.chexzero import CheXzero
from bonerisk.encoders.patches import SmallCNNPatches
from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import ConfigError
from bonerisk.explain.attention import laid_out
from bonerisk.explain.gradcam import gradcam
from bonerisk.heads.binary import BinaryHead
from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def films(side: int, n: int = 3) -> np.ndarray:
    return RNG.integers(0, 256, (n, side, side), dtype=np.uint8)


def model_of(encoder: Any, head: Any = None) -> Model:
    return Model(encoder, head or BinaryHead(encoder.width))


def test_behind_a_mean_over_the_image_it_is_the_class_activation_map() -> None:
    """There the gradient is a weight of the head over the number of cells (Zhou 2016)."""
    torch.manual_seed(0)
    encoder, images = SmallCNN("random", channels=4), films(64)
    head = BinaryHead(encoder.width)
    found = gradcam(Model(encoder, head), images, Inputs(np.array([2, 0])))["risk"]
    encoder.eval()
    with torch.no_grad():
        encoder.layers[4] = torch.nn.Identity()  # the mean
        encoder.layers[5] = torch.nn.Identity()
        last = encoder(torch.from_numpy(images[[2, 0], None]))
        expected = torch.einsum("nkij,k->nij", last, head.score.weight[0]) / 16
    assert found.shape == (2, 4, 4)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["test_convnext", "test_resnet", "test_efficientnet", "test_byobnet"])
def test_of_convolutional_nets(name: str) -> None:
    """As the gradient of timm's own steps: features with a place, then the head before the classifier."""
    torch.manual_seed(0)
    encoder, images = TimmEncoder(name, weights="random", shape=(1, 96, 96)), films(96)
    model = model_of(encoder).eval()
    found = gradcam(model, images, Inputs(np.arange(3)))["risk"]
    tensor = (torch.from_numpy(images[:, None]) - encoder.mean) / encoder.std
    kept: list[torch.Tensor] = []
    handle = encoder.last_layer.register_forward_hook(lambda module, given, output: kept.append(output))
    score = model.head(encoder.model.forward_head(encoder.model.forward_features(tensor)))
    handle.remove()
    [gradient] = torch.autograd.grad(score.sum(), kept[0])
    expected = (gradient.mean((2, 3), keepdim=True) * kept[0]).sum(1)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-3, atol=1e-6)
    assert all(parameter.requires_grad for parameter in model.parameters())  # as before
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("encoder", "side", "grid"),
    [
        (lambda: TimmEncoder("test_vit", weights="random"), 160, (10, 10)),
        (lambda: TimmEncoder("test_vit2", weights="random"), 160, (10, 10)),  # register tokens as well
        (lambda: CheXzero("random", shape=(1, 320, 320)), 320, (7, 7)),  # which it resizes to 224
    ],
    ids=["vit", "vit2", "chexzero"],
)
def test_of_transformers_it_is_a_grid_of_patches(encoder: Any, side: int, grid: tuple[int, int]) -> None:
    torch.manual_seed(0)
    made = encoder()
    found = gradcam(model_of(made), films(side, 2), Inputs(np.arange(2)))["risk"]
    assert found.shape == (2, *grid)
    assert all(np.ptp(of) > 0 for of in found)
    prefix = made.model.num_prefix_tokens
    tokens = torch.arange(prefix + grid[0] * grid[1]).float().view(1, -1, 1)
    assert made.maps(tokens)[0, 0, 1, 0] == prefix + grid[1]  # row by row, without the prefix


def test_of_a_head_of_classes_each_class_has_its_map() -> None:
    class Classes(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(32, 3)

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return self.layer(features)

        def scores(self, outputs: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"risk": outputs.softmax(1) @ torch.arange(3.0)} | {f"c{k}": outputs[:, k] for k in range(3)}

    encoder = SmallCNN("random", channels=4)
    found = gradcam(Model(encoder, Classes()), films(32), Inputs(np.arange(3)))
    assert list(found) == ["risk", "c0", "c1", "c2"]
    assert not np.allclose(found["c0"], found["c1"])


def test_columns_beside_the_film() -> None:
    encoder = SmallCNN("random", channels=4)
    inputs = Inputs(np.arange(3), np.zeros((3, 2), np.float32))
    assert gradcam(Model(encoder, BinaryHead(encoder.width + 2)), films(32), inputs)["risk"].shape == (3, 2, 2)


def test_a_model_without_a_map_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    hrnet = TimmEncoder("hrnet_w18_small", weights="random", shape=(1, 64, 64))  # four resolutions at its end
    with pytest.raises(ConfigError, match="HighResolutionNet has no last layer"):
        gradcam(model_of(hrnet), films(64, 1), Inputs(np.arange(1)))
    nothing = TimmEncoder("test_vit", weights="random")
    monkeypatch.setattr("bonerisk.encoders.maps.TRANSFORMERS", ())
    nothing.model.feature_info = []
    with pytest.raises(ConfigError, match="VisionTransformer has no last layer"):
        _ = nothing.last_layer


def test_swin_has_its_channels_last() -> None:
    encoder = TimmEncoder("swin_tiny_patch4_window7_224", weights="random")
    assert isinstance(encoder.model, timm.models.SwinTransformer)
    assert gradcam(model_of(encoder), films(224, 1), Inputs(np.arange(1)))["risk"].shape == (1, 7, 7)


def test_of_patches_each_lies_below_the_other() -> None:
    """Behind the mean over patches, the map of an image is that of each patch alone, over their number."""
    torch.manual_seed(0)
    encoder, images = SmallCNNPatches("random", channels=4, shape=(5, 48, 48)), RNG.integers(0, 256, (2, 5, 48, 48))
    alone, head = SmallCNN("random", channels=4), BinaryHead(encoder.width)
    alone.load_state_dict(encoder.state_dict())  # the weights are those of whole films
    found = gradcam(Model(encoder, head), images.astype(np.uint8), Inputs(np.arange(2)))["risk"]
    assert found.shape == (2, 15, 3)
    patches = images.reshape(10, 48, 48).astype(np.uint8)
    each = gradcam(Model(alone, head), patches, Inputs(np.arange(10)))["risk"]
    weights = each.reshape(2, 15, 3)
    assert laid_out(images[0], found.shape[1:]).shape == (240, 48)
    np.testing.assert_allclose(found, weights / 5, rtol=1e-4, atol=1e-7)
