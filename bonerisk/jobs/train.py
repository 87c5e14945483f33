"""`bonerisk train`: a cohort to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bonerisk.cohort.recorded import load_cohort, of_splits, write_cohort
from bonerisk.cohort.targets import select
from bonerisk.config.build import build
from bonerisk.config.run_folder import run_folder
from bonerisk.config.signature import argument_types
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, raise_together
from bonerisk.models import fitted
from bonerisk.models.films import Films, decoded
from bonerisk.models.frozen import PARENT
from bonerisk.models.network import new_model, predict
from bonerisk.models.resume import broken, resumed
from bonerisk.runs.folder import RECORD, Run


def train(order: Order) -> Path:
    """Fit a head to features that stay as they are (`training=none`), or encoder and head together."""
    with run_folder(order, order.config.name) as run:
        _check_together(order.config)
        if order.config.training:
            _train_both(order.config, run)
        else:
            fitted.train_head(order.config, run, train)
    return run.folder


def _check_together(config: Any) -> None:
    """Refuse, all at once, options that can't work with each other.

    Raises
    ------
    ConfigError
    """
    fitted_head = "names" in argument_types(config.head._target_)  # of features; one of a `width` is trained
    wrong = {
        "training=none fits a head to features, and this one is trained with its encoder: choose head=logistic": (
            not config.training and not fitted_head
        ),
        "this head is fitted to features, not trained with an encoder: choose training=none, or head=binary": (
            config.training and fitted_head
        ),
        "encoder=none has nothing to train: choose training=none": config.training and not config.encoder,
        "an encoder of a run stays as it is: choose training=none, or start from it by encoder.weights=RUN": (
            config.training and PARENT in (config.encoder or {})
        ),
        "training learns from films alone: choose features=embedding, or training=none": (
            config.training and (not config.features.embedding or config.features.columns != [])
        ),
        "preprocessing=none reads no films to train on: choose another": config.training and not config.preprocessing,
    }
    found = [text.split(": ") for text, holds in wrong.items() if holds]
    raise_together([ConfigError(what, "train", mend) for what, mend in found])


def _train_both(config: Any, run: Run) -> None:
    """Train on the training split, keep the epoch that is best on the tuning split."""
    killed = broken(config)
    _note_weights(run, config.encoder)
    dataset, training, data = build(config.dataset), build(config.training), Path(config.paths.data)
    encoder, head = new_model(config, config.seed)  # before the films: weights that can't be had stop here
    films = decoded(load_cohort(dataset, run, data), dataset, config.preprocessing, run, data)
    cohort = of_splits(select(films.cohort, config.head.target), ["train", "tune"])
    write_cohort(cohort, run)
    resume = resumed(killed, run, cohort.table) if killed else None
    trained = training.fit(
        encoder,
        head,
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
        predict(encoder, head, films, tuning, config.name).to_parquet(path, index=False)


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
