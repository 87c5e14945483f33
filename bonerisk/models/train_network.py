"""Train an encoder and a head together: from a configuration to a finished run."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from bonerisk.cohort.recorded import of_splits, of_target, record_source, write_cohort
from bonerisk.cohort.targets.target import find
from bonerisk.config.build import Node
from bonerisk.errors import ConfigError
from bonerisk.features.features import Features
from bonerisk.features.scaling import Scaling
from bonerisk.models.components import component
from bonerisk.models.films import decode_cohort
from bonerisk.models.fitted import keep_complete, learn_columns
from bonerisk.models.network import NewNetwork
from bonerisk.models.resume import checkpoint_of, run_to_resume
from bonerisk.parts import Dataset
from bonerisk.runs.folder import RECORD, Run
from bonerisk.training.settings import TrainingSettings


def train_network(config: DictConfig, run: Run) -> None:
    """Train on the training split, keep the epoch that is best on the tuning split."""
    from bonerisk.training.examples import Examples
    from bonerisk.training.fit import fit

    killed = run_to_resume(config)
    _note_weights(run, config.encoder)
    features = component(config.features, Features, "features")
    dataset, data = component(config.dataset, Dataset, "dataset"), Path(config.paths.data)
    settings = _settings(config, run)
    new = NewNetwork.of(config, config.seed)  # before the films: weights that can't be had stop here
    films = decode_cohort(record_source(dataset.load(data), run), config.preprocessing, run, data)
    cohort = of_target(films.cohort, config.head.target, run)
    learn_columns(features, cohort, config.head.target)
    cohort = of_splits(keep_complete(cohort, features, run, config.name), ["train", "tune"])
    write_cohort(cohort, run)
    train, tune = (cohort.table[cohort.table["split"] == split] for split in ("train", "tune"))
    network = new.network(features, Scaling.of(features.columns, train))
    trained = fit(
        network.module.encoder,
        network.module.head,
        films.images.images,
        train=Examples(network.inputs(train, films), settings.objective.targets(train)),
        tune=Examples(network.inputs(tune, films), settings.objective.targets(tune)),
        settings=settings,
        seed=config.seed,
        folder=run.folder,
        resume=checkpoint_of(killed, run, cohort.table) if killed else None,
        notes=network.notes,
    )
    run.record["device"] = trained.device
    run.wrote("model", "model.safetensors")
    run.wrote("history", "history.csv")
    with run.writes("predictions", "tuning.parquet") as path:
        network.predict(tune, films, cohort.name, config.name).to_parquet(path, index=False)


def _settings(config: DictConfig, run: Run) -> TrainingSettings:
    """The settings with an objective that fits the target; how it judges an epoch is recorded for the page.

    Raises
    ------
    ConfigError
        The objective is for targets of another kind.
    """
    settings = component(config.training, TrainingSettings, "training")
    objective, kind = settings.objective, find(config.head.target).kind
    if kind not in objective.kinds:
        what = f"{type(objective).__name__} is for {' and '.join(objective.kinds)} targets, and head.target="
        raise ConfigError(f"{what}{config.head.target} is {kind}", "training.objective", "choose another training=…")
    run.record["history"] = {"columns": dict(objective.columns), "best_by": objective.best_by}
    return settings


def _note_weights(run: Run, encoder: Node) -> None:
    """Record the file that the encoder starts from, and the training it is from: its patients have been seen, too."""
    from bonerisk.encoders.weights import check

    path = check(encoder["weights"], encoder["sha256"])
    if path is not None:
        run.reads("weights", path, parent=path.parent if (path.parent / RECORD).is_file() else None)
