"""`training=classifier`: encoder and head together against a yes-or-no label, by cross-entropy (OsPenScreen)."""

from __future__ import annotations

import hashlib
import multiprocessing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins.environments import LightningEnvironment
from torch import nn

from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import BoneriskError, ConfigError, DataError, raise_together
from bonerisk.training.batches import Labelled, batch_count, opener
from bonerisk.training.loop import Task, run
from bonerisk.training.model import Model, load
from bonerisk.training.resume import State

__all__ = ["Classifier", "Labelled", "Trained"]


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes
    ----------
    history : DataFrame
        Columns epoch, lr, train_loss, tune_loss, tune_auc, seconds.
    best_epoch : int
        The epoch whose weights were kept, counted from 1.
    best_auc : float
        Its AUC on the tuning split.
    device : str
        What it was trained on, as `cpu, 32-true` or `2 × cuda, bf16-mixed`.
    """

    history: pd.DataFrame
    best_epoch: int
    best_auc: float
    device: str


@dataclass(frozen=True)
class Classifier:
    """AdamW on cross-entropy; the best epoch by AUC on the tuning split is kept.

    AUC chooses the epoch, not the loss: a screening score is judged by it, thresholds are fitted afterwards, and
    the loss of a net that ranks ever better can rise with its confidence. Of equal AUCs the lower loss wins.

    Attributes
    ----------
    lr : float
        Highest learning rate.
    weight_decay : float
        Of AdamW; biases and norms are left alone.
    batch_size : int
        Films a step, over all processes together.
    max_epochs, warmup_epochs : int
        Length of the cosine, and of the linear rise that begins it.
    patience : int
        Epochs without a better tuning AUC after which training stops.
    class_weights : {"none", "balanced"}
        `balanced` lets both classes count equally in the loss.
    flip : bool
        Mirror half of the films left to right.
    films_at_once : int, optional
        Films a process computes at a time, where memory is short; gradients add up to those of the
        whole batch (but for batch norm, which sees the parts).
    devices : int
        Processes, each with a GPU of its own or, where there is none, on the CPU.
    precision : {"auto", "32-true", "16-mixed", "bf16-mixed"}
        `auto` mixes on a GPU (with bfloat16 where it has that) and computes in 32 bit on a CPU.
    """

    lr: float = 1e-4
    weight_decay: float = 0.05
    batch_size: int = 64
    max_epochs: int = 100
    warmup_epochs: int = 5
    patience: int = 20
    class_weights: Literal["none", "balanced"] = "none"
    flip: bool = True
    films_at_once: int | None = None
    devices: int = 1
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"

    def __post_init__(self) -> None:
        least = {"batch_size": 1, "max_epochs": 1, "devices": 1, "patience": 1, "warmup_epochs": 0, "weight_decay": 0}
        low = [(name, value) for name, value in least.items() if getattr(self, name) < value]
        errors = [
            ConfigError(f"training.{name} is {getattr(self, name)}, but must be {value} or more", f"training.{name}")
            for name, value in low
        ]
        if not self.lr > 0:  # nor a NaN
            errors.append(ConfigError(f"training.lr is {self.lr}, but must be above 0", "training.lr"))
        if self.films_at_once is not None and self.films_at_once < 1:
            what = f"training.films_at_once is {self.films_at_once}, but must be 1 or more, or null"
            errors.append(ConfigError(what, "training.films_at_once"))
        raise_together(errors)

    def fit(
        self,
        encoder: nn.Module,
        head: nn.Module,
        images: np.ndarray,
        train: Labelled,
        tune: Labelled,
        seed: int,
        folder: Path,
        resume: Path | None = None,
    ) -> Trained:
        """Train encoder and head, which hold the best epoch's weights afterwards.

        Parameters
        ----------
        encoder, head : nn.Module
        images : ndarray of shape (n, h, w), uint8
            A memory map, which each process opens again.
        train, tune : Labelled
            Rows of `images` and their labels.
        seed : int
            The same seed gives the same weights on a CPU, bit for bit.
        folder : Path
            Gets `history.csv` and `resume.ckpt` after each epoch; at the end `model.safetensors` for `resume.ckpt`.
        resume : Path, optional
            The `resume.ckpt` of a killed training: going on from it ends with the weights of one that was not killed.

        Raises
        ------
        ConfigError
            Batch, devices and precision don't go together, or `resume` is of other settings.
        DataError
            A split has films of one class only.
        RunError
            The loss is no longer a finite number.
        """
        self._check(train, tune)
        fabric = Fabric(
            accelerator="cuda" if torch.cuda.is_available() else "cpu",
            devices=self.devices,
            strategy="ddp_spawn" if self.devices > 1 else "auto",  # plain ddp would run the command line again
            precision=self._precision(),
            plugins=LightningEnvironment(),  # a cluster's job is one process to us, whatever its variables say
        )
        before = set(multiprocessing.active_children())
        try:
            # The model is an argument of its own: only so does Lightning give each process its own copy of the weights.
            task = Task(self, opener(images), train, tune, seed, folder, resume)
            history = fabric.launch(partial(run, task=task), Model(encoder, head))
        except KeyboardInterrupt:
            for child in set(multiprocessing.active_children()) - before:
                child.kill()
            raise
        if isinstance(history, BoneriskError):
            raise history
        load(encoder, head, folder / MODEL_FILE)
        best = State({}, history).best
        many = f"{self.devices} × " if self.devices > 1 else ""
        device = f"{many}{fabric.device.type}, {self._precision()}"
        return Trained(pd.DataFrame(history), int(best["epoch"]), best["tune_auc"], device)

    def identity(self, model: Model, train: Labelled, tune: Labelled, seed: int) -> dict[str, Any]:
        """All that two trainings must share for one to go on where the other was killed."""
        films = hashlib.sha256()
        for split in (train, tune):
            films.update(np.stack([split.rows, split.labels]).astype(np.int64).tobytes())
        shapes = repr([(name, tuple(value.shape)) for name, value in model.state_dict().items()])
        settings = {f"training.{key}": value for key, value in asdict(self).items()}
        model_hash = hashlib.sha256(shapes.encode()).hexdigest()
        return {**settings, "seed": seed, "films and labels": films.hexdigest(), "encoder and head": model_hash}

    def _precision(self) -> Literal["32-true", "16-mixed", "bf16-mixed"]:
        if self.precision != "auto":
            return self.precision
        if not torch.cuda.is_available():
            return "32-true"
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"

    def _check(self, train: Labelled, tune: Labelled) -> None:
        """Refuse, all at once, data and devices that could not train."""
        errors: list[BoneriskError] = []
        for split, labels in (("train", train.labels), ("tune", tune.labels)):
            if len(np.unique(labels)) < 2:
                what = f"The split {split!r} has {len(labels)} films, and not of both classes"
                mend = "Bring films of both classes, or split them otherwise"
                errors.append(DataError(what, "label", mend))
        smallest = len(train.rows) // max(batch_count(len(train.rows), self.batch_size), 1)
        if 0 < smallest < self.devices:
            what = f"Batches of {smallest} films can't be dealt out to {self.devices} processes"
            errors.append(ConfigError(what, "training.devices", "Raise training.batch_size or lower training.devices"))
        if 0 < (gpus := torch.cuda.device_count()) < self.devices:
            errors.append(ConfigError(f"There are {gpus} GPUs", f"training.devices={self.devices}", f"At most {gpus}"))
        raise_together(errors)
