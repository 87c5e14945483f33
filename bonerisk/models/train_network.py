"""Train an encoder and a head together: from a configuration to a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bonerisk.cohort.recorded import of_splits, of_target, recorded, write_cohort
from bonerisk.config.build import build
from bonerisk.models.components import component
from bonerisk.models.films import Films, decoded
from bonerisk.models.network import new_network
from bonerisk.models.resume import broken, resumed
from bonerisk.parts import Dataset
from bonerisk.runs.folder import RECORD, Run


def train_network(config: Any, run: Run) -> None:
    """Train on the training split, keep the epoch that is best on the tuning split."""
    killed = broken(config)
    _note_weights(run, config.encoder)
    dataset = component(config.dataset, Dataset, "dataset")
    training, data = build(config.training), Path(config.paths.data)
    network = new_network(config, config.seed)  # before the films: weights that can't be had stop here
    films = decoded(recorded(dataset.load(data), run), config.preprocessing, run, data)
    cohort = of_splits(of_target(films.cohort, config.head.target, run), ["train", "tune"])
    write_cohort(cohort, run)
    resume = resumed(killed, run, cohort.table) if killed else None
    trained = training.fit(
        network.encoder,
        network.head,
        films.images.images,
        train=_labelled(films, cohort.table, "train"),
        tune=_labelled(films, cohort.table, "tune"),
        seed=config.seed,
        folder=run.folder,
        resume=resume,
    )
    run.record["device"] = trained.device
    run.wrote("model", "model.safetensors")
    run.wrote("history", "history.csv")
    tuning = cohort.table[cohort.table["split"] == "tune"]
    with run.writes("predictions", "tuning.parquet") as path:
        network.predict(tuning, films, cohort.name, config.name).to_parquet(path, index=False)


def _note_weights(run: Run, encoder: Any) -> None:
    """Record the file that the encoder starts from, and the training it is from: its patients have been seen, too."""
    from bonerisk.encoders.weights import check

    path = check(encoder.weights, encoder.sha256)
    if path is not None:
        run.reads("weights", path, parent=path.parent if (path.parent / RECORD).is_file() else None)


def _labelled(films: Films, table: pd.DataFrame, split: str) -> Any:
    from bonerisk.training.classifier import Labelled

    chosen = table[table["split"] == split]
    return Labelled(films.rows(chosen), chosen["label"].to_numpy())
