from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import RunError
from bonerisk.heads.binary import BinaryHead
from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model, load, notes_of, predict, predict_and_embed, save


@pytest.fixture
def parts() -> tuple[SmallCNN, BinaryHead]:
    torch.manual_seed(0)
    encoder = SmallCNN("random", channels=8)
    return encoder, BinaryHead(encoder.width)


def test_outputs_do_not_depend_on_other_films_in_a_single_bit(films: Any, parts: Any) -> None:
    rows = np.arange(90)[::-1].copy()
    model = Model(*parts)
    found = predict(model, films[0], Inputs(rows))
    assert found.shape == (90,)
    for some in ([0], [89], [7, 3, 50, 3], list(range(17, 40))):
        assert torch.equal(predict(model, films[0], Inputs(rows[some])), found[some])


def test_features_come_from_the_same_pass(films: Any, parts: Any) -> None:
    model, rows = Model(*parts), Inputs(np.array([7, 3, 110]))
    outputs, features = predict_and_embed(model, films[0], rows)
    assert torch.equal(outputs, predict(model, films[0], rows))
    assert torch.equal(features, predict(parts[0], films[0], rows))


def test_no_films_have_no_outputs_of_the_right_shape(films: Any, parts: Any) -> None:
    none = Inputs(np.arange(0))
    assert predict(Model(*parts), films[0], none).shape == (0,)
    assert predict(parts[0], films[0], none).shape == (0, parts[0].width)
    timm = TimmEncoder("test_convnext.r160_in1k", weights="random")
    assert predict(timm, films[0], none).shape == (0, timm.width)


def timm(planes: int) -> TimmEncoder:
    """For images of so many planes, always with the same weights."""
    torch.manual_seed(0)
    return TimmEncoder("test_convnext.r160_in1k", weights="random", shape=(planes, 32, 32))


def test_a_grey_film_is_one_plane(films: Any, parts: Any) -> None:
    rows = Inputs(np.arange(4))
    grey, one_plane = predict(parts[0], films[0], rows), predict(parts[0], np.array(films[0])[:, None], rows)
    torch.testing.assert_close(one_plane, grey, rtol=0, atol=0)
    coloured = np.repeat(np.array(films[0])[:, None], 3, axis=1)
    of_colours, of_grey = (timm(planes) for planes in (3, 1))
    torch.testing.assert_close(predict(of_colours, coloured, rows), predict(of_grey, films[0], rows))


def test_columns_are_the_last_features(films: Any, parts: Any) -> None:
    encoder, _ = parts
    head = BinaryHead(encoder.width + 2)
    columns = np.array([[0, 0], [1, 0], [0, 3]], np.float32)
    found = predict(Model(encoder, head), films[0], Inputs(np.array([5, 5, 5]), columns))
    weight = head.score.weight[0, -2:].detach()
    torch.testing.assert_close(found - found[0], torch.stack([torch.tensor(0.0), weight[0], 3 * weight[1]]))


def test_saved_and_loaded_is_the_same(films: Any, parts: Any, tmp_path: Path) -> None:
    path, rows = tmp_path / "model.safetensors", Inputs(np.arange(10))
    before = predict(Model(*parts), films[0], rows)
    save(Model(*parts).state_dict(), path)
    other = SmallCNN("random", channels=8)
    head = BinaryHead(other.width)
    load(other, head, path)
    assert torch.equal(predict(Model(other, head), films[0], rows), before)
    assert notes_of(path) == {}
    assert list(tmp_path.iterdir()) == [path]


def test_notes_lie_beside_the_weights(parts: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save(Model(*parts).state_dict(), path, {"features": "{}"})
    load(*parts, path)
    assert notes_of(path) == {"features": "{}"}
    with pytest.raises(RunError, match="can't be read"):
        notes_of(tmp_path / "absent")


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
