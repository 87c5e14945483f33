"""An encoder and a head from a configuration, and the predictions table they make. Imports torch when called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bonerisk.config.build import build
from bonerisk.models.films import Films
from bonerisk.models.predictions import predictions
from bonerisk.runs.find import StoredRun


def new_model(config: Mapping[str, Any], seed: int) -> tuple[Any, Any]:
    """Encoder and head as configured; what is drawn at random in them hangs on `seed` alone."""
    import torch

    torch.manual_seed(seed)
    encoder = build(config["encoder"])
    return encoder, build(config["head"], width=encoder.width)


def trained_model(run: StoredRun) -> tuple[Any, Any]:
    """Encoder and head of a training run, with the weights that it kept."""
    from bonerisk.training.model import load

    config = {**run.config, "encoder": {**run.config["encoder"], "weights": "random"}}  # replaced in the next lines
    encoder, head = new_model(config, seed=0)
    load(encoder, head, run.path("model.safetensors"))
    return encoder, head


def predict(encoder: Any, head: Any, films: Films, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The predictions table of one model for the films of `table`: its columns, `dataset`, `model` and `risk` (n,)."""
    from bonerisk.training.model import predict as risk

    found = risk(encoder, head, films.images.images, films.rows(table))
    return predictions(table, films.cohort.name, name, {"risk": found})
