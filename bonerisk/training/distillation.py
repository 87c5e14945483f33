"""Settings of a training with a teacher: knowledge distillation (OsPenScreen, Model development)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from bonerisk.cohort.targets.target import Kind
from bonerisk.errors import ConfigError, raise_together
from bonerisk.training.augmentation.weak import Weak
from bonerisk.training.settings import TrainingSettings

if TYPE_CHECKING:
    from bonerisk.parts import Augmentation


@dataclass(frozen=True)
class Distillation(TrainingSettings):
    """The loss is (1 − α) · the objective's + α · T² · KL(teacher ‖ student), both softened by the temperature T.

    Class weights of the objective apply to its part only; the divergence is a plain mean over films. T² keeps the
    gradients of both parts in proportion (Hinton et al. 2015, arXiv:1503.02531). `augmentation` is the student's.

    Attributes
    ----------
    teacher : str
        A finished training run (a path, a unique prefix of its time, or `latest`), whose weights stay as they are; or
        `ema`, the exponential moving average of the student. With `ema`, the average is what is judged and kept, as in
        mean teachers (Tarvainen and Valpola 2017, arXiv:1703.01780); with a run, the student.
    teacher_augmentation : Augmentation
        What the teacher sees.
    alpha : float
        Share of the divergence in the loss.
    temperature : float
    ema_decay : float
        Share of the average that a step keeps; in step s, from 1, at most 1 − 1 / (s + 1). Only for `ema`.

    Raises
    ------
    ConfigError
        Numbers are out of range, there is no teacher, or the objective has no logits.
    """

    teacher: str = ""
    teacher_augmentation: Augmentation = field(default_factory=Weak)
    alpha: float = 0.5
    temperature: float = 2.0
    ema_decay: float = 0.999

    kinds: ClassVar[tuple[Kind, ...]] = ("binary", "ordinal")
    parts: ClassVar[tuple[str, ...]] = (*TrainingSettings.parts, "teacher_augmentation")

    def __post_init__(self) -> None:
        super().__post_init__()
        errors = []
        if not self.teacher:
            mend = "training.teacher=RUN names a run of bonerisk train; training.teacher=ema averages the student"
            errors.append(ConfigError("distillation has no teacher", "training.teacher", mend))
        for name, fits, words in (
            ("alpha", 0 <= self.alpha <= 1, "from 0 to 1"),
            ("temperature", 0 < self.temperature < float("inf"), "above 0"),
            ("ema_decay", 0 <= self.ema_decay < 1, "from 0 to below 1"),
        ):
            if not fits:
                what = f"training.{name} is {getattr(self, name)}, but must be {words}"
                errors.append(ConfigError(what, f"training.{name}"))
        if not set(self.objective.kinds) & set(self.kinds):
            what = f"{type(self.objective).__name__} has no classes to distil"
            errors.append(ConfigError(what, "training.objective", "choose a training=… without a teacher"))
        raise_together(errors)


def divergence(outputs: Tensor, guide: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) (n,) of logits (n,) of yes, or (n, k) of classes; `guide` is the teacher's."""
    student, teacher = (log_softmax(_classes(logits) / temperature, dim=1) for logits in (outputs, guide))
    return temperature**2 * kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)


def _classes(logits: Tensor) -> Tensor:
    """Logits (n, k); those of yes, (n,), stand beside 0 for no."""
    return torch.stack([torch.zeros_like(logits), logits], dim=1) if logits.ndim == 1 else logits
