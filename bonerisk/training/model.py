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

BATCH = {"cpu": 16, "cuda": 64}  # films at a time: of one film, too, a whole batch is computed
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


def predict(module: nn.Module, images: np.ndarray, inputs: Inputs, doing: str = "predicting") -> Tensor:
    """Outputs (n, …) float32 of a `Model`, or features of an encoder, on the GPU if there is one.

    Every batch has the same shape, the last one filled up with its last film: then a film's outputs are the same, bit
    for bit, whichever films are predicted beside it.

    Parameters
    ----------
    module : nn.Module
    images : ndarray of shape (n, h, w) or (n, k, h, w), uint8
    inputs : Inputs
        Positions of the images, in any order, and the columns beside them.
    doing : str
        For the progress shown.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size, n = BATCH[device.type], len(inputs)
    cuts = [np.arange(start, min(start + size, n)) for start in range(0, n, size)]
    filled = [np.pad(cut, (0, size - len(cut)), "edge") for cut in cuts]
    some = filled or [np.arange(0)]  # one batch at least, which has the outputs' shape
    return outputs(module.to(device).eval(), images, inputs, track(some, doing))[:n]


def predict_and_embed(model: Model, images: np.ndarray, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """What `predict` gives, and the features (n, width) float32 on the way to it, in one pass."""
    seen: list[Tensor] = []
    hook = model.encoder.register_forward_hook(lambda module, given, features: seen.append(features.float()))
    try:
        return predict(model, images, inputs), torch.cat(seen)[: len(inputs)]
    finally:
        hook.remove()


@torch.inference_mode()
def outputs(module: nn.Module, images: np.ndarray, inputs: Inputs, cuts: Iterable[np.ndarray]) -> Tensor:
    """Outputs (n, …) float32 of a module in eval mode for the films at some positions, batch after batch."""
    device = next(module.parameters()).device
    return torch.cat([module(*inputs.tensors(images, cut, device)).float() for cut in cuts])
