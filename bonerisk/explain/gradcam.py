"""Grad-CAM: which places of a film's image raise a network's score, and which lower it.

The *map* of a score is the sum over the channels of the last activations with a place on the image, each weighted by
the mean over the image of the score's gradient. It is signed, on the activations' own small grid. What is *towards* a
score are its values over 0, which is Grad-CAM as published; what is *away* from it are those under 0, as in the paper's
counterfactual explanations.

References
----------
Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bonerisk.parts import Encoder, TrainedHead
from bonerisk.progress import track
from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model

BATCH = 32  # films: their activations have gradients from the last layer on


def gradcam(model: Model, images: np.ndarray, inputs: Inputs, doing: str = "explaining") -> dict[str, np.ndarray]:
    """Signed maps of many films, on the device of the model.

    Parameters
    ----------
    model : Model
        Its encoder and head have their contracts (`bonerisk.parts`). It is set to evaluate.
    images : ndarray of shape (n, h, w) or (n, k, h, w), uint8
    inputs : Inputs
        Positions of the images, in any order, and the columns beside them.
    doing : str
        For the progress shown.

    Returns
    -------
    dict
        Score → maps (n, rows, columns) float32.

    Raises
    ------
    ConfigError
        The encoder has no activations with a place on the image.

    Examples
    --------
    >>> from bonerisk.encoders.small_cnn import SmallCNN
    >>> from bonerisk.heads.binary import BinaryHead
    >>> model = Model(SmallCNN("random"), BinaryHead(width=128))
    >>> films = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    >>> {score: maps.shape for score, maps in gradcam(model, films, Inputs(np.arange(3))).items()}
    {'risk': (3, 4, 4)}
    """
    device = next(model.parameters()).device
    starts = range(0, len(inputs), BATCH)
    cuts = [np.arange(len(inputs))[start : start + BATCH] for start in starts]
    found: dict[str, list[np.ndarray]] = {}
    with _frozen(model.eval()):
        for cut in track(cuts, doing):
            for score, maps in _of_batch(model, inputs.tensors(images, cut, device)).items():
                found.setdefault(score, []).append(maps.float().cpu().numpy())
    return {score: np.concatenate(parts) for score, parts in found.items()}


def _of_batch(model: Model, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    encoder: Encoder | Any = model.encoder
    head: TrainedHead | Any = model.head
    with _kept(encoder.last_layer) as kept, torch.enable_grad():
        scores = head.scores(model(*tensors))
    [activations] = kept
    maps, found = encoder.maps(activations), {}
    for score, values in scores.items():
        [gradient] = torch.autograd.grad(values.sum(), activations, retain_graph=True)
        weights = encoder.maps(gradient).mean(dim=(2, 3), keepdim=True)
        found[score] = (weights * maps.detach()).sum(dim=1)
    return found


@contextmanager
def _kept(layer: nn.Module) -> Iterator[list[Tensor]]:
    """What a layer puts out meanwhile, from which gradients can be taken; nothing before it needs any."""
    kept: list[Tensor] = []

    def keep(module: nn.Module, given: object, output: Any) -> Any:
        if not isinstance(output, Tensor):
            kept.append(output)  # several maps, which the encoder refuses
            return output
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()  # since the next layer may work in place

    handle = layer.register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Parameters need no gradient meanwhile."""
    needed = {parameter: parameter.requires_grad for parameter in model.parameters()}
    try:
        model.requires_grad_(False)
        yield
    finally:
        for parameter, was in needed.items():
            parameter.requires_grad_(was)
