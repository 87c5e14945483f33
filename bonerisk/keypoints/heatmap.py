"""Heatmaps: a Gaussian around each point, which a network learns to draw, and the way back to sub-pixel points.

A pixel's centre has whole coordinates, and the first is (0, 0), on films, images and maps alike. Points keep their
fractions on the way to a map, so that nothing is rounded.

References
----------
Zhang et al. 2020, "Distribution-Aware Coordinate Representation for Human Pose Estimation", CVPR (DARK): the maximum of
the logarithm by a second-order Taylor step, after smoothing.
Huang et al. 2020, "The Devil Is in the Details: Delving Into Unbiased Data Processing for Human Pose Estimation", CVPR:
why resizing moves coordinates by half a pixel.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

STRIDE = 4  # pixels of the image for one of a map, as HRNet's; encoders of maps, heads and objectives share it
FLOOR = 1e-10  # below it a map is as good as empty; its logarithm must be finite


def on_map(points: Tensor, stride: float = STRIDE) -> Tensor:
    """Points of an image, in pixels of a map that has one pixel for `stride` of the image's."""
    return (points + 0.5) / stride - 0.5


def on_image(points: Tensor, stride: float = STRIDE) -> Tensor:
    """Points of a map, in pixels of its image: the inverse of `on_map`."""
    return (points + 0.5) * stride - 0.5


def draw(points: Tensor, visible: Tensor, shape: tuple[int, int], sigma: float) -> Tensor:
    """Target maps (…, rows, columns) float32: 1 at the point, and exp(−d² / 2σ²) at d pixels from it.

    Parameters
    ----------
    points : Tensor (…, 2)
        x and y in pixels of the map.
    visible : Tensor (…) of bool
        The map of another point is empty, as is that of a point beyond 3σ outside.
    shape : (rows, columns)
    sigma : float
        Pixels of the map; HRNet has 2.
    """
    rows, columns = shape
    apart = [
        torch.arange(edge, device=points.device) - points[..., axis, None] for axis, edge in ((0, columns), (1, rows))
    ]
    across, down = (torch.exp(-(of.double() ** 2) / (2 * sigma**2)) for of in apart)
    maps = down[..., :, None] * across[..., None, :]
    limits = torch.tensor([columns, rows], device=points.device) - 1 + 3 * sigma
    inside = ((points >= -3 * sigma) & (points <= limits)).all(-1) & visible
    return torch.where(inside[..., None, None], maps, 0).float()


def scores(maps: Tensor) -> Tensor:
    """How sure maps (n, k, rows, columns) are of their points, (n, k): the highest pixel, from 0 to 1."""
    return maps.amax((-2, -1)).clamp(0, 1)


def decode(maps: Tensor, sigma: float = 0.0) -> tuple[Tensor, Tensor]:
    """Points (n, k, 2), x and y in pixels of the map, and their scores (n, k): the maps' maxima.

    The highest pixel is moved to the maximum of the parabola through the logarithms around it (DARK); this is exact for
    a Gaussian. A highest pixel at the border, or one that is no peak, stays where it is.

    Parameters
    ----------
    maps : Tensor (n, k, rows, columns)
    sigma : float
        Smooth the map by a Gaussian of this many pixels before, against noise; 0 does not.
    """
    maps = maps.double()
    score = maps.amax((-2, -1))
    smooth = _smoothed(maps, sigma) if sigma else maps
    rows, columns = maps.shape[-2:]
    highest = smooth.flatten(2).argmax(-1)
    row, column = highest // columns, highest % columns
    near = smooth.clamp_min(FLOOR).log()
    at_row, at_column = row.clamp(1, rows - 2), column.clamp(1, columns - 2)
    inner = (row == at_row) & (column == at_column)

    def value(down: int, right: int) -> Tensor:
        place = (at_row + down) * columns + at_column + right
        return near.flatten(2).gather(-1, place[..., None])[..., 0]

    middle = value(0, 0)
    dx, dy = (value(0, 1) - value(0, -1)) / 2, (value(1, 0) - value(-1, 0)) / 2
    dxx = value(0, 1) - 2 * middle + value(0, -1)
    dyy = value(1, 0) - 2 * middle + value(-1, 0)
    dxy = (value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1)) / 4
    determinant = dxx * dyy - dxy**2
    peak = inner & (dxx < 0) & (determinant > 0)
    safe = torch.where(peak, determinant, 1.0)
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1) / safe[..., None]
    step = torch.where((peak & (step.abs() <= 1).all(-1))[..., None], step, 0.0)
    return torch.stack([column, row], -1) + step, score


def _smoothed(maps: Tensor, sigma: float) -> Tensor:
    """Convolve with a Gaussian; what lies outside counts as the map's edge."""
    reach = int(3 * sigma + 0.5)
    kernel = torch.exp(-((torch.arange(-reach, reach + 1, device=maps.device).double()) ** 2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    planes = functional.pad(maps.flatten(0, 1)[:, None], (reach,) * 4, mode="replicate")
    planes = functional.conv2d(functional.conv2d(planes, kernel[None, None, :, None]), kernel[None, None, None])
    return planes.view_as(maps)
