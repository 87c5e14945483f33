"""Every component that a configuration file describes is built from it and does its work once, on next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import yaml

from bonerisk.config.build import build
from bonerisk.config.tree import config_dir
from bonerisk.imaging.film import Film

PATHS = sorted(path.relative_to(config_dir()) for path in config_dir().glob("*/*.yaml") if path.parent.name != "model")
GIVEN = {"image_table": {"table": "t.csv", "image_root": "films"}}


def dataset(node: dict[str, Any]) -> None:
    assert callable(build(node).load)


def preprocessing(node: dict[str, Any]) -> None:
    transform = build(node)
    pixels = np.random.default_rng(0).integers(0, 4096, (300, 200), dtype=np.uint16)
    image = transform(Film(pixels, 12, None))
    assert image.shape == (transform.size, transform.size)
    assert image.dtype == np.uint8
    assert np.ptp(image) > 0


def encoder(node: dict[str, Any]) -> None:
    import torch

    found = build({**node, "weights": "random"}).eval()
    images = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8)
    features = found(images)
    assert features.shape == (2, found.width)
    assert torch.isfinite(features).all()
    assert not torch.equal(features[0], features[1])  # the film moves the output


def head(node: dict[str, Any]) -> None:
    import torch

    found = build(node, width=8)
    risk = found.risk(found(torch.randn(5, 8)))
    assert risk.shape == (5,)
    assert ((risk >= 0) & (risk <= 1)).all()


def training(node: dict[str, Any]) -> None:
    assert callable(build(node).fit)  # tests/training fits


def evaluation(node: dict[str, Any]) -> None:
    assert callable(build(node).run)  # tests/evaluation runs


WORK: dict[str, Callable[[dict[str, Any]], None]] = {
    work.__name__: work for work in (dataset, preprocessing, encoder, head, training, evaluation)
}


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_it_is_built_and_works(path):
    node = yaml.safe_load((config_dir() / path).read_text(encoding="utf-8"))
    WORK[path.parts[0]]({**node, **GIVEN.get(path.stem, {})})
