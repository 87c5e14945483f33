"""`bonerisk train`: a cohort of films to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from bonerisk.cohort.targets import select
from bonerisk.config.build import build
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, DataError
from bonerisk.jobs.films import Films, load_films, of_splits, write_cohort
from bonerisk.jobs.folder import run_folder
from bonerisk.jobs.model import new_model, predict
from bonerisk.runs.find import StoredRun, find
from bonerisk.runs.folder import RECORD, Run

CHECKPOINT = "resume.ckpt"


def train(order: Order) -> Path:
    """Fit encoder and head on the training split, keep the epoch that is best on the tuning split."""
    config = order.config
    with run_folder(order, config.name) as run:
        broken = _broken(config)
        _note_weights(run, config.encoder)
        dataset, training = build(config.dataset), build(config.training)
        encoder, head = new_model(config, config.seed)  # before the films: weights that can't be had stop here
        films = load_films(dataset, config.preprocessing, run, Path(config.paths.data))
        cohort = of_splits(select(films.cohort, config.head.target), ["train", "tune"])
        write_cohort(cohort, run)
        resume = _resumed(broken, run, cohort.table) if broken else None
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
    return run.folder


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


def _broken(config: Any) -> StoredRun | None:
    """The killed or failed run to go on with, which must have had the same configuration."""
    if config.resume is None:
        return None
    statuses = ("killed", "failed") if config.resume == "latest" else ("killed", "failed", "elsewhere")
    run = find(config.resume, Path(config.paths.outputs), ["train"], statuses, holding=CHECKPOINT)
    if not (run.folder / CHECKPOINT).exists():
        raise ConfigError("it ended before its first epoch did", str(run.folder), "train anew, without resume=")
    ours: Any = OmegaConf.to_container(config)
    different = sorted(_differences(ours, run.config))
    if different:
        mend = f"repeat its command with resume={config.resume}: {' '.join(run.record['command_line'][1:])}"
        raise ConfigError(f"the run to resume had other values of {', '.join(different)}", str(run.folder), mend)
    return run


def _resumed(broken: StoredRun, run: Run, table: pd.DataFrame) -> Path:
    """The checkpoint to go on from; DataError where films or cohort are not those it was trained on."""
    before = {item["sha256"] for item in broken.record["inputs"] if item["kind"] == "images"}
    now = {item["sha256"] for item in run.record["inputs"] if item["kind"] == "images"}
    if before != now or not pd.read_parquet(broken.folder / "cohort.parquet").equals(table):
        raise DataError("the films or the cohort have changed since", str(broken.folder), "train anew, without resume=")
    return run.reads("resume", broken.folder / CHECKPOINT, parent=broken.folder)


def _differences(ours: dict[str, Any], theirs: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in {*ours, *theirs} - ({"paths", "resume"} if not prefix else set()):
        mine, other = ours.get(key), theirs.get(key)
        if isinstance(mine, dict) and isinstance(other, dict):
            found += _differences(mine, other, f"{prefix}{key}.")
        elif mine != other:
            found.append(f"{prefix}{key}")
    return found
