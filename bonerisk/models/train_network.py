"""Train an encoder and a head together, from configuration to finished run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, cast

from omegaconf import DictConfig

from bonerisk.cohort.recorded import of_splits, of_target, record_source, write_cohort
from bonerisk.cohort.targets.target import find
from bonerisk.encoders.weights import MODEL_FILE, check
from bonerisk.errors import ConfigError
from bonerisk.features.features import Features
from bonerisk.features.scaling import Scaling
from bonerisk.heads.row_outcomes import refuse_unused
from bonerisk.models import familiarity
from bonerisk.models.components import component
from bonerisk.models.films import decode_cohort, require_films
from bonerisk.models.fitted import keep_complete, learn_columns
from bonerisk.models.frozen import note_weights
from bonerisk.models.network import NewNetwork, load_network
from bonerisk.models.points import usable
from bonerisk.models.resume import checkpoint_of, run_to_resume
from bonerisk.models.teacher import refuse_taught, teacher_of
from bonerisk.models.tuning import write_tuning
from bonerisk.parts import Dataset, PointAugmentation, SurvivalHead, require
from bonerisk.runs.folder import Run
from bonerisk.training.files import HISTORY_FILE
from bonerisk.training.settings import TrainingSettings

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)


def train_network(config: DictConfig, run: Run) -> None:
    """Train on the training split; keep the best epoch on the tuning split."""
    import torch

    from bonerisk.training.examples import Examples
    from bonerisk.training.fit import fit
    from bonerisk.training.model import save
    from bonerisk.training.teacher import Frozen

    killed = run_to_resume(config, run)
    run.record["threads"] = killed.record["threads"] if killed else torch.get_num_threads()
    note_weights(run, config.encoder, check(config.encoder["weights"], config.encoder["sha256"]))
    features = component(config.features, Features, "features")
    dataset, data = component(config.dataset, Dataset, "dataset"), Path(config.paths.data)
    settings = _settings(config, run)
    teacher = teacher_of(settings, config, run)
    new = NewNetwork.of(config, config.seed)  # before the films, so that absent weights stop here
    loaded, target = record_source(dataset.load(data), run), config.head.target
    require_films(loaded)
    refuse_unused(loaded.table, ())
    learn_columns(features, find(target).rows(loaded), target)  # before the films, so that a wrong column stops here
    films = decode_cohort(loaded, config.preprocessing, run, data)
    cohort = of_target(films.cohort, target, run)
    if points := find(target).points:
        cohort = usable(cohort, films, points)
    learn_columns(features, cohort, target)
    if teacher is not None:
        refuse_taught(cohort.table, teacher)
    cohort = of_splits(keep_complete(cohort, features, run, config.name), ["train", "tune"])
    write_cohort(cohort, run)
    train, tune = (cohort.table[cohort.table["split"] == split] for split in ("train", "tune"))
    known = find(target).classes
    if absent := [name for number, name in enumerate(known) if not (train["label"] == number).any()]:
        run.note(f"The training split has no film of the class {', '.join(absent)}: the model has not learnt it.")
    network = new.network(features, Scaling.of(features.columns, train))
    targets = network.targets(settings.objective, cohort.table, films)
    learns = (cohort.table["split"] == "train").to_numpy()
    taught = load_network(teacher) if teacher else None
    trained = fit(
        network.module.encoder,
        network.module.head,
        films.images.images,
        train=Examples(network.inputs(train, films), targets[learns]),
        tune=Examples(network.inputs(tune, films), targets[~learns]),
        settings=settings,
        seed=config.seed,
        folder=run.folder,
        resume=checkpoint_of(killed, run, cohort.table) if killed else None,
        notes=network.notes,
        teacher=Frozen(taught.module, taught.inputs(train, films)) if taught else None,
        threads=run.record["threads"],
    )
    run.record["device"] = trained.device
    log.info("epoch %d of %d is kept", trained.best["epoch"], len(trained.history))
    if network.survival_head:
        for note in network.calibrate(network.survival_head, train, tune, films, config.seed):
            run.note(note)
        save(network.module.state_dict(), run.folder / MODEL_FILE, network.notes)  # again, with what it learnt of times
    run.wrote("model", MODEL_FILE)
    run.wrote("history", HISTORY_FILE)
    if points:
        write_tuning(network.predict(tune, films, cohort.name, config.name), target, run)
        return
    predicted, of_tuning = network.predict_and_embed(tune, films, cohort.name, config.name)
    write_tuning(predicted, target, run)
    columns = features.columns.used
    familiarity.learn(train, network.embed(train, films), of_tuning, columns, config.seed).write(run)


def _settings(config: DictConfig, run: Run) -> TrainingSettings:
    """The settings, whose objective and head must fit the target; how it scores an epoch is recorded for the page.

    Raises
    ------
    ConfigError
        The objective is for targets of another kind, or the head can't learn probabilities of times.
    """
    settings = component(config.training, TrainingSettings, "training")
    objective, kind = settings.objective, find(config.head.target, config.head.get("target_words")).kind
    if kind not in objective.kinds:
        what = f"{type(objective).__name__} is for {' and '.join(objective.kinds)} targets, and head.target="
        raise ConfigError(f"{what}{config.head.target} is {kind}", "training.objective", "choose another training=…")
    if settings.of_points:
        require(type(settings.augmentation), PointAugmentation, "training.augmentation")
    if kind == "survival":
        import torch

        head = component(config.head, SurvivalHead, "head", width=1)
        # Tried before films are read, as an objective refuses heads with outputs of another kind.
        settings.objective.loss(cast("nn.Module", head)(torch.zeros(1, 1)), torch.zeros(1, 2))
    run.record["history"] = {"columns": dict(objective.columns), "best_by": objective.best_by}
    return settings
