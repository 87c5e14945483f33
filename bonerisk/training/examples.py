"""A network's inputs and targets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Inputs:
    """Inputs of a `Model` for some films.

    Attributes
    ----------
    rows : ndarray of shape (n,), int
        Positions in the image store.
    columns : ndarray of shape (n, c), float32, optional
        Columns of the cohort beside each film; None: no columns.
    """

    rows: np.ndarray
    columns: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def tensors(self, images: np.ndarray, at: np.ndarray, device: torch.device) -> list[Tensor]:
        """Images (m, k, h, w) uint8 of the films at some positions, and their columns, on the device.

        `images` is the whole store, (n, h, w) or (n, k, h, w); a grey film is one plane.
        """
        chosen = torch.from_numpy(np.array(images[self.rows[at]]))
        films = (chosen.unsqueeze(1) if chosen.ndim == 3 else chosen).to(device)
        return [films] if self.columns is None else [films, torch.from_numpy(self.columns[at]).to(device)]


@dataclass(frozen=True)
class Examples:
    """Films of one split, and their targets (n, …) float64, with which an objective compares outputs."""

    inputs: Inputs
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def digest(self) -> str:
        """SHA-256 of the films, their columns and their targets."""
        found = hashlib.sha256(self.inputs.rows.astype(np.int64).tobytes())
        found.update(self.targets.astype(np.float64).tobytes())
        found.update(b"" if self.inputs.columns is None else self.inputs.columns.tobytes())
        return found.hexdigest()
