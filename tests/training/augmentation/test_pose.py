from __future__ import annotations

import numpy as np
import pytest
import torch

from bonerisk.errors import ConfigError
from bonerisk.training.augmentation.pose import Pose

SHAPE = (96, 64)
POINTS = torch.tensor([[20.0, 30.0], [32.0, 48.0], [40.0, 70.0]], dtype=torch.float64)


def marked() -> torch.Tensor:
    """An image (1, 3, h, w): a spot at each point, one a plane."""
    down, across = torch.meshgrid(torch.arange(SHAPE[0]), torch.arange(SHAPE[1]), indexing="ij")
    apart = [(across - x) ** 2 + (down - y) ** 2 for x, y in POINTS]
    return torch.stack([255 * torch.exp(-of / 18) for of in apart]).round().to(torch.uint8)[None]


@pytest.mark.parametrize("seed", range(4))
def test_points_move_with_what_they_mark(seed: int) -> None:
    pose = Pose(flip=0.5, rotate_degrees=20, scale=0.2, shift=0.03)
    drawn = pose.draw(1, np.random.default_rng(seed))
    image = pose.apply(marked(), drawn)[0].double()
    weights = image / image.sum((1, 2), keepdim=True)
    x, y = (weights.sum(1) * torch.arange(SHAPE[1])).sum(1), (weights.sum(2) * torch.arange(SHAPE[0])).sum(1)
    moved = pose.move(POINTS[None], drawn, SHAPE)[0]
    torch.testing.assert_close(torch.stack([x, y], 1), moved, atol=0.25, rtol=0)
    assert (moved - POINTS).abs().max() > 1


def test_nothing_moves_without_a_range() -> None:
    pose = Pose(flip=0, rotate_degrees=0, scale=0, shift=0)
    drawn = pose.draw(1, np.random.default_rng(0))
    assert torch.equal(pose.apply(marked(), drawn), marked())
    torch.testing.assert_close(pose.move(POINTS[None], drawn, SHAPE)[0], POINTS)


def test_a_missing_point_stays_missing_and_a_mirrored_film_shows_black_beyond_it() -> None:
    pose = Pose(flip=1, rotate_degrees=0, scale=0, shift=0.5)
    drawn = pose.draw(8, np.random.default_rng(1))
    missing = torch.full((8, 1, 2), torch.nan)
    assert pose.move(missing, drawn, SHAPE).isnan().all()
    white = torch.full((8, 1, *SHAPE), 255, dtype=torch.uint8)
    assert (pose.apply(white, drawn) == 0).any(dim=(1, 2, 3)).all()


def test_limits() -> None:
    with pytest.raises(ConfigError, match=r"(?s)flip.*scale"):
        Pose(flip=2, scale=1)
