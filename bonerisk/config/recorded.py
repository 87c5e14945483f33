"""The runs that a configuration names, such as one whose recorded dataset nobody wants to type twice.

A command's configuration gets the recorded dataset in the place of the run's name, and the paths of other runs: what it
records in turn can be repeated, whatever `latest` is then.
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, open_dict

from bonerisk.named import EMA
from bonerisk.runs.find import StoredRun, find

OF_RUN, MERGED = "bonerisk.datasets.of_run.OfRun", "bonerisk.datasets.merged.Merged"
MORPHOMETRY = "bonerisk.datasets.morphometry.Morphometry"
DISTILLATION = "bonerisk.training.distillation.Distillation"


def prepared(text: str, outputs: Path) -> StoredRun:
    """The finished run of `bonerisk prepare` that `text` names.

    Raises
    ------
    ConfigError
        There is none, or more than one.
    """
    return find(text, outputs, ["prepare"])


def cohort_run(text: str, outputs: Path) -> StoredRun:
    """The finished run of `bonerisk prepare` or `bonerisk pseudolabel` that `text` names.

    Raises
    ------
    ConfigError
        There is none, or more than one.
    """
    return find(text, outputs, ["prepare", "pseudolabel"])


def put_runs(config: DictConfig, choices: dict[str, str]) -> None:
    """Replace ``dataset=run`` by the dataset that the run records, and the choice by the run's own.

    A run that has found points is named by its path from then on, as are the runs of ``dataset=merged`` and of
    ``dataset=morphometry``, and the teacher of a training.

    Raises
    ------
    ConfigError
        There is no such run.
    """
    outputs, training = Path(config.paths.outputs), config.get("training")
    if training and training.get("_target_") == DISTILLATION and training.teacher not in ("", EMA):
        training.teacher = str(find(str(training.teacher), outputs, ["train"]).folder)
    dataset = config.get("dataset")
    if dataset and dataset.get("_target_") == MERGED:
        dataset.runs = [str(cohort_run(str(text), outputs).folder) for text in dataset.runs]
    if dataset and dataset.get("_target_") == MORPHOMETRY:
        for key in ("run", "later"):
            dataset[key] = dataset[key] and str(prepared(str(dataset[key]), outputs).folder)
    if not dataset or dataset.get("_target_") != OF_RUN:
        return
    run = prepared(str(dataset.run), outputs)
    if run.config.get("keypoints"):  # its points are in no dataset but itself
        dataset.run = str(run.folder)
        return
    with open_dict(config):
        config.dataset = run.config["dataset"]
    choices |= {key: value for key, value in run.record["choices"].items() if key.partition("/")[0] == "dataset"}
