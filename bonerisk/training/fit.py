"""Train a network: start its processes and return the result."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import torch
from torch import nn

from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import BoneriskError, ConfigError, StoppedError, raise_together
from bonerisk.training.batches import image_reopener
from bonerisk.training.best import best
from bonerisk.training.examples import Examples
from bonerisk.training.loop import Task, run
from bonerisk.training.model import Model, load
from bonerisk.training.one_process import OneProcess
from bonerisk.training.settings import TrainingSettings
from bonerisk.training.stop import Stop
from bonerisk.training.teacher import Frozen

if TYPE_CHECKING:
    from lightning.fabric import Fabric

Precision = Literal["32-true", "16-mixed", "bf16-mixed"]


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    Attributes
    ----------
    history : DataFrame
        One row per epoch: epoch, lr, train_loss, the columns of the objective, seconds.
    best : mapping
        The row of the epoch whose weights were kept.
    device : str
        Device and precision, as `cpu, 32-true` or `2 × cuda, bf16-mixed`.
    """

    history: pd.DataFrame
    best: Mapping[str, float]
    device: str


def fit(
    encoder: nn.Module,
    head: nn.Module,
    images: np.ndarray,
    train: Examples,
    tune: Examples,
    settings: TrainingSettings,
    seed: int,
    folder: Path,
    resume: Path | None = None,
    notes: dict[str, str] | None = None,
    teacher: Frozen | None = None,
    threads: int | None = None,
) -> Trained:
    """Train encoder and head in place; they end with the best epoch's weights.

    Parameters
    ----------
    encoder, head : nn.Module
    images : ndarray of shape (n, h, w) or (n, k, h, w), uint8
        A memory map, which each process opens again.
    train, tune : Examples
        Positions in `images`, and targets.
    settings : TrainingSettings
    seed : int
        The same seed and number of threads give the same weights on a CPU, bit for bit.
    folder : Path
        Gets `history.csv` and `resume.ckpt` after each epoch, and at the end `model.safetensors`. A training that is
        told to stop (SIGTERM, SIGHUP) writes `resume.ckpt` after its step; one of several processes after every tenth.
    resume : Path, optional
        The `resume.ckpt` of a training that was stopped; resuming gives the weights of an unbroken training.
    notes : dict of str, optional
        Texts stored in `model.safetensors` beside the weights.
    teacher : Frozen, optional
        The model that a `Distillation` names as its teacher, if that is a run.
    threads : int, optional
        Of all processes together; by default as many as torch takes.

    Raises
    ------
    ConfigError
        Batch size and devices don't go together, or `resume` is of other settings.
    DataError
        The objective can learn nothing from the films.
    RunError
        The loss is not finite.
    KeyboardInterrupt
        The training was told to stop.
    """
    _check(settings, train, tune, seed)
    precision = _precision(settings)
    fabric = _processes(settings.devices, precision)
    before = set(multiprocessing.active_children())
    try:
        # The model is an argument of its own, so that Lightning gives each process its own copy of the weights.
        each = max(1, (threads or torch.get_num_threads()) // settings.devices)
        task = Task(settings, image_reopener(images), train, tune, seed, folder, resume, notes, teacher, each)
        with Stop().listening() if settings.devices > 1 else contextlib.nullcontext():  # one process hears by itself
            history = fabric.launch(partial(run, task=task), Model(encoder, head))
    except KeyboardInterrupt:
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        raise
    if isinstance(history, StoppedError):
        raise KeyboardInterrupt(str(history))  # which ends a sweep, too
    if isinstance(history, BoneriskError):
        raise history
    load(encoder, head, folder / MODEL_FILE)
    many = f"{settings.devices} × " if settings.devices > 1 else ""
    kept = history[best(history, settings.objective.best_by)]
    return Trained(pd.DataFrame(history), kept, f"{many}{fabric.device.type}, {precision}")


def _processes(devices: int, precision: Precision) -> Fabric | OneProcess:
    if devices == 1 and precision == "32-true" and not torch.cuda.is_available():
        return OneProcess()
    from lightning.fabric import Fabric
    from lightning.fabric.plugins.environments import LightningEnvironment

    return Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=devices,
        strategy="ddp_spawn" if devices > 1 else "auto",  # plain ddp would run the command line again
        precision=precision,
        plugins=LightningEnvironment(),  # ignore a cluster's variables: its job is one process to us
    )


def _precision(settings: TrainingSettings) -> Precision:
    if settings.precision != "auto":
        return settings.precision
    if not torch.cuda.is_available():
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"


def _check(settings: TrainingSettings, train: Examples, tune: Examples, seed: int) -> None:
    """Refuse films from which nothing can be learnt, and more devices than films or GPUs."""
    settings.objective.check(train.targets, tune.targets)
    errors = []
    batches = settings.objective.batches(train.targets, settings.batch_size, seed, 0)
    for what, n in (("Batches", min(map(len, batches))), ("The tuning split", len(tune))):
        if n < settings.devices:
            mend = "Raise training.batch_size or lower training.devices"
            text = f"{what} of {n} films can't be dealt out to {settings.devices} processes"
            errors.append(ConfigError(text, "training.devices", mend))
    if 0 < (gpus := torch.cuda.device_count()) < settings.devices:
        errors.append(ConfigError(f"There are {gpus} GPUs", f"training.devices={settings.devices}", f"At most {gpus}"))
    raise_together(errors)
