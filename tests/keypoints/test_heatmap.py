from __future__ import annotations

import pytest
import torch

from bonerisk.keypoints.heatmap import decode, draw, on_image, on_map

SHAPE = (48, 32)


def grid() -> torch.Tensor:
    """Points (n, 1, 2) at every fraction of a pixel, some near the border."""
    x, y = torch.meshgrid(torch.arange(1.0, 30.0, 0.7), torch.arange(1.0, 46.0, 0.9), indexing="ij")
    return torch.stack([x.ravel(), y.ravel()], -1)[:, None].double()


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_points_come_back_to_a_tenth_of_a_pixel(sigma: float) -> None:
    points = grid()
    maps = draw(points, torch.ones(points.shape[:-1], dtype=torch.bool), SHAPE, sigma)
    found, score = decode(maps)
    assert (found - points).abs().max() < 0.01
    assert ((score > 0.75) & (score <= 1)).all()
    inner = ((points > 3 * sigma) & (points < torch.tensor([31.0, 47.0]) - 3 * sigma)).all(-1)
    smooth, same = decode(maps, sigma)
    assert (smooth - points)[inner].abs().max() < 0.1
    assert torch.equal(same, score)


def test_smoothing_helps_against_noise() -> None:
    points = grid()
    maps = draw(points, torch.ones(points.shape[:-1], dtype=torch.bool), SHAPE, 2.0)
    noisy = maps + 0.1 * torch.randn(maps.shape, generator=torch.Generator().manual_seed(0))
    raw, smooth = (((decode(noisy, sigma)[0] - points) ** 2).sum(-1).sqrt().median() for sigma in (0.0, 2.0))
    assert smooth < 0.3 < raw


def test_strides_move_no_point() -> None:
    image = torch.tensor([[10.0, 21.25]]).double()
    maps = draw(on_map(image, 4.0)[None], torch.ones(1, 1, dtype=torch.bool), SHAPE, 2.0)
    assert (on_image(decode(maps)[0][0], 4.0) - image).abs().max() < 0.04
    assert on_map(torch.tensor([1.5]), 4.0).item() == 0  # the middle of the first four pixels


def test_maps_without_a_peak_stay_finite() -> None:
    points = torch.tensor([[[5.0, 5.0], [-20.0, 5.0], [0.0, 0.2]]])
    maps = draw(points, torch.tensor([[False, True, True]]), SHAPE, 2.0)
    assert maps[0, :2].sum() == 0
    found, score = decode(maps)
    assert torch.isfinite(found).all()
    assert score[0].tolist() == pytest.approx([0, 0, 0.995], abs=1e-3)
    assert found[0, 2].tolist() == [0, 0]  # a maximum at the border can't be refined
