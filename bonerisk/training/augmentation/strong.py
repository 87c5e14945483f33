"""Strong augmentation: OsPenScreen's nine steps, each for a share of the films (Model development)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bonerisk.errors import raise_together
from bonerisk.training.augmentation import blurs, warps
from bonerisk.training.augmentation.settings import wrong_ranges, wrong_shares
from bonerisk.training.augmentation.weak import Weak

Drawn = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Strong:
    """Flip, blur, motion blur, median blur, four warps, gamma and grid dropout, in the paper's order.

    The paper names the steps and gives neither shares nor ranges. The four warps make one map of points, so that a film
    is resampled once.

    Attributes
    ----------
    flip, blur, motion, median, shift_scale_rotate, grid, elastic, optical, gamma, dropout : float
        Share of films that a step gets.
    blur_px, motion_px : [int, int]
        Smallest and largest kernel, odd, in pixels of the network's input; a median's has 3.
    shift, scale : float
        Most by which a film moves, as a share of its size, and by which it grows or shrinks.
    rotate_degrees : float
        Most by which it turns, to either side.
    grid_cells : int
        Columns and rows of the grid whose widths and heights change.
    grid_limit : float
        Most by which they change, as a share.
    elastic_cells : int
        Cells of the grid whose corners are moved, across and down.
    elastic_shift : float
        Standard deviation of a corner's move, as a share of the image's size.
    optical_limit : float
        Most by which points of radius 1 (an edge's middle) move, as a share.
    gamma_range : [float, float]
    dropout_cells : int
        Cells of the grid that loses a square each, across and down.
    dropout_ratio : float
        Side of that square, as a share of the cell's.

    Raises
    ------
    ConfigError
        Numbers are out of range; all at once.
    """

    flip: float = 0.5
    blur: float = 0.2
    blur_px: Sequence[int] = (3, 7)
    motion: float = 0.2
    motion_px: Sequence[int] = (3, 7)
    median: float = 0.1
    shift_scale_rotate: float = 0.5
    shift: float = 0.0625
    scale: float = 0.1
    rotate_degrees: float = 15.0
    grid: float = 0.2
    grid_cells: int = 5
    grid_limit: float = 0.3
    elastic: float = 0.2
    elastic_cells: int = 4
    elastic_shift: float = 0.02
    optical: float = 0.2
    optical_limit: float = 0.05
    gamma: float = 0.5
    gamma_range: Sequence[float] = (0.8, 1.2)
    dropout: float = 0.2
    dropout_cells: int = 10
    dropout_ratio: float = 0.5

    def __post_init__(self) -> None:
        steps = ("flip", "blur", "motion", "median", "shift_scale_rotate", "grid", "elastic", "optical", "gamma")
        shares = ("dropout", "shift", "scale", "grid_limit", "elastic_shift", "optical_limit", "dropout_ratio")
        in_shares = wrong_shares(**{name: getattr(self, name) for name in (*steps, *shares)})
        kernels = {name: (getattr(self, name), 1, 31) for name in ("blur_px", "motion_px")}
        cells = {name: ([getattr(self, name)] * 2, 2, 64) for name in ("grid_cells", "elastic_cells", "dropout_cells")}
        turn = {"rotate_degrees": ([self.rotate_degrees] * 2, 0, 180)}
        in_ranges = wrong_ranges(**kernels, **cells, **turn, gamma_range=(self.gamma_range, 0.1, 10))
        raise_together([*in_shares, *in_ranges])

    def draw(self, n: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """All that is random of n films, each array (n, …); which films a step leaves alone is in it as well."""

        def gets(share: float) -> np.ndarray:
            return random.random(n) < share

        def size(span: Sequence[int]) -> np.ndarray:
            return 2 * random.integers(span[0] // 2, span[1] // 2, n, endpoint=True) + 1

        def most(limit: float, *shape: int) -> np.ndarray:
            return random.uniform(-limit, limit, (n, *shape))

        corners = self.elastic_cells + 1
        return {
            **Weak(self.flip).draw(n, random),
            "box": np.where(gets(self.blur), size(self.blur_px), 1),
            "motion": np.where(gets(self.motion), size(self.motion_px), 1),
            "direction": random.uniform(0, np.pi, n),
            "median": gets(self.median),
            "moved": (moved := gets(self.shift_scale_rotate)),
            "shift": most(self.shift, 2) * moved[:, None],
            "scale": 1 + most(self.scale) * moved,
            "angle": np.deg2rad(most(self.rotate_degrees)) * moved,
            "steps": 1 + most(self.grid_limit, 2, self.grid_cells) * gets(self.grid)[:, None, None],
            "optical": most(self.optical_limit) * gets(self.optical),
            "moves": random.normal(0, 2 * self.elastic_shift, (n, 2, corners, corners))
            * gets(self.elastic)[:, None, None, None],
            "gamma": np.where(gets(self.gamma), random.uniform(self.gamma_range[0], self.gamma_range[1], n), 1.0),
            "dropped": gets(self.dropout),
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Images (n, k, h, w) uint8 of the films that `drawn` is of; rounded once, at the end."""
        flipped = Weak(self.flip).apply(images, drawn)
        films = self._dropped(_brightened(_warped(_blurred(flipped.float(), drawn), drawn), drawn), drawn)
        return films.clamp_(0, 255).round_().to(torch.uint8)

    def _dropped(self, films: Tensor, drawn: Drawn) -> Tensor:
        """Films with a black square in each cell of a grid (GridDropout)."""
        height, width = films.shape[2:]
        down, across = (
            torch.arange(size, device=films.device) * self.dropout_cells / size % 1 < self.dropout_ratio
            for size in (height, width)
        )
        holes = down[:, None] & across[None, :]
        return _changed(films, drawn["dropped"], lambda some, _: some.masked_fill_(holes, 0))


def _changed(films: Tensor, which: np.ndarray, change: Callable[[Tensor, np.ndarray], Tensor]) -> Tensor:
    """Change some films in place: `change` gets those of the mask `which` (n,), and their positions."""
    chosen = np.flatnonzero(which)
    if len(chosen):
        at = torch.as_tensor(chosen, device=films.device)
        films.index_copy_(0, at, change(films.index_select(0, at), chosen))
    return films


def _blurred(films: Tensor, drawn: Drawn) -> Tensor:
    """Films after a mean and a motion blur, which make one kernel, and a median; a kernel of one pixel is none."""

    def convolved(some: Tensor, chosen: np.ndarray) -> Tensor:
        box, motion, direction = (drawn[name][chosen] for name in ("box", "motion", "direction"))
        kernels = [
            blurs.both(blurs.box(wide), blurs.motion(far, angle))
            for wide, far, angle in zip(box.tolist(), motion.tolist(), direction.tolist(), strict=True)
        ]
        return blurs.convolve(some, kernels)

    films = _changed(films, (drawn["box"] > 1) | (drawn["motion"] > 1), convolved)
    return _changed(films, drawn["median"], lambda some, _: blurs.median(some))


def _warped(films: Tensor, drawn: Drawn) -> Tensor:
    """Films after their warps; those without any are not resampled."""

    def resampled(some: Tensor, chosen: np.ndarray) -> Tensor:
        own = {
            name: torch.as_tensor(drawn[name][chosen], dtype=films.dtype, device=films.device)
            for name in ("shift", "scale", "angle", "steps", "moves", "optical")
        }
        height, width = films.shape[2:]
        at = warps.points(len(chosen), height, width, films.device)
        # The last step of the paper's order comes first: a map says where a point of the result comes from.
        at = warps.optical_distortion(at, own["optical"])
        at = warps.elastic(at, own["moves"])
        at = warps.grid_distortion(at, own["steps"])
        at = warps.shift_scale_rotate(at, own["shift"], own["scale"], own["angle"], width / height)
        return warps.resample(some, at)

    bent = (drawn["steps"] != 1).any(axis=(1, 2)) | (drawn["moves"] != 0).any(axis=(1, 2, 3)) | (drawn["optical"] != 0)
    return _changed(films, drawn["moved"] | bent, resampled)


def _brightened(films: Tensor, drawn: Drawn) -> Tensor:
    """Films of grey 0 to 255 after (grey / 255)^gamma · 255."""

    def powered(some: Tensor, chosen: np.ndarray) -> Tensor:
        powers = torch.as_tensor(drawn["gamma"][chosen], dtype=films.dtype, device=films.device)
        return some.clamp_(0, 255).div_(255).pow_(powers[:, None, None, None]).mul_(255)

    return _changed(films, drawn["gamma"] != 1, powered)
