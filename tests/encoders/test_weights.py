from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import yaml
from safetensors.torch import save_file

from bonerisk.config.tree import config_dir
from bonerisk.encoders import weights
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import ConfigError
from bonerisk.models.frozen import note_weights
from bonerisk.runs.folder import record

TINY, OTHER = "test_convnext.r160_in1k", "test_convnext2.r160_in1k"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as timm publishes it: the whole classifier of 1,000 classes."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("published") / "model.safetensors"
    save_file(timm.create_model(TINY, pretrained=False).state_dict(), path)
    return path


def test_a_published_file_gives_its_features(published: Path) -> None:
    encoder = TimmEncoder(TINY, weights=str(published)).eval()
    reference = timm.create_model(TINY, pretrained=False, checkpoint_path=str(published)).eval()
    images = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8)
    scaled = ((images / 255 - 0.5) / 0.5).expand(-1, 3, -1, -1)  # this model's mean and standard deviation
    with torch.inference_mode():
        expected = reference.forward_head(reference.forward_features(scaled), pre_logits=True)
        features = encoder(images)
    assert features.shape == (2, encoder.width)
    torch.testing.assert_close(features, expected)


def test_a_runs_encoder_is_taken_without_its_head(published: Path, tmp_path: Path) -> None:
    trained = TimmEncoder(TINY, weights=str(published))
    state = {f"encoder.{name}": value for name, value in trained.state_dict().items()}
    save_file({**state, "head.score.weight": torch.ones(1, trained.width)}, tmp_path / "model.safetensors")
    again = TimmEncoder(TINY, weights=str(tmp_path))
    assert all(torch.equal(again.state_dict()[name], value) for name, value in trained.state_dict().items())


def test_two_planes_share_the_published_weights(published: Path, tmp_path: Path) -> None:
    """Two equal planes give the features of one grey image, where the weights of all colours are alike."""
    state = weights.read(published)
    state["stem.0.weight"] = state["stem.0.weight"].mean(dim=1, keepdim=True).repeat(1, 3, 1, 1)
    file = str(tmp_path / "alike.safetensors")
    save_file(state, file)
    grey, two = TimmEncoder(TINY, file).eval(), TimmEncoder(TINY, file, shape=(2, 64, 96)).eval()
    images = torch.randint(0, 256, (2, 1, 64, 96), dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(two(images.expand(-1, 2, -1, -1)), grey(images), atol=1e-4, rtol=1e-4)
    save_file({f"encoder.{name}": value for name, value in two.state_dict().items()}, tmp_path / "model.safetensors")
    again = TimmEncoder(TINY, weights=str(tmp_path), shape=(2, 64, 96)).state_dict()
    assert all(torch.equal(again[name], value) for name, value in two.state_dict().items())


def test_three_planes_are_the_colours(published: Path) -> None:
    encoder = TimmEncoder(TINY, str(published), shape=(3, 64, 64)).eval()
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        features = encoder(images)
        assert not torch.allclose(encoder(images.flip(1)), features)
        grey = images[:, :1]
        expected = TimmEncoder(TINY, str(published)).eval()(grey)
        torch.testing.assert_close(encoder(grey.expand(-1, 3, -1, -1)), expected)


def test_images_that_a_timm_model_cannot_take_are_refused() -> None:
    vit = "test_vit.r160_in1k"
    with pytest.raises(
        ConfigError, match=r"test_vit\.r160_in1k takes images of 2 × 160 × 160, not 2 × 40 × 64"
    ) as caught:
        TimmEncoder(vit, weights="random", shape=(2, 40, 64))
    assert "preprocessing.size=160" in caught.value.mend
    with pytest.raises(ConfigError, match="takes images of 1 × 160 × 160, not 1 × 64 × 64"):
        TimmEncoder(vit, weights="random")(torch.zeros(1, 1, 64, 64, dtype=torch.uint8))
    with pytest.raises(ConfigError, match="takes images of 1 × 64 × 64, not 2 × 64 × 64"):
        TimmEncoder(TINY, weights="random")(torch.zeros(1, 2, 64, 64, dtype=torch.uint8))


def test_a_pytorch_file_of_tensors_is_read(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"model": weights.read(published)}, path)
    assert weights.read(path).keys() == weights.read(published).keys()


def test_a_file_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    path = tmp_path / "model.pth"
    torch.save({"state_dict": Bomb()}, path)
    with pytest.raises(ConfigError, match="code"):
        TimmEncoder(TINY, weights=str(path))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")  # torch's own
def test_a_torchscript_archive_is_refused_and_told_from_others(tmp_path: Path) -> None:
    path = tmp_path / "ViT-B-32.pt"
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 1), torch.ones(1, 2)), path)
    with pytest.raises(ConfigError, match="TorchScript archive") as caught:
        weights.read(path)
    assert "torch.jit.load" in caught.value.mend


def test_damaged_files_are_refused(published: Path, tmp_path: Path) -> None:
    for name in ("torn.safetensors", "torn.pth"):
        path = tmp_path / name
        path.write_bytes(published.read_bytes()[:500])
        with pytest.raises(ConfigError, match=name):
            weights.read(path)
    path = tmp_path / "list.pth"
    torch.save([torch.ones(2)], path)
    with pytest.raises(ConfigError, match="no table of tensors"):
        weights.read(path)


def test_another_architecture_is_refused_with_the_first_keys(published: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="don't fit the encoder") as caught:
        TimmEncoder(OTHER, weights=str(published))
    assert len(str(caught.value)) < 1500
    state = weights.read(published)
    del state["stem.0.bias"]
    save_file(state, tmp_path / "short.safetensors")
    with pytest.raises(ConfigError, match=r"stem\.0\.bias"):
        TimmEncoder(TINY, weights=str(tmp_path / "short.safetensors"))


def test_sha256_is_held(published: Path) -> None:
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    assert weights.check(str(published), digest.upper()) == published
    with pytest.raises(ConfigError, match=digest):
        TimmEncoder(TINY, weights=str(published), sha256="0" * 64)


def test_absent_files_and_runs_are_found_before_anything_heavy(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "no.safetensors", "no such weights file"), (tmp_path, "no trained model")):
        code = f"""
import sys
from bonerisk.encoders.weights import check
from bonerisk.errors import ConfigError
try:
    check({str(path)!r})
except ConfigError as error:
    assert {said!r} in str(error) and "random" in error.mend, error
else:
    sys.exit("passed")
assert "torch" not in sys.modules
"""
        subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_network_the_message_says_how_to_bring_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    with pytest.raises(ConfigError) as caught:
        TimmEncoder()
    mend = caught.value.mend
    assert "timm/convnext_small.fb_in1k/resolve/main/model.safetensors" in mend
    assert "encoder.weights=/path/to/model.safetensors" in mend
    assert "encoder.weights=random" in mend


def test_a_misspelt_architecture_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"convnext_small\.fb_in1k"):
        TimmEncoder("convnext_small.fb_in1", weights="random")


@pytest.mark.slow
def test_a_file_of_dinov3_as_timm_publishes_it_fits(tmp_path: Path) -> None:
    """Its file has no classifier, and its constants are ImageNet's."""
    architecture = yaml.safe_load((config_dir() / "encoder" / "convnext_small_dinov3.yaml").read_text("utf-8"))[
        "architecture"
    ]
    published = timm.create_model(architecture, pretrained=False)
    save_file(published.state_dict(), tmp_path / "model.safetensors")
    encoder = TimmEncoder(architecture, weights=str(tmp_path / "model.safetensors"), shape=(1, 64, 64)).eval()
    assert all(torch.equal(encoder.model.state_dict()[key], value) for key, value in published.state_dict().items())
    with torch.inference_mode():
        assert encoder(torch.zeros(1, 1, 64, 64, dtype=torch.uint8)).shape == (1, encoder.width) == (1, 768)


def test_absent_weights_of_dinov3_say_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", nowhere)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *args: None)
    with pytest.raises(ConfigError) as caught:
        TimmEncoder("convnext_small.dinov3_lvd1689m")
    assert "timm/convnext_small.dinov3_lvd1689m can't be fetched" in caught.value.what
    assert "dinov3-license" in caught.value.what
    assert "encoder.weights=/path/to/model.safetensors" in caught.value.mend


def test_a_licence_is_recorded_and_passed_on(tmp_path: Path) -> None:
    """A training's licence is that of what it started from; random weights have none."""
    node = {"_target_": "bonerisk.encoders.timm_model.TimmEncoder", "architecture": TINY}
    given: dict[str, Any] = {"config": {}, "choices": {}, "overrides": [], "command_line": [], "outputs": tmp_path}
    with record("train", "m", **given) as first:
        note_weights(first, {**node, "weights": "pretrained"}, None)
    file = first.folder / "model.safetensors"
    file.write_bytes(b"weights")
    with record("train", "m", **given) as second:
        note_weights(second, {**node, "weights": str(first.folder)}, file)
    with record("train", "m", **given) as third:
        note_weights(third, {**node, "weights": "random"}, None)
    assert first.record["licence"] == second.record["licence"] == f"{TINY}: apache-2.0"
    assert "licence" not in third.record
