"""Distillation: the loss, who learns, the moving average, and that nothing depends on how a training went."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.errors import ConfigError
from bonerisk.heads.binary import BinaryHead
from bonerisk.training import loop
from bonerisk.training.augmentation.weak import Weak
from bonerisk.training.distillation import Distillation, divergence
from bonerisk.training.examples import Examples, Inputs
from bonerisk.training.model import Model
from bonerisk.training.objectives.cross_entropy import CrossEntropy
from bonerisk.training.one_process import OneProcess
from bonerisk.training.settings import TrainingSettings
from bonerisk.training.teacher import Frozen, Teacher

Fit = Callable[..., tuple[Any, dict[str, Any], Path]]


def _kl(teacher: np.ndarray, student: np.ndarray) -> float:
    return float((teacher * np.log(teacher / student)).sum())


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def test_the_divergence_is_the_one_worked_out_by_hand() -> None:
    student, teacher = np.array([[0.3, -1.0, 2.0], [0, 0, 1.0]]), np.array([[1.0, 0.5, -2.0], [3.0, 0, 1.0]])
    wanted = [9 * _kl(_softmax(t / 3), _softmax(s / 3)) for s, t in zip(student, teacher, strict=True)]
    np.testing.assert_allclose(divergence(torch.tensor(student), torch.tensor(teacher), 3), wanted, rtol=1e-12)


def test_a_logit_of_yes_is_two_classes() -> None:
    p, q = (1 / (1 + np.exp(-z / 2)) for z in (1.5, -0.4))
    wanted = 4 * (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))
    found = divergence(torch.tensor([-0.4], dtype=torch.float64), torch.tensor([1.5], dtype=torch.float64), 2)
    np.testing.assert_allclose(found, [wanted], rtol=1e-12)


def test_the_average_moves_as_it_says() -> None:
    student, other = (Model(torch.nn.Linear(1, 1), torch.nn.Identity()) for _ in range(2))
    settings = Distillation(CrossEntropy(), Weak(), teacher="ema", ema_decay=0.9)
    teacher = Teacher(settings, None, other, Inputs(np.arange(1)))
    average = teacher.model.encoder
    start = average.weight.clone()
    teacher.follow(student, 0)
    assert torch.allclose(average.weight, (start + student.encoder.weight) / 2)
    start = average.weight.clone()
    teacher.follow(student, 1000)
    assert torch.allclose(average.weight, 0.9 * start + 0.1 * student.encoder.weight)
    assert not any(weight.requires_grad for weight in average.parameters())


@pytest.mark.parametrize("films_at_once", [None, 2])
def test_a_step_follows_the_gradient_worked_out_by_hand(films_at_once: int | None, tmp_path: Path) -> None:
    """Of films that are one number x, whose logit is a · x + b, under class weights and a share of the divergence."""

    def linear(a: float, b: float) -> torch.nn.Linear:
        layer = torch.nn.Linear(1, 1)
        layer.load_state_dict({"weight": torch.tensor([[a]]), "bias": torch.tensor([b])})
        return layer

    images = np.array([0, 50, 100, 150, 200, 250], dtype=np.uint8).reshape(6, 1, 1)
    x, y = images.ravel() / 100.0, np.array([0, 0, 0, 1, 0, 1.0])
    a, b, alpha, heat = 0.5, -0.2, 0.3, 2.0
    student, teacher = Model(_Pixel(), _Logit(linear(a, b))), Model(_Pixel(), _Logit(linear(1.5, -1.0)))
    inputs = Inputs(np.arange(6))
    given = {"alpha": alpha, "temperature": heat, "films_at_once": films_at_once, "teacher_augmentation": Weak(0)}
    short: dict[str, Any] = {"lr": 1e-3, "weight_decay": 0.0, "batch_size": 6, "warmup_epochs": 0, "max_epochs": 1}
    settings = Distillation(CrossEntropy("balanced"), Weak(0), **short, **given, teacher="run")
    of = Examples(inputs, y)
    task = loop.Task(settings, lambda: images, of, of, 0, tmp_path, None, None, Frozen(teacher, inputs), 1)
    found = loop.Loop(OneProcess(), student, task)
    gradients: dict[str, Any] = {}
    found.optimizer.register_step_pre_hook(
        lambda *_: gradients.update({name: of.grad.clone() for name, of in student.named_parameters()})
    )
    loss = float(found.step(0, np.arange(6)))

    z, guide = a * x + b, 1.5 * x - 1.0
    p, soft, taught = (1 / (1 + np.exp(-value)) for value in (z, z / heat, guide / heat))
    weights = np.where(y == 1, 6 / (2 * 2), 6 / (2 * 4))
    entropy = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    kl = taught * np.log(taught / soft) + (1 - taught) * np.log((1 - taught) / (1 - soft))
    assert loss == pytest.approx(((1 - alpha) * weights * entropy + alpha * heat**2 * kl).sum(), rel=1e-5)
    slope = ((1 - alpha) * weights * (p - y) + alpha * heat * (soft - taught)) / 6
    assert float(gradients["head.score.bias"]) == pytest.approx(slope.sum(), rel=1e-4)
    assert float(gradients["head.score.weight"]) == pytest.approx((slope * x).sum(), rel=1e-4)


class _Pixel(torch.nn.Module):
    """The one pixel of a film, in hundreds."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1).float() / 100


class _Logit(torch.nn.Module):
    """A logit (n,)."""

    def __init__(self, score: torch.nn.Linear) -> None:
        super().__init__()
        self.score = score

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.score(features).squeeze(1)


@pytest.fixture
def distil(fit: Fit, splits: Any) -> Fit:
    """Train a fresh tiny net with a teacher; returns (Trained, weights, folder)."""

    def run(name: str, teacher: str = "ema", shift: float = 0.0, **settings: Any) -> tuple[Any, dict[str, Any], Path]:
        torch.manual_seed(7)
        wise = Model(SmallCNN("random", channels=8), BinaryHead(SmallCNN("random", channels=8).width))
        with torch.no_grad():
            wise.head.score.bias.add_(shift)
        before = {key: value.clone() for key, value in wise.state_dict().items()}
        given = "ema" if teacher == "ema" else Frozen(wise, splits["train"].inputs)
        done = fit(name, teacher=given, objective=CrossEntropy("balanced"), **{"max_epochs": 3, **settings})
        assert _same(wise.state_dict(), before)
        return done

    return run


def _same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return all(torch.equal(value, second[key]) for key, value in first.items())


def test_without_alpha_it_is_the_plain_training_and_with_it_another(fit: Fit, distil: Fit) -> None:
    _, plain, _ = fit("plain", max_epochs=3, objective=CrossEntropy("balanced"))
    assert _same(plain, distil("none", "run", alpha=0.0)[1])
    assert not _same(plain, distil("some", "run", alpha=0.5)[1])


@pytest.mark.parametrize("teacher", ["ema", "run"])
def test_a_resumed_training_ends_as_the_unbroken_one(
    distil: Fit, teacher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole, _ = distil("whole", teacher)
    save, checkpoint = loop.Loop.end_epoch, tmp_path / "killed.ckpt"

    def killed(self: loop.Loop) -> None:
        save(self)
        if len(self.state.history) == 2:
            shutil.copy(self.folder / "resume.ckpt", checkpoint)

    monkeypatch.setattr(loop.Loop, "end_epoch", killed)
    distil("killed", teacher)
    monkeypatch.undo()
    assert _same(whole, distil("resumed", teacher, resume=checkpoint)[1])
    if teacher == "run":
        with pytest.raises(ConfigError, match="weights of the teacher"):
            distil("other", teacher, shift=1.0, resume=checkpoint)


def test_settings_that_make_no_sense_are_named_together() -> None:
    with pytest.raises(ConfigError, match=r"(?s)no teacher.*alpha is 2.*temperature is 0.*ema_decay is 1"):
        Distillation(CrossEntropy(), Weak(), alpha=2, temperature=0, ema_decay=1)
    assert not isinstance(TrainingSettings(CrossEntropy(), Weak()), Distillation)
