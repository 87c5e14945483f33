"""An objective that compares the films of a step: the Cox partial likelihood, whose risk sets need all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import ConfigError, RunError
from bonerisk.training.augmentation.weak import Weak
from bonerisk.training.objectives.cox import Cox
from bonerisk.training.settings import TrainingSettings

Fit = Callable[..., tuple[Any, dict[str, Tensor], Any]]


@pytest.fixture
def splits(splits: dict[str, Any]) -> dict[str, Any]:
    """The same films with a time of follow-up: the label is the event, and events come first."""
    times = np.random.default_rng(3).exponential(size=200)
    return {
        name: replace(of, targets=np.column_stack([times[of.inputs.rows] + 2 * (of.targets == 0), of.targets]))
        for name, of in splits.items()
    }


def without_batch_norm() -> TimmEncoder:
    return TimmEncoder("test_convnext.r160_in1k", weights="random")


def gradients(fit: Fit, folder: Path, **settings: Any) -> tuple[Tensor, pd.DataFrame]:
    """Adam's mean of all gradients after an epoch, and the history; from the state that a failed training leaves."""
    (folder / "model.safetensors").mkdir(parents=True)
    with pytest.raises(RunError, match="can't be written"):
        fit(folder.name, objective=Cox(), make=without_batch_norm, max_epochs=1, **settings)
    state = torch.load(folder / "resume.ckpt", weights_only=True)
    found = torch.cat([of["exp_avg"].flatten() for of in state["optimizer"]["state"].values()])
    return found, pd.read_csv(folder / "history.csv").drop(columns="seconds")


def test_two_processes_see_the_risk_sets_of_one(fit: Fit, tmp_path: Path) -> None:
    one, history = gradients(fit, tmp_path / "one")
    two, same = gradients(fit, tmp_path / "two", devices=2)
    assert list(history) == ["epoch", "lr", "train_loss", "tune_loss", "tune_c_index"]
    pd.testing.assert_frame_equal(same, history, rtol=1e-4)
    assert float((two - one).norm() / one.norm()) < 0.01  # a wrong scale would be lost on Adam, whose steps have none


def test_it_learns(fit: Fit) -> None:
    trained, _, _ = fit("run", objective=Cox(), max_epochs=8)
    assert trained.best["tune_loss"] < trained.history["tune_loss"].iloc[0] - 0.1
    # Films show the event but not its time: a pair of events is ranked by chance, so that 0.8 is about all there is.
    assert trained.best["tune_c_index"] == trained.history["tune_c_index"].max() > 0.75


def test_a_batch_in_parts_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="Cox compares the films of a step") as caught:
        TrainingSettings(Cox(), Weak(), films_at_once=4)
    assert "training.films_at_once=null" in str(caught.value)
