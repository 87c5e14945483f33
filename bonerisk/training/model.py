"""Encoder and head as one module: save, load, and predict many films."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bonerisk.errors import RunError
from bonerisk.progress import track
from bonerisk.runs.folder import replacing
from bonerisk.training.examples import Inputs

MEND = "Give a finished training run, with the encoder and head of its config.yaml"


class Model(nn.Module):
    """Images (n, k, h, w) uint8 → outputs of the head (n, …); its tensors are named `encoder.*` and `head.*`."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, images: Tensor, columns: Tensor | None = None) -> Tensor:
        """Outputs (n, …) of images (n, k, h, w), and of columns (n, c) beside them if the head takes some."""
        features = self.encoder(images)
        return self.head(features if columns is None else torch.cat([features, columns], dim=1))


def save(state: Mapping[str, Tensor], path: Path, notes: dict[str, str] | None = None) -> None:
    """Write a model's tensors as safetensors, with `notes` in its metadata, to a temporary name first."""
    with replacing(path) as temporary:
        save_file({key: value.detach().cpu().contiguous() for key, value in state.items()}, temporary, notes or None)


def load(encoder: nn.Module, head: nn.Module, path: Path) -> None:
    """Load a training's model file into the encoder and head that it was trained with.

    Raises
    ------
    RunError
        The file is absent or damaged, or of another encoder or head.
    """
    try:
        Model(encoder, head).load_state_dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise RunError(f"The model can't be read ({error})", str(path), MEND) from error
    except RuntimeError as error:
        raise RunError(f"The model is of another encoder or head: {error}", str(path), MEND) from error


def notes_of(path: Path) -> dict[str, str]:
    """The notes that `save` stored in a model's file; may be empty.

    Raises
    ------
    RunError
        The file is absent or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise RunError(f"The model can't be read ({error})", str(path), MEND) from error


def predict(
    module: nn.Module, images: np.ndarray, inputs: Inputs, batch_size: int = 64, doing: str = "predicting"
) -> Tensor:
    """Outputs (n, …) float32 of a `Model`, or features of an encoder, on the GPU if there is one.

    Parameters
    ----------
    module : nn.Module
    images : ndarray of shape (n, h, w) or (n, k, h, w), uint8
    inputs : Inputs
        Positions of the images, in any order, and the columns beside them.
    batch_size : int
        Films at a time; the outputs do not depend on it.
    doing : str
        For the progress shown.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    starts = range(0, max(len(inputs), 1), batch_size)  # one batch at least, which has the outputs' shape
    cuts = [np.arange(len(inputs))[start : start + batch_size] for start in starts]
    return outputs(module.to(device).eval(), images, inputs, track(cuts, doing))


@torch.inference_mode()
def outputs(module: nn.Module, images: np.ndarray, inputs: Inputs, cuts: Iterable[np.ndarray]) -> Tensor:
    """Outputs (n, …) float32 of a module in eval mode for the films at some positions, batch after batch."""
    device = next(module.parameters()).device
    return torch.cat([module(*inputs.tensors(images, cut, device)).float() for cut in cuts])
