"""The training loop of one process."""

from __future__ import annotations

import hashlib
import logging
import math
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError

from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import BoneriskError, RunError, StoppedError
from bonerisk.progress import track
from bonerisk.runs.folder import replacing
from bonerisk.training.batches import batch_count, step_random, step_seed
from bonerisk.training.best import best
from bonerisk.training.distillation import Distillation
from bonerisk.training.examples import Examples
from bonerisk.training.files import HISTORY_FILE
from bonerisk.training.model import Model, outputs, save
from bonerisk.training.optimiser import adamw, learning_rate
from bonerisk.training.resume import State
from bonerisk.training.settings import TrainingSettings
from bonerisk.training.stop import Stop
from bonerisk.training.teacher import Frozen, Teacher

if TYPE_CHECKING:
    from lightning.fabric import Fabric

    from bonerisk.parts import PointAugmentation
    from bonerisk.training.one_process import OneProcess

AGREED = 10  # steps
GO_ON = "Nothing is lost: repeat the command with resume=latest"

log = logging.getLogger(__name__)
logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # here, since it announces each spawned process


@dataclass(frozen=True)
class Task:
    """Arguments of every training process, besides the model; see `bonerisk.training.fit`."""

    settings: TrainingSettings
    open_images: Callable[[], np.ndarray]
    train: Examples
    tune: Examples
    seed: int
    folder: Path
    resume: Path | None
    notes: dict[str, str] | None
    teacher: Frozen | None
    threads: int


def run(fabric: Fabric | OneProcess, model: Model, task: Task) -> list[dict[str, float]] | BoneriskError:
    """Train in this process; return the history, or the error as a value, since spawning loses its class."""
    if fabric.world_size > 1:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the whole group; the parent reports it once
    before = torch.get_num_threads()
    torch.set_num_threads(task.threads)
    try:
        with torch.random.fork_rng([fabric.device] if fabric.device.type == "cuda" else []):
            return Loop(fabric, model, task).run()
    except BoneriskError as error:
        # The traceback would keep the process group alive to the end, where Gloo's threads abort the process.
        return error.with_traceback(None)
    finally:
        torch.set_num_threads(before)
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


class Loop:
    """One process's share of a training.

    Each step's films are dealt to the processes, and sums run over all of them. So the number of processes matters by
    rounding only, except in batch norm. Only process 0 writes.
    """

    def __init__(self, fabric: Fabric | OneProcess, model: Model, task: Task) -> None:
        self.fabric, self.model, self.seed, self.folder, self.notes = fabric, model, task.seed, task.folder, task.notes
        self.stop = Stop()
        self.settings, self.train, self.tune, self.images = task.settings, task.train, task.tune, task.open_images()
        self.objective, self.teacher = self.settings.objective, None
        if isinstance(self.settings, Distillation):
            self.teacher = Teacher(self.settings, task.teacher, model, self.train.inputs)
        self.steps = len(self._batches(0))  # an epoch
        self.weights = self.objective.weights(self.train.targets)
        identity = self._identity()
        self.state = State.read(task.resume, identity) if task.resume else State(identity)
        self.wrapped: Any  # Fabric's wrapper has a class of its own
        self.optimizer: torch.optim.Optimizer
        self.wrapped, self.optimizer = fabric.setup(model, adamw(model, self.settings.lr, self.settings.weight_decay))
        if task.resume:
            model.load_state_dict(self.state.model)
            self.optimizer.load_state_dict(self.state.optimizer)
            fabric.strategy.precision.load_state_dict(self.state.precision)
        if self.teacher:
            self.teacher.model.to(fabric.device)
        self.average = self.teacher.average if self.teacher else None
        if self.average is not None and task.resume:
            self.average.load_state_dict(self.state.average)
        self.judged = model if self.average is None else self.average

    def run(self) -> list[dict[str, float]]:
        """Train to the last epoch or the early stop; return the history."""
        history = self.state.history
        steps = range(len(history) * self.steps + self.state.step, self.settings.max_epochs * self.steps)
        with closing(self.with_progress(steps)) as bar, self.stop.listening():
            while len(history) < self.settings.max_epochs and not self.should_stop():
                start = time.monotonic()
                train_loss = self.epoch(len(history), bar)
                scores = self.tuning()
                numbers = {"lr": self.optimizer.param_groups[0]["lr"], "train_loss": train_loss, **scores}
                history.append({"epoch": len(history) + 1, **numbers, "seconds": time.monotonic() - start})
                self.write(self.end_epoch)
        self.write(self.save_model)
        return history

    def with_progress(self, steps: range) -> Generator[int]:
        """The steps, with progress if this is process 0."""
        yield from track(steps, "training") if self.fabric.is_global_zero else steps

    def kept(self) -> dict[str, float]:
        """The history's row of the best epoch so far."""
        return self.state.history[best(self.state.history, self.objective.best_by)]

    def should_stop(self) -> bool:
        """Whether the score on the tuning split has not improved for `patience` epochs."""
        history = self.state.history
        return bool(history) and history[-1]["epoch"] - self.kept()["epoch"] >= self.settings.patience

    def epoch(self, epoch: int, bar: Iterator[int]) -> float:
        """Pass once over the training films; return their mean loss."""
        self.model.train()
        # Summed on the device: reading a number each step would halt a GPU.
        total = self.tensor(self.state.loss if self.fabric.is_global_zero else 0)
        for done, batch in enumerate(self._batches(epoch)[self.state.step :], start=self.state.step + 1):
            total += self.step(next(bar), batch)
            if self.told_to_stop(epoch * self.steps + done):
                loss = float(self.sum(total))
                self.write(partial(self.save_state, done, loss))
                where = f"after step {done} of {self.steps} of epoch {epoch + 1}"
                raise StoppedError(f"The training was told to stop ({self.stop.name}) {where}", str(self.folder), GO_ON)
        self.state.step, self.state.loss = 0, 0.0
        for module in (self.model, self.average):
            for buffer in () if module is None else module.buffers():
                if buffer.is_floating_point():  # batch norm's running statistics differ between processes
                    buffer.copy_(self.sum(buffer) / self.fabric.world_size)
        mean = self.sum(total) / self.weights.sum()
        return self.finite(float(mean), "training loss", epoch)

    def step(self, step: int, batch: np.ndarray) -> torch.Tensor:
        """Do one step of the optimiser; return this process's share of the sum of weighted losses."""
        settings, fabric = self.settings, self.fabric
        for group in self.optimizer.param_groups:
            warmup, total = settings.warmup_epochs * self.steps, settings.max_epochs * self.steps
            group["lr"] = learning_rate(settings.lr, step, warmup, total, settings.lr_end)
        torch.manual_seed(step_seed(self.seed, step, fabric.global_rank))
        drawn = settings.augmentation.draw(len(batch), step_random(self.seed, step))
        mine = np.arange(len(batch))[fabric.global_rank :: fabric.world_size]
        parts = np.array_split(mine, batch_count(len(mine), settings.films_at_once or len(mine)))
        # DDP averages over processes: times their number, this is the weighted mean over the whole batch.
        scale = fabric.world_size / self.weights[batch].sum()
        loss_sum = self.tensor(0)
        for part in parts:
            images, *columns = self.train.inputs.tensors(self.images, batch[part], fabric.device)
            images = settings.augmentation.apply(images, {name: values[part] for name, values in drawn.items()})
            with fabric.no_backward_sync(self.wrapped, enabled=part is not parts[-1]):
                own = self.wrapped(images, *columns).float()
                found, seen = self.loss_inputs(own, part, len(batch))
                targets = self.tensor(self.train.targets[batch[seen]])
                if settings.of_points:
                    theirs = {name: values[seen] for name, values in drawn.items()}
                    height, width = images.shape[2:]
                    targets = cast("PointAugmentation", settings.augmentation).move(targets, theirs, (height, width))
                losses = self.objective.loss(found, targets)
                loss = (self.tensor(self.weights[batch[seen]]) * losses).sum()
                whole, shown = loss * scale, loss.detach() * (len(part) / len(seen))
                if self.teacher:
                    random, alpha = step_random(self.seed, step, view=2), self.teacher.settings.alpha
                    with fabric.autocast():
                        guide = self.teacher.outputs(self.images, batch, part, random, fabric.device)
                    guidance = self.teacher.divergences(own, guide).sum()
                    whole = (1 - alpha) * whole + alpha * guidance * (fabric.world_size / len(batch))
                    shown = (1 - alpha) * shown + alpha * guidance.detach()
                fabric.backward(whole)
            loss_sum += shown
        self.optimizer.step()
        if self.teacher:
            self.teacher.follow(self.model, step)
        self.optimizer.zero_grad()
        return loss_sum

    def loss_inputs(self, found: torch.Tensor, part: np.ndarray, n: int) -> tuple[torch.Tensor, np.ndarray]:
        """Outputs that the loss is a function of, and the positions of their films in a step's `n`.

        They are those of `part`, this process's own; or of the whole batch, if the objective compares its films. Only
        a process's own outputs carry gradients: DDP adds up those of all processes.
        """
        if not self.objective.whole_batch:
            return found, part
        whole = self.gather(found.detach(), part, n)
        whole[part] = found
        return whole, np.arange(n)

    def tuning(self) -> dict[str, float]:
        """Scores of the tuning split, from its outputs over all processes."""
        self.judged.eval()
        n, size = len(self.tune), self.settings.films_at_once or self.settings.batch_size
        mine = np.arange(n)[self.fabric.global_rank :: self.fabric.world_size]
        cuts = [mine[start : start + size] for start in range(0, len(mine), size)]
        with self.fabric.autocast():
            own = outputs(self.judged, self.images, self.tune.inputs, cuts)
        found = self.gather(own, mine, n)
        self.finite(float(found.abs().sum()), "sum of outputs on tuning", len(self.state.history))
        return self.objective.score(found, self.tune.targets)

    def gather(self, own: torch.Tensor, mine: np.ndarray, n: int) -> torch.Tensor:
        """Outputs (n, …) of all processes, from each process's `own` films at positions `mine`."""
        whole = torch.zeros((n, *own.shape[1:]), device=self.fabric.device)
        whole[mine] = own
        return self.sum(whole)

    def told_to_stop(self, done: int) -> bool:
        """Whether any process was told to stop; several agree on it after every tenth step, since to ask takes time."""
        if self.fabric.world_size == 1:
            return bool(self.stop.name)
        return done % AGREED == 0 and bool(self.sum(self.tensor(bool(self.stop.name))))

    def save_state(self, step: int = 0, loss: float = 0.0) -> None:
        """Write what a resumed training needs."""
        state = self.state
        state.step, state.loss = step, loss
        state.model = tensors(self.model)
        if self.average is not None:
            state.average = tensors(self.average)
        if not step and self.kept() is state.history[-1]:
            state.best_model = state.average or state.model
        state.optimizer, state.precision = self.optimizer.state_dict(), self.fabric.strategy.precision.state_dict()
        state.write(self.folder)

    def end_epoch(self) -> None:
        """Write the state and the history, and tell the last epoch's scores."""
        self.save_state()
        self.write_history()
        *_, last = self.state.history
        shown = {"training loss": "train_loss"}
        shown |= {f"tuning {words}": column for column, words in self.objective.columns.items()}
        texts = ", ".join(f"{words} {last[column]:.4f}" for words, column in shown.items())
        log.info("epoch %d: %s", last["epoch"], texts)

    def write_history(self) -> None:
        """Write the scores of all epochs."""
        with replacing(self.folder / HISTORY_FILE) as path:
            pd.DataFrame(self.state.history).to_csv(path, index=False)

    def save_model(self) -> None:
        """Write the best model; the state stays until the run is finished (`bonerisk.runs.resumable.forget`)."""
        save(self.state.best_model, self.folder / MODEL_FILE, self.notes)
        self.write_history()  # a training that is resumed after its last epoch has none yet

    def write(self, files: Callable[[], None]) -> None:
        """Let process 0 write files; if it can't, all processes stop."""
        error = None
        if self.fabric.is_global_zero:
            try:
                files()
            except (OSError, RuntimeError, SafetensorError) as caught:  # a full disk raises any of them
                mend = "Make room there, or choose another paths.outputs"
                error = RunError(f"The training can't be written: {caught}", str(self.folder), mend)
        if error := self.fabric.broadcast(error):
            raise error

    def tensor(self, values: np.ndarray | float) -> torch.Tensor:
        """Float32 on this process's device."""
        return torch.as_tensor(values, dtype=torch.float32, device=self.fabric.device)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Sum over processes."""
        return torch.as_tensor(self.fabric.all_reduce(values, reduce_op="sum"))

    def finite(self, value: float, what: str, epoch: int) -> float:
        """The value if finite; otherwise raise, since more epochs would not help."""
        if math.isfinite(value):
            return value
        mend = "Lower training.lr, or set training.precision=32-true"
        raise RunError(f"The {what} of epoch {epoch + 1} is {value}", f"training.lr={self.settings.lr}", mend)

    def _batches(self, epoch: int) -> list[np.ndarray]:
        return self.objective.batches(self.train.targets, self.settings.batch_size, self.seed, epoch)

    def _identity(self) -> dict[str, object]:
        """Values that a training and the killed one that it resumes must share."""
        shapes = repr([(name, tuple(value.shape)) for name, value in self.model.state_dict().items()])
        films = {f"films of {name}": of.digest for name, of in (("train", self.train), ("tune", self.tune))}
        model = hashlib.sha256(shapes.encode()).hexdigest()
        frozen = self.teacher.frozen if self.teacher else None
        teacher = {"weights of the teacher": frozen.digest} if frozen else {}
        return {**self.settings.identity, "seed": self.seed, **films, "encoder and head": model, **teacher}


def tensors(model: Model) -> dict[str, torch.Tensor]:
    """A copy of a model's tensors, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
