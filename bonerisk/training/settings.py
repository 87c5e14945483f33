"""Settings of a training, for any objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from bonerisk.errors import ConfigError, raise_together

if TYPE_CHECKING:
    from bonerisk.parts import Augmentation, Objective

LEAST = {"batch_size": 1, "max_epochs": 1, "devices": 1, "patience": 1, "warmup_epochs": 0, "weight_decay": 0}


@dataclass(frozen=True)
class TrainingSettings:
    """AdamW with a warm-up and a cosine; the objective's best epoch is kept.

    Attributes
    ----------
    objective : Objective
        Loss, batches and scores.
    augmentation : Augmentation
        What each step does to the images.
    lr, lr_end : float
        Highest learning rate, and the one to which the cosine falls.
    weight_decay : float
        Of AdamW; biases and norms are left alone.
    batch_size : int
        Films per step, over all processes together.
    max_epochs, warmup_epochs : int
        Length of the cosine, and of the linear rise that begins it.
    patience : int
        Epochs without a better score on the tuning split after which training stops.
    films_at_once : int, optional
        Films that a process computes at a time, if memory is short; gradients add up to those of the whole batch
        (except in batch norm, which sees the parts).
    devices : int
        Processes, each with a GPU of its own or, if there is none, on the CPU.
    precision : {"auto", "32-true", "16-mixed", "bf16-mixed"}
        `auto` mixes on a GPU (with bfloat16 if it has that) and computes in 32 bit on a CPU.

    Raises
    ------
    ConfigError
        Numbers are out of range, or `films_at_once` would cut the batch of an objective that needs it whole.
    """

    objective: Objective
    augmentation: Augmentation
    lr: float = 1e-4
    lr_end: float = 0.0
    weight_decay: float = 0.05
    batch_size: int = 64
    max_epochs: int = 100
    warmup_epochs: int = 5
    patience: int = 20
    films_at_once: int | None = None
    devices: int = 1
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"

    parts: ClassVar[tuple[str, ...]] = ("objective", "augmentation")  # settings that have settings of their own

    def __post_init__(self) -> None:
        low = [(name, value) for name, value in LEAST.items() if getattr(self, name) < value]
        errors = [
            ConfigError(f"training.{name} is {getattr(self, name)}, but must be {value} or more", f"training.{name}")
            for name, value in low
        ]
        if not self.lr > 0:  # nor a NaN
            errors.append(ConfigError(f"training.lr is {self.lr}, but must be above 0", "training.lr"))
        elif not 0 <= self.lr_end <= self.lr:
            what = f"training.lr_end is {self.lr_end}, but must be from 0 to training.lr, {self.lr}"
            errors.append(ConfigError(what, "training.lr_end"))
        if self.films_at_once is not None:
            where = "training.films_at_once"
            if self.films_at_once < 1:
                errors.append(ConfigError(f"{where} is {self.films_at_once}, but must be 1 or more, or null", where))
            if self.objective.whole_batch:
                what = f"{type(self.objective).__name__} compares the films of a step, and must see all of them at once"
                mend = f"{where}=null, and a smaller training.batch_size or more training.devices"
                errors.append(ConfigError(what, where, mend))
        raise_together(errors)

    @property
    def of_points(self) -> bool:
        """Whether targets are points, which move with their images."""
        return "points" in self.objective.kinds

    @property
    def identity(self) -> dict[str, object]:
        """All of them by their keys, those of its parts included."""
        found: dict[str, object] = {}
        for name, value in vars(self).items():
            if name in self.parts:
                found[f"training.{name}"] = f"{type(value).__module__}.{type(value).__qualname__}"
                found |= {f"training.{name}.{inner}": setting for inner, setting in vars(value).items()}
            else:
                found[f"training.{name}"] = value
        return found
