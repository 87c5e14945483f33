"""An encoder and a head that were trained together: built from a configuration, loaded from a run, predicting rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bonerisk.config.build import build
from bonerisk.models.films import Films, encoder_for
from bonerisk.models.predictions import predictions
from bonerisk.runs.find import StoredRun


@dataclass(frozen=True)
class Network:
    """An encoder and the head trained with it."""

    encoder: Any
    head: Any

    def predict(self, table: pd.DataFrame, films: Films, dataset: str, name: str) -> pd.DataFrame:
        """The predictions table for the rows of `table`: `risk` (n,), and what else the head predicts."""
        from bonerisk.training.model import predict

        risk = predict(self.encoder, self.head, films.images.images, films.rows(table))
        return predictions(table, dataset, name, {"risk": risk})

    def embed(self, table: pd.DataFrame, films: Films) -> np.ndarray:
        """Features (n, width) float32 that the encoder gives the films of `table`."""
        raise NotImplementedError


def new_network(config: Mapping[str, Any], seed: int) -> Network:
    """A network as configured; `seed` alone decides what is drawn at random in it."""
    import torch

    torch.manual_seed(seed)
    encoder = encoder_for(config["preprocessing"], config["encoder"])
    return Network(encoder, build(config["head"], width=encoder.width))


def load_network(run: StoredRun) -> Network:
    """The network of a training run, with the weights that it kept."""
    from bonerisk.training.model import load

    config = {**run.config, "encoder": {**run.config["encoder"], "weights": "random"}}  # replaced in the next lines
    network = new_network(config, seed=0)
    load(network.encoder, network.head, run.path("model.safetensors"))
    return network
