"""A task that a tiny net learns in seconds: low contrast stripes, whatever the exposure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FILMS, SIDE = 120, 32


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """So small films are no work for two: when busy, threads that wait for each other take ten times as long."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.memmap, np.ndarray]:
    """Images (n, 32, 32) as a read-only memory map, and labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, FILMS)
    stripes = np.where(np.arange(SIDE) % 8 < 3, 40, 0) * labels[:, None, None]
    images = rng.normal(100, 15, (FILMS, SIDE, SIDE)) + stripes + rng.normal(0, 10, (FILMS, 1, 1))
    path = tmp_path_factory.mktemp("films") / "images.npy"
    np.save(path, images.clip(0, 255).astype(np.uint8))
    return np.load(path, mmap_mode="r"), labels


@pytest.fixture(scope="session")
def splits(films: tuple[np.memmap, np.ndarray]) -> dict[str, Any]:
    """Examples to train and tune on; the rows are shuffled, so that rows and positions can't be mixed up unnoticed."""
    from bonerisk.training.examples import Examples, Inputs

    order = np.random.default_rng(1).permutation(FILMS)
    train, tune = order[:83], order[83:]  # 83: no multiple of the batch
    return {name: Examples(Inputs(of), films[1][of].astype(float)) for name, of in (("train", train), ("tune", tune))}


@pytest.fixture
def fit(films: tuple[np.memmap, np.ndarray], splits: dict[str, Any], tmp_path: Path) -> Callable[..., Any]:
    """Train a fresh tiny net in a folder; returns (Trained, weights by name, folder)."""
    import torch

    from bonerisk.encoders.small_cnn import SmallCNN
    from bonerisk.heads.binary import BinaryHead
    from bonerisk.training import fit as training
    from bonerisk.training.augmentation.weak import Weak
    from bonerisk.training.distillation import Distillation
    from bonerisk.training.model import Model
    from bonerisk.training.objectives.cross_entropy import CrossEntropy
    from bonerisk.training.settings import TrainingSettings

    def fit(
        name: str,
        seed: int = 0,
        resume: Path | None = None,
        make: Callable[[], Any] = lambda: SmallCNN("random", channels=8),
        objective: Any = None,
        augmentation: Any = None,
        images: np.ndarray = films[0],
        teacher: Any = None,  # a frozen one, or ema
        threads: int | None = None,
        **settings: Any,
    ) -> tuple[Any, dict[str, Any], Path]:
        torch.manual_seed(seed)
        encoder = make()
        head = BinaryHead(encoder.width)
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        defaults = {"lr": 3e-3, "batch_size": 16, "max_epochs": 4, "warmup_epochs": 1}
        frozen = None if teacher == "ema" else teacher
        kind, more = (Distillation, {"teacher": "run" if frozen else teacher}) if teacher else (TrainingSettings, {})
        chosen = kind(objective or CrossEntropy(), augmentation or Weak(), **{**defaults, **more, **settings})
        place = {"folder": folder, "resume": resume, "teacher": frozen, "threads": threads}
        trained = training.fit(encoder, head, images, **splits, settings=chosen, seed=seed, **place)
        return trained, Model(encoder, head).state_dict(), folder

    return fit
