"""Several trained models in one evaluation: one target, distinct names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bonerisk.config.build import Node, plain
from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import ConfigError
from bonerisk.evaluation.tables.result import OutcomeKind
from bonerisk.models.by_t_score import ByTScore
from bonerisk.models.load import load_model
from bonerisk.models.predictions import TUNING_FILE
from bonerisk.models.trained import TrainedModel
from bonerisk.models.two_stages import TwoStages
from bonerisk.runs.differences import differences
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run
from bonerisk.runs.sweeps import trainings

NAME_KEYS = ("features", "head", "encoder", "preprocessing", "training", "model", "dataset", "seed")  # may distinguish


def load_models(texts: str | Sequence[str], outputs: Path) -> list[TrainedModel]:
    """The models of the trainings that a user names, see `bonerisk.runs.sweeps.trainings`.

    Raises
    ------
    ConfigError
        There is no such run.
    """
    return [load_model(run) for run in trainings(texts, outputs)]


def named_apart(models: Sequence[TrainedModel]) -> list[TrainedModel]:
    """The same models, each by a name of its own.

    Raises
    ------
    ConfigError
        Two cannot be distinguished.
    """
    runs = [model.run for model in models]
    return [load_model(run, name) for run, name in zip(runs, _names(runs), strict=True)]


def combined(models: Sequence[TrainedModel]) -> list[TrainedModel]:
    """The first two as the two stages of one model, and the others as they are, each by a name of its own.

    Raises
    ------
    ConfigError
        There are no two, or they are no such stages (`bonerisk.models.two_stages`).
    """
    if len(models) < 2:
        mend = "name a run of head.target=osteoporosis, then one of head.target=low_bone_mass: 'run=[RUN,RUN]'"
        raise ConfigError(f"{len(models)} run is no two stages", "combine=two_stages", mend)
    return [TwoStages(models[0], models[1], "two_stages"), *named_apart(models[2:])]


def comparable(models: Sequence[TrainedModel]) -> list[TrainedModel]:
    """The same models; where some are of classes in order, those of the T-score call the class of their estimate."""
    if {model.target.kind for model in models} != {"ordinal", "amount"}:
        return list(models)
    return [ByTScore(model.run, model.name) if model.target.kind == "amount" else model for model in models]


def outcome_of(models: Sequence[TrainedModel]) -> OutcomeKind:
    """The kind of outcome that the models predict.

    Raises
    ------
    ConfigError
        They predict different targets.
    """
    targets = {model.target_name: model.target.kind for model in models}
    if len(targets) > 1:
        raise ConfigError(f"the runs predict {' and '.join(targets)}", "run", "evaluate models of one target together")
    [kind] = targets.values()
    return kind


def dataset_of(models: Sequence[TrainedModel]) -> Node:
    """The dataset that all models were trained on, as a node of the configuration.

    Raises
    ------
    ConfigError
        There are several; the error names them, or the keys in which those of one kind differ.
    """
    first, *rest = models
    node = plain(first.run.config["dataset"])
    for other in rest:
        theirs = plain(other.run.config["dataset"])
        if found := differences(node, theirs):
            what = f"{first.run.folder.name} and {other.run.folder.name} were trained on "
            if node["_target_"] == theirs["_target_"]:
                what += f"datasets that differ in {', '.join(sorted(found))}"
            else:
                what += " and ".join(f"dataset={model.run.record['choices']['dataset']}" for model in (first, other))
            raise ConfigError(what, "run", "say on which one to evaluate: dataset=…")
    return node


def note_inputs(models: Sequence[TrainedModel], run: Run) -> None:
    """Record the files of the models that a run reads, and the first model's training split."""
    first = models[0].run
    run.reads("cohort", first.path("cohort.parquet"), parent=first.folder)
    for kind, file in (("tuning", TUNING_FILE), ("model", MODEL_FILE)):
        for model in models:
            run.reads(kind, model.run.path(file), parent=model.run.folder)


def _names(runs: Sequence[StoredRun]) -> list[str]:
    """A name for each model: its own; if several have the same, with what distinguishes these.

    Raises
    ------
    ConfigError
        Nothing distinguishes them.
    """
    found: dict[Path, str] = {}
    for name in dict.fromkeys(run.name for run in runs):
        alike = [run for run in runs if run.name == name]
        found |= dict(zip((run.folder for run in alike), _apart(alike), strict=True))
    return [found[run.folder] for run in runs]


def _apart(runs: Sequence[StoredRun]) -> list[str]:
    """Names of runs of one name: by the first key that distinguishes them all, else by all that differ."""
    if len(runs) == 1:
        return [runs[0].name]
    choices = [{**run.record["choices"], "seed": run.config["seed"]} for run in runs]
    differing = [key for key in NAME_KEYS if len({str(chosen.get(key)) for chosen in choices}) > 1]
    for keys in [*([key] for key in differing), differing]:
        names = [
            f"{run.name} ({', '.join(str(chosen[key]) for key in keys)})"
            for run, chosen in zip(runs, choices, strict=True)
        ]
        if len(set(names)) == len(runs):
            return names
    mend = "name each run once; give trainings that are alike in these names of their own: train … name=…"
    raise ConfigError(f"{len(runs)} runs can't be distinguished by {', '.join(NAME_KEYS)}", "run", mend)
