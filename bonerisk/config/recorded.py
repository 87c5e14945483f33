"""The dataset that a run records, so that nobody types its arguments twice.

A command's configuration gets the recorded dataset in the place of the run's name: what it records in turn can be
repeated, whatever `latest` is then.
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, open_dict

from bonerisk.runs.find import StoredRun, find

OF_RUN, MERGED = "bonerisk.datasets.of_run.OfRun", "bonerisk.datasets.merged.Merged"


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


def put_dataset(config: DictConfig, choices: dict[str, str]) -> None:
    """Replace ``dataset=run`` by the dataset that the run records, and the choice by the run's own.

    The runs of ``dataset=merged`` are named by their paths from then on.

    Raises
    ------
    ConfigError
        There is no such run.
    """
    dataset = config.get("dataset")
    if dataset and dataset.get("_target_") == MERGED:
        outputs = Path(config.paths.outputs)
        dataset.runs = [str(cohort_run(str(text), outputs).folder) for text in dataset.runs]
    if not dataset or dataset.get("_target_") != OF_RUN:
        return
    run = prepared(str(dataset.run), Path(config.paths.outputs))
    with open_dict(config):
        config.dataset = run.config["dataset"]
    choices |= {key: value for key, value in run.record["choices"].items() if key.partition("/")[0] == "dataset"}
