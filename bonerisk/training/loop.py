"""The epochs of a training as each of its processes runs them."""

from __future__ import annotations

import logging
import math
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from lightning.fabric import Fabric
from safetensors import SafetensorError
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import BoneriskError, RunError
from bonerisk.progress import track
from bonerisk.runs.folder import replacing
from bonerisk.training.batches import Labelled, batch_count, batches, flip, mirror, step_seed
from bonerisk.training.model import Model, films, logits, save
from bonerisk.training.optimiser import adamw, rate
from bonerisk.training.resume import RESUME_FILE, State

if TYPE_CHECKING:
    from bonerisk.training.classifier import Classifier

HISTORY_FILE = "history.csv"
SHOWN = "epoch", "train_loss", "tune_loss", "tune_auc"

log = logging.getLogger(__name__)
logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # here, since it announces each spawned process


def class_weights(labels: np.ndarray, how: str) -> np.ndarray:
    """Weight of each film in the loss, of mean 1; `balanced` gives both classes the same sum."""
    return len(labels) / (2 * np.bincount(labels, minlength=2))[labels] if how == "balanced" else np.ones(len(labels))


@dataclass(frozen=True)
class Task:
    """What every process of a training is given besides the model; see `Classifier.fit`."""

    settings: Classifier
    open_images: Callable[[], np.ndarray]
    train: Labelled
    tune: Labelled
    seed: int
    folder: Path
    resume: Path | None


def run(fabric: Fabric, model: Model, task: Task) -> list[dict[str, float]] | BoneriskError:
    """Train in this process; the parent gets process 0's result, an error as a value, as spawning loses its class."""
    if fabric.world_size > 1:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the whole group, and the parent says the one line
    try:
        with torch.random.fork_rng([fabric.device] if fabric.device.type == "cuda" else []):
            return Loop(fabric, model, task).run()
    except BoneriskError as error:
        return error


class Loop:
    """One process's share of a training.

    Each step's films are dealt out to the processes, and every sum over them is taken over all, so that the number of
    processes changes no result but by rounding; only batch norm sees each process's films by themselves. Only process 0
    writes.
    """

    def __init__(self, fabric: Fabric, model: Model, task: Task) -> None:
        self.fabric, self.model, self.seed, self.folder = fabric, model, task.seed, task.folder
        self.settings, self.train, self.tune, self.images = task.settings, task.train, task.tune, task.open_images()
        self.steps = batch_count(len(self.train.rows), self.settings.batch_size)  # an epoch
        self.weights = class_weights(self.train.labels, self.settings.class_weights)
        identity = self.settings.identity(model, self.train, self.tune, self.seed)
        self.state = State.read(task.resume, identity) if task.resume else State(identity)
        self.wrapped, self.optimizer = fabric.setup(model, adamw(model, self.settings.lr, self.settings.weight_decay))
        if task.resume:
            model.load_state_dict(self.state.model)
            self.optimizer.load_state_dict(self.state.optimizer)
            fabric.strategy.precision.load_state_dict(self.state.precision)

    def run(self) -> list[dict[str, float]]:
        """Train to the last epoch or the early stop; the history."""
        history = self.state.history
        steps = range(len(history) * self.steps, self.settings.max_epochs * self.steps)
        with closing(self.shown(steps)) as bar:
            while len(history) < self.settings.max_epochs and not self.stuck():
                start = time.monotonic()
                train_loss = self.epoch(len(history), bar)
                tune_loss, tune_auc = self.tuning()
                lr = self.optimizer.param_groups[0]["lr"]
                numbers = {"lr": lr, "train_loss": train_loss, "tune_loss": tune_loss, "tune_auc": tune_auc}
                history.append({"epoch": len(history) + 1, **numbers, "seconds": time.monotonic() - start})
                self.write(self.keep)
        self.write(self.finish)
        return history

    def shown(self, steps: range) -> Generator[int]:
        """The steps, with progress where this is process 0."""
        yield from track(steps, "training") if self.fabric.is_global_zero else steps

    def stuck(self) -> bool:
        """Whether the tuning AUC has not risen for `patience` epochs."""
        history = self.state.history
        return bool(history) and history[-1]["epoch"] - self.state.best["epoch"] >= self.settings.patience

    def epoch(self, epoch: int, bar: Iterator[int]) -> float:
        """One pass over the training films; their mean loss."""
        self.model.train()
        total = self.tensor(0)  # summed on the device: asking for a number each step would halt a GPU
        for batch in batches(len(self.train.rows), self.settings.batch_size, self.seed, epoch):
            total += self.step(next(bar), batch)
        for buffer in self.model.buffers():
            if buffer.is_floating_point():  # batch norm's running statistics differ between processes
                buffer.copy_(self.sum(buffer) / self.fabric.world_size)
        mean = self.sum(total) / self.weights.sum()
        return self.finite(float(mean), "training", epoch)

    def step(self, step: int, batch: np.ndarray) -> torch.Tensor:
        """One step of the optimiser; the sum of this process's weighted losses."""
        settings, fabric = self.settings, self.fabric
        for group in self.optimizer.param_groups:
            group["lr"] = rate(settings.lr, step, settings.warmup_epochs * self.steps, settings.max_epochs * self.steps)
        torch.manual_seed(step_seed(self.seed, step, fabric.global_rank))
        mirrored = mirror(len(batch), self.seed, step) if settings.flip else np.zeros(len(batch), bool)
        mine = np.arange(len(batch))[fabric.global_rank :: fabric.world_size]
        parts = np.array_split(mine, batch_count(len(mine), settings.films_at_once or len(mine)))
        # DDP averages over processes: times their number, this is the weighted mean over the whole batch.
        scale = fabric.world_size / self.weights[batch].sum()
        total = self.tensor(0)
        for part in parts:
            chosen = batch[part]
            images = films(self.images, self.train.rows[chosen], fabric.device)
            images = flip(images, self.tensor(mirrored[part]).bool())
            with fabric.no_backward_sync(self.wrapped, enabled=part is not parts[-1]):
                losses = self.losses(self.wrapped(images), self.train.labels[chosen])
                loss = (self.tensor(self.weights[chosen]) * losses).sum()
                fabric.backward(loss * scale)
            total += loss.detach()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    def tuning(self) -> tuple[float, float]:
        """Mean loss and AUC on the tuning split, over all processes."""
        self.model.eval()
        rank, world = self.fabric.global_rank, self.fabric.world_size
        rows, size = self.tune.rows[rank::world], self.settings.films_at_once or self.settings.batch_size
        scores = torch.zeros(len(self.tune.rows), device=self.fabric.device)
        with self.fabric.autocast():
            cuts = [rows[start : start + size] for start in range(0, len(rows), size)]
            scores[rank::world] = logits(self.model, self.images, cuts)
        scores = self.sum(scores)  # each process has filled in its own
        loss = float(self.losses(scores, self.tune.labels).mean())
        self.finite(loss, "tuning", len(self.state.history))
        return loss, float(roc_auc_score(self.tune.labels, scores.cpu().numpy()))

    def keep(self) -> None:
        """Write what a resumed training needs, and the history."""
        state, (*_, last) = self.state, self.state.history
        state.model = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        if state.best is last:
            state.best_model = state.model
        state.optimizer, state.precision = self.optimizer.state_dict(), self.fabric.strategy.precision.state_dict()
        state.write(self.folder)
        with replacing(self.folder / HISTORY_FILE) as path:
            pd.DataFrame(state.history).to_csv(path, index=False)
        log.info("epoch %d: train loss %.4f, tune loss %.4f, tune AUC %.4f", *(last[column] for column in SHOWN))

    def finish(self) -> None:
        """Write the best model; nothing is left to resume."""
        save(self.state.best_model, self.folder / MODEL_FILE)
        (self.folder / RESUME_FILE).unlink(missing_ok=True)

    def write(self, files: Callable[[], None]) -> None:
        """Let process 0 write files; where it can't, all processes stop."""
        error = None
        if self.fabric.is_global_zero:
            try:
                files()
            except (OSError, RuntimeError, SafetensorError) as caught:  # the latter two wrap a full disk's error
                mend = "Make room there, or choose another paths.outputs"
                error = RunError(f"The training can't be written: {caught}", str(self.folder), mend)
        if error := self.fabric.broadcast(error):
            raise error

    def losses(self, scores: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
        """Cross-entropy of each film."""
        return cross_entropy(scores.float(), self.tensor(labels), reduction="none")

    def tensor(self, values: np.ndarray | float) -> torch.Tensor:
        """Float32 on this process's device."""
        return torch.as_tensor(values, dtype=torch.float32, device=self.fabric.device)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Sum over processes."""
        return torch.as_tensor(self.fabric.all_reduce(values, reduce_op="sum"))

    def finite(self, loss: float, split: str, epoch: int) -> float:
        """The loss, if it is one; otherwise the weights are lost, and more epochs would not bring them back."""
        if math.isfinite(loss):
            return loss
        mend = "Lower training.lr, or set training.precision=32-true"
        raise RunError(f"The {split} loss of epoch {epoch + 1} is {loss}", f"training.lr={self.settings.lr}", mend)
