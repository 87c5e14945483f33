"""The trained run that teaches another training: found, checked, loaded."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from bonerisk.cohort.overlap import refuse_seen, seen_by
from bonerisk.config.build import plain
from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import ConfigError, DataError, raise_together
from bonerisk.named import EMA
from bonerisk.runs.differences import differences
from bonerisk.runs.find import StoredRun, find
from bonerisk.runs.folder import Run
from bonerisk.training.settings import TrainingSettings

WHERE = "training.teacher"
KIND = "teacher"  # of the run's input


def teacher_of(settings: TrainingSettings, config: DictConfig, run: Run) -> StoredRun | None:
    """The run that teaches, if the settings name one; what guides the training is recorded.

    Raises
    ------
    ConfigError
        As `teacher_run`.
    """
    from bonerisk.training.distillation import Distillation

    if not isinstance(settings, Distillation):
        return None
    found = None if settings.teacher == EMA else teacher_run(settings.teacher, config, run)
    name = found.folder.name if found else None
    run.record["distillation"] = {"teacher": name, "alpha": settings.alpha, "temperature": settings.temperature}
    return found


def teacher_run(name: str, config: DictConfig, run: Run) -> StoredRun:
    """The run, recorded as read; its patients count as seen by the student.

    Raises
    ------
    ConfigError
        There is no such run, it has no network, or its target, preprocessing or columns differ.
    """
    found = find(name, Path(config.paths.outputs), ["train"])
    mend = "name a network of the same target and preprocessing: bonerisk train training=classifier …"
    if not found.config["training"]:
        raise ConfigError(f"the teacher {found.folder} is a head fitted to features, not a network", WHERE, mend)
    errors = []
    if (theirs := found.config["head"]["target"]) != config.head.target:
        what = f"the teacher {found.folder} predicts {theirs}, and this training {config.head.target}"
        errors.append(ConfigError(what, WHERE, f"type head.target={theirs}, or name another teacher"))
    for key in ("preprocessing", "features"):
        here, there = plain(config[key]), plain(found.config[key])
        if other := sorted(differences({key: here}, {key: there})):
            what = f"the teacher {found.folder} was trained with other values of {', '.join(other)}"
            errors.append(ConfigError(what, WHERE, f"choose its {key}=…, or name another teacher"))
    raise_together(errors)
    run.reads(KIND, found.path(MODEL_FILE), parent=found.folder)
    return found


def refuse_taught(table: pd.DataFrame, teacher: StoredRun) -> None:
    """Refuse tuning patients whom the teacher was trained on, and test patients whom it saw at all.

    Raises
    ------
    DataError
    """
    held = table[table["split"] != "train"]
    for name, seen in seen_by([teacher.folder]):
        learnt = seen[seen["split"] == "train"]
        tested = held[held["split"] != "tune"]
        for here, there in ((held[held["split"] == "tune"], learnt), (tested, seen)):
            try:
                refuse_seen(here, there, f"the weights of the teacher {name}")
            except DataError as error:
                mend = "split both trainings alike, by the same split_seed, or name another training.teacher"
                raise DataError(error.what, error.where, mend) from None
