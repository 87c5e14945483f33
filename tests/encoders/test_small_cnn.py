from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.errors import ConfigError


@pytest.mark.parametrize("side", [16, 33, 160])
def test_films_of_any_size_give_features(side: int) -> None:
    encoder = SmallCNN("random").eval()
    images = torch.randint(0, 256, (2, 1, side, side), dtype=torch.uint8)
    assert encoder(images).shape == (2, encoder.width)


def test_images_of_several_planes_and_any_shape_give_features() -> None:
    encoder = SmallCNN("random", shape=(2, 40, 64)).eval()
    images = torch.randint(0, 256, (3, 2, 40, 64), dtype=torch.uint8)
    features = encoder(images)
    assert features.shape == (3, encoder.width)
    assert not torch.allclose(encoder(images.flip(1)), features, rtol=0.05)  # each plane has weights of its own
    assert encoder(images[:, :, :16, :33]).shape == (3, encoder.width)


def test_images_that_it_cannot_take_are_refused() -> None:
    encoder = SmallCNN("random", shape=(2, 40, 64))
    for shape in ((1, 40, 64), (2, 15, 64)):
        said = f"SmallCNN takes images of 2 × 16 × 16 pixels or more, not {' × '.join(map(str, shape))}"
        with pytest.raises(ConfigError, match=said):
            encoder(torch.zeros(1, *shape, dtype=torch.uint8))
    with pytest.raises(ConfigError, match="not 1 × 12 × 20"):
        SmallCNN("random", shape=(1, 12, 20))


def test_each_film_is_seen_by_itself_and_its_contrast_counts() -> None:
    encoder = SmallCNN("random").eval()
    images = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    features = encoder(images)
    torch.testing.assert_close(encoder(images[1:2]), features[1:2])
    assert not torch.allclose(encoder((images[:1] / 2 + 64).to(torch.uint8)), features[:1], rtol=0.05)


def test_weights_of_a_file_are_taken_and_never_silently_random(tmp_path: Path) -> None:
    encoder = SmallCNN("random")
    save_file(encoder.state_dict(), tmp_path / "weights.safetensors")
    again = SmallCNN(str(tmp_path / "weights.safetensors"))
    assert all(torch.equal(again.state_dict()[name], value) for name, value in encoder.state_dict().items())
    with pytest.raises(ConfigError, match="no published weights"):
        SmallCNN("pretrained")
    with pytest.raises(ConfigError, match="don't fit"):
        SmallCNN(str(tmp_path / "weights.safetensors"), channels=32)
