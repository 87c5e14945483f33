"""Encode films with a frozen encoder, and append their embeddings to a store."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from bonerisk.embeddings.store import Embeddings
from bonerisk.progress import track

Array = np.ndarray
A = TypeVar("A")
B = TypeVar("B")

AHEAD = 2  # batches read while the encoder works
NOT_FINITE = "the encoder gave a value that is not finite"


def extract(
    encoder: nn.Module,
    images: Array,
    rows: Array,
    hashes: Sequence[str],
    perceptual: Sequence[bytes],
    store: Embeddings,
    batch_size: int = 64,
    part: int = 1024,
) -> str:
    """Encode films and append their embeddings to a store, part after part.

    An embedding depends on the film and on `batch_size`, not on the other films. Matrix products round differently for
    inputs of different shapes, so every batch has the same shape. Embeddings are then the same bit for bit; otherwise
    ViT-B/32 on a CPU differs by up to 1e-6. To continue an extraction that was stopped, call this for the films that
    are still missing. If an embedding is not finite, the store keeps the film with that as the reason.

    Parameters
    ----------
    encoder : nn.Module
        From images (n, k, h, w) uint8 to features (n, width). It is moved to the GPU if there is one, and frozen.
    images : ndarray of shape (n, h, w) or (n, k, h, w), uint8
        A memory map, of which a few batches are read at a time.
    rows : ndarray of shape (m,), int
        Which images.
    hashes : sequence of str, length m
        SHA-256 of each film, hex, as `Embeddings` has them; each once.
    perceptual : sequence of bytes, length m
    store : Embeddings
    batch_size : int
        Films at a time.
    part : int
        Films that are written at once, which is also the most that a stopped extraction loses; rounded to whole
        batches.

    Returns
    -------
    str
        Device and precision, such as `cpu, 32-true`.

    Raises
    ------
    RunError
        The store has embeddings of another width, or cannot be written.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = encoder.to(device).eval()
    order = np.argsort(np.asarray(hashes))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    per_part = max(part // batch_size, 1)

    def load(batch: Array) -> Tensor:
        films = torch.from_numpy(images[np.pad(rows[batch], (0, batch_size - len(batch)), "edge")])
        films = films.unsqueeze(1) if films.ndim == 3 else films  # a grey film is one plane
        return films.pin_memory() if device.type == "cuda" else films

    # By default, a GPU rounds the inputs of convolutions to 10 bits, and chooses their algorithms anew each time.
    exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with closing(_ahead(load, batches)) as loaded, exact:
        encoded: list[Tensor] = []
        for number, films in enumerate(track(loaded, f"encoding films, {batch_size} at a time", len(batches)), 1):
            with torch.inference_mode():
                encoded.append(encoder(films.to(device, non_blocking=True)).float())
            if len(encoded) == per_part or number == len(batches):
                # Copied only here: copying each batch would stall a GPU.
                values = torch.cat(encoded).cpu().numpy()
                done = np.concatenate(batches[number - len(encoded) : number])
                _append(store, [hashes[at] for at in done], [perceptual[at] for at in done], values[: len(done)])
                encoded = []
    return f"{device.type}, 32-true"


def _append(store: Embeddings, hashes: list[str], perceptual: list[bytes], values: Array) -> None:
    finite = np.isfinite(values).all(axis=1)
    reasons = [None if well else NOT_FINITE for well in finite]
    store.append(hashes, perceptual, reasons, np.where(finite[:, None], values, 0))


def _ahead(function: Callable[[A], B], items: Iterable[A]) -> Generator[B]:
    """Map in order, in one thread that works a few items ahead and ends when the generator is closed."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
