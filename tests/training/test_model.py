from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.errors import RunError
from bonerisk.heads.binary import BinaryHead
from bonerisk.training.model import Model, load, predict, save


@pytest.fixture
def parts() -> tuple[SmallCNN, BinaryHead]:
    torch.manual_seed(0)
    encoder = SmallCNN("random", channels=8)
    return encoder, BinaryHead(encoder.width)


def test_risk_hangs_neither_on_the_batch_nor_on_the_company(films: Any, parts: Any) -> None:
    rows = np.array([7, 3, 110, 3, 50])
    risk = predict(*parts, films[0], rows)
    assert risk.shape == (5,)
    assert risk.dtype == np.float64
    assert risk[1] == risk[3]
    np.testing.assert_allclose(predict(*parts, films[0], rows, batch_size=2), risk, atol=1e-6)
    np.testing.assert_allclose(predict(*parts, films[0], rows[:1]), risk[:1], atol=1e-6)
    assert predict(*parts, films[0], rows[:0]).shape == (0,)


def test_saved_and_loaded_is_the_same(films: Any, parts: Any, tmp_path: Path) -> None:
    rows = np.arange(10)
    before = predict(*parts, films[0], rows)
    save(Model(*parts).state_dict(), tmp_path / "model.safetensors")
    other = SmallCNN("random", channels=8)
    head = BinaryHead(other.width)
    load(other, head, tmp_path / "model.safetensors")
    np.testing.assert_array_equal(predict(other, head, films[0], rows), before)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_another_encoder_a_damaged_file_and_none_are_refused(parts: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(RunError, match="can't be read"):
        load(*parts, path)
    path.write_bytes(b"no tensors")
    with pytest.raises(RunError, match="can't be read"):
        load(*parts, path)
    save(Model(*parts).state_dict(), path)
    other = SmallCNN(weights="random", channels=16)
    with pytest.raises(RunError, match="another encoder or head"):
        load(other, BinaryHead(other.width), path)
