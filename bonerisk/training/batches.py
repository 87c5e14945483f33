"""Batches and what is random of a step, as functions of seed, epoch and step alone."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import partial

import numpy as np


def batches(n: int, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Cut a fresh order of `n` items into batches of nearly equal size, none above `batch_size`.

    Equal sizes: an epoch sees every film, and no tiny last batch counts too much.
    """
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return np.array_split(order, batch_count(n, batch_size))


def with_events(event: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Cut films into batches of nearly equal size, none above `batch_size`, each with an event (n,) among them.

    Events are dealt out first, then the others. If there are fewer events than batches would be needed, there is a
    batch for each event, and the others take turns from epoch to epoch.
    """
    random = np.random.default_rng([seed, epoch])
    had, other = (random.permutation(np.flatnonzero(of)) for of in (event, ~event))
    count = min(batch_count(len(event), batch_size), len(had))
    dealt = np.append(had, other)[: count * batch_size]
    return [dealt[start::count] for start in range(count)]


def batch_count(n: int, batch_size: int) -> int:
    """Number of batches that `n` items make."""
    return -(-n // batch_size)


def step_seed(seed: int, step: int, rank: int) -> int:
    """Seed of the random layers (drop-out) of a process in a step."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)


def step_random(seed: int, step: int, view: int = 1) -> np.random.Generator:
    """What a step's augmentation is drawn from, the same in every process; view 2 is the teacher's."""
    return np.random.default_rng([seed, step, view])


def image_reopener(images: np.ndarray) -> Callable[[], np.ndarray]:
    """A function by which a spawned process maps the images again, since pickling them would copy every film."""
    if isinstance(images, np.memmap) and isinstance(images.base, mmap.mmap):
        return partial(np.memmap, images.filename, images.dtype, "r", images.offset, images.shape)
    return partial(np.asarray, images)
