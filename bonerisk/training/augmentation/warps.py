"""Warps of images as maps of points: several make one map, and the image is resampled once.

Points are (…, 2), x then y, from −1 at the left or upper edge to 1 at the right or lower one. A map says, for each
point of the result, where in the image it comes from. Maps are smooth, so that they are worked out at every `EVERY`-th
pixel, and are linear in between.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

EVERY = 4  # pixels between the points of a map


def points(n: int, height: int, width: int, device: torch.device) -> Tensor:
    """Points (n, …, …, 2) of the centres of about every `EVERY`-th pixel, those of edges and corners included."""
    across, down = (
        torch.linspace(1 / size - 1, 1 - 1 / size, -(-(size - 1) // EVERY) + 1, device=device)
        for size in (width, height)
    )
    grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)
    return grid.expand(n, *grid.shape)


def shift_scale_rotate(at: Tensor, shift: Tensor, scale: Tensor, angle: Tensor, aspect: float = 1.0) -> Tensor:
    """Move by `shift` (n, 2) of the image's size, enlarge `scale` (n,) times and turn by `angle` (n,) radians.

    Angles stay as they are on images of `aspect` (width over height) other than 1.
    """
    moved = at - 2 * shift[:, None, None]
    return torch.bmm(moved.flatten(1, 2), _turn(scale, angle, aspect)).view(at.shape)


def moved_points(points: Tensor, shift: Tensor, scale: Tensor, angle: Tensor, aspect: float = 1.0) -> Tensor:
    """Where points (n, k, 2) of an image come to lie under `shift_scale_rotate`: the inverse of its map."""
    return torch.bmm(points, torch.linalg.inv(_turn(scale, angle, aspect))) + 2 * shift[:, None]


def _turn(scale: Tensor, angle: Tensor, aspect: float) -> Tensor:
    """Matrices (n, 2, 2) that turn and shrink a row of points of the result into those of the image."""
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    return torch.stack([cos, -sin * aspect, sin / aspect, cos], dim=-1).view(-1, 2, 2)


def grid_distortion(at: Tensor, steps: Tensor) -> Tensor:
    """Stretch columns and rows of a grid: `steps` (n, 2, k) > 0 are its k widths and heights."""
    widths = 2 * steps / steps.sum(dim=-1, keepdim=True)
    edges = torch.cat([torch.zeros_like(widths[..., :1]), widths.cumsum(-1)], dim=-1) - 1  # (n, 2, k + 1)
    count = steps.shape[-1]
    cell = (at + 1) * (count / 2)
    left = cell.floor().clamp(0, count - 1)
    at_left = left.long().flatten(1, 2).transpose(1, 2)  # (n, 2, h·w)
    start, wide = edges.gather(2, at_left), widths.gather(2, at_left)
    inside = (cell - left).flatten(1, 2).transpose(1, 2)
    return (start + inside * wide).transpose(1, 2).reshape(at.shape)


def optical_distortion(at: Tensor, strength: Tensor) -> Tensor:
    """Barrel (`strength` (n,) over 0) or pincushion distortion: points move by strength × radius²."""
    return at * (1 + strength[:, None, None, None] * at.square().sum(-1, keepdim=True))


def elastic(at: Tensor, moves: Tensor) -> Tensor:
    """Shift points by a smooth field, given at a coarse grid: `moves` (n, 2, g, g), in the units of points."""
    field = interpolate(moves, at.shape[1:3], mode="bicubic", align_corners=True)
    return at + field.permute(0, 2, 3, 1)


def resample(images: Tensor, at: Tensor, beyond: str = "reflection") -> Tensor:
    """Images (n, k, h, w) float at the points of a map (n, …, …, 2), bilinear.

    Beyond the edges they are mirrored, or black by "zeros": a mirrored spine would have more vertebrae.
    """
    every = interpolate(at.permute(0, 3, 1, 2).contiguous(), images.shape[2:], mode="bilinear", align_corners=True)
    where = every.permute(0, 2, 3, 1)
    return grid_sample(images, where, mode="bilinear", padding_mode=beyond, align_corners=False)
