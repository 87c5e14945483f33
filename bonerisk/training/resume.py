"""State from which a training that was stopped resumes unchanged."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bonerisk.errors import ConfigError
from bonerisk.runs.folder import replacing
from bonerisk.runs.resumable import RESUME_FILE


@dataclass
class State:
    """A training after a whole epoch, or between two steps.

    Learning rate, film order and augmentation depend on epoch and step, the early stop on the history: none is stored.

    Attributes
    ----------
    identity : dict
        Settings by config key; resuming requires equal ones.
    history : list of dict
        The rows of history.csv.
    model, best_model : dict
        Tensors now, and after the best epoch. Within an epoch of several processes, batch norm's running statistics are
        those of the first.
    average : dict
        Tensors of the student's moving average, if it is its teacher.
    step : int
        Steps done of an epoch that is not over.
    loss : float
        Sum of its weighted losses so far.
    optimizer, precision : dict
        State of AdamW, and of the loss scale of 16-bit training.
    """

    identity: dict[str, object]
    history: list[dict[str, float]] = field(default_factory=list)
    model: dict[str, Tensor] = field(default_factory=dict)
    best_model: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    precision: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    loss: float = 0.0

    def write(self, folder: Path) -> None:
        """Replace the folder's `resume.ckpt` in one step, so that a crash leaves a whole file."""
        with replacing(folder / RESUME_FILE) as temporary:
            torch.save(vars(self), temporary)

    @classmethod
    def read(cls, path: Path, identity: dict[str, object]) -> State:
        """State of a training with this identity; code in the file is never run.

        Raises
        ------
        ConfigError
            There is none, it is damaged, or it is of other settings.
        """
        try:
            state = cls(**torch.load(path, map_location="cpu", weights_only=True))
        except FileNotFoundError as error:
            mend = "A training writes it after each epoch and removes it at its end: start anew without resume="
            raise ConfigError("There is nothing to go on from", str(path), mend) from error
        except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError) as error:
            raise ConfigError("The training's state can't be read", str(path), "Start anew without resume=") from error
        other = [
            f"{key}: {old} then, {identity.get(key)} now"
            for key, old in state.identity.items()
            if identity.get(key) != old
        ]
        if other:
            mend = "Give the settings of the killed training, or start anew without resume="
            raise ConfigError(f"The killed training was another ({'; '.join(other)})", str(path), mend)
        return state
