"""Encoder and head as one model: save, load, predict."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bonerisk.errors import RunError
from bonerisk.heads.binary import BinaryHead
from bonerisk.progress import track
from bonerisk.runs.folder import replacing


class Model(nn.Module):
    """Films (n, 1, h, w) uint8 → logits (n,); its tensors are named `encoder.*` and `head.*`."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n,) of films (n, 1, h, w)."""
        return self.head(self.encoder(images))


def films(images: np.ndarray, rows: np.ndarray, device: torch.device) -> Tensor:
    """The films of `rows`, (n, 1, h, w) uint8, on the device."""
    return torch.from_numpy(np.array(images[rows])).unsqueeze(1).to(device)


def save(state: dict[str, Tensor], path: Path) -> None:
    """Write a model's tensors as safetensors, to a temporary name first."""
    with replacing(path) as temporary:
        save_file({key: value.detach().cpu().contiguous() for key, value in state.items()}, temporary)


def load(encoder: nn.Module, head: nn.Module, path: Path) -> None:
    """Load a training's model file into the encoder and head that it was trained with.

    Raises
    ------
    RunError
        The file is absent or damaged, or of another encoder or head.
    """
    mend = "Give a finished training run, with the encoder and head of its config.yaml"
    try:
        Model(encoder, head).load_state_dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise RunError(f"The model can't be read ({error})", str(path), mend) from error
    except RuntimeError as error:
        raise RunError(f"The model is of another encoder or head: {error}", str(path), mend) from error


def predict(
    encoder: nn.Module, head: BinaryHead, images: np.ndarray, rows: np.ndarray, batch_size: int = 64
) -> np.ndarray:
    """Risk of films, on the GPU where there is one.

    Parameters
    ----------
    encoder : nn.Module
    head : BinaryHead
    images : ndarray of shape (n, h, w), uint8
    rows : ndarray of shape (m,), int
        Which images, in any order.
    batch_size : int
        Films at a time; the risks don't hang on it.

    Returns
    -------
    ndarray of shape (m,), float64
        Probability of the head's target; higher is worse.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Model(encoder, head).to(device).eval()
    cuts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return head.risk(logits(model, images, track(cuts, "predicting"))).double().cpu().numpy()


@torch.inference_mode()
def logits(model: nn.Module, images: np.ndarray, batches: Iterable[np.ndarray]) -> Tensor:
    """Logits (m,) float32 of a model in eval mode, batch after batch."""
    device = next(model.parameters()).device
    return torch.cat([torch.empty(0, device=device), *(model(films(images, rows, device)).float() for rows in batches)])
