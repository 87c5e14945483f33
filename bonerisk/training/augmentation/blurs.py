"""Blurs, each film with a kernel of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad


def box(size: int) -> np.ndarray:
    """Kernel (size, size) of the mean over a square."""
    return np.full((size, size), 1 / size**2)


def motion(size: int, angle: float) -> np.ndarray:
    """Kernel (size, size) of a movement along a line through the centre, at an angle in radians."""
    half = size // 2
    along = np.linspace(-half, half, 4 * size + 1)
    kernel = np.zeros((size, size))
    rows, columns = (np.rint(half + along * part).astype(int) for part in (np.sin(angle), np.cos(angle)))
    kernel[rows, columns] = 1
    return kernel / kernel.sum()


def both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The kernel of two blurs after each other."""
    size = len(first) + len(second) - 1
    spectra = (np.fft.rfft2(kernel, (size, size)) for kernel in (first, second))
    return np.fft.irfft2(next(spectra) * next(spectra), (size, size))


def convolve(images: Tensor, kernels: Sequence[np.ndarray]) -> Tensor:
    """Images (n, k, h, w) float, each with its kernel (m, m), m odd; beyond the edges they are mirrored."""
    n, planes, height, width = images.shape
    largest = max(map(len, kernels))
    half = largest // 2
    padded = np.stack([np.pad(kernel, (largest - len(kernel)) // 2) for kernel in kernels])
    weights = torch.as_tensor(padded, dtype=images.dtype, device=images.device)
    weights = weights.repeat_interleave(planes, dim=0).unsqueeze(1)
    framed = pad(images, [half] * 4, mode="reflect").view(1, n * planes, height + 2 * half, width + 2 * half)
    return conv2d(framed, weights, groups=n * planes).view(images.shape)


def median(images: Tensor) -> Tensor:
    """Median of the 3 × 3 pixels around each pixel of images (n, k, h, w), from their sorted columns."""
    framed = pad(images, [1] * 4, mode="reflect")
    low, middle, high = _sorted(framed[:, :, :-2], framed[:, :, 1:-1], framed[:, :, 2:])
    lowest = torch.maximum(torch.maximum(low[..., :-2], low[..., 1:-1]), low[..., 2:])
    highest = torch.minimum(torch.minimum(high[..., :-2], high[..., 1:-1]), high[..., 2:])
    _, among, _ = _sorted(middle[..., :-2], middle[..., 1:-1], middle[..., 2:])
    return _sorted(lowest, among, highest)[1]


def _sorted(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    return torch.minimum(low, c), torch.maximum(low, torch.minimum(high, c)), torch.maximum(high, c)
