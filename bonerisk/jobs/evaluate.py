"""`bonerisk evaluate`: a trained model on its own or another cohort."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from bonerisk.cohort.overlap import refuse_seen_by
from bonerisk.cohort.recorded import load_cohort, of_splits, write_cohort
from bonerisk.cohort.table import SPLITS, Cohort
from bonerisk.cohort.targets.target import find as find_target
from bonerisk.cohort.targets.target import select
from bonerisk.config.build import build
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError
from bonerisk.evaluation.tables.result import write
from bonerisk.models import fitted
from bonerisk.models.embeddings import embedded
from bonerisk.models.films import decoded
from bonerisk.models.frozen import frozen_of
from bonerisk.models.network import load_network
from bonerisk.reporting.figures.films import write_examples
from bonerisk.runs.differences import differences
from bonerisk.runs.find import StoredRun, find
from bonerisk.runs.folder import Run

TELLING = ("features", "head", "encoder", "preprocessing", "model", "dataset", "seed")  # models of one name apart

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """A trained model with the rows it can predict.

    Parameters
    ----------
    name : str
        Among those that are judged together.
    run : StoredRun
    cohort : Cohort
    predict : callable
        From rows of the cohort to the predictions table.
    columns : sequence of str
        Those that it has learnt from, where it sees no film.
    """

    name: str
    run: StoredRun
    cohort: Cohort
    predict: Callable[[pd.DataFrame], pd.DataFrame]
    columns: Sequence[str] = ()


def evaluate(order: Order) -> Path:
    """Predict the chosen splits, and write predictions, metrics with intervals, thresholds and figures.

    Of several models the first is the one that the evaluation is about: its rows are judged, and the others are
    compared with it on those that they can predict.
    """
    from bonerisk.reporting.drawings import draw

    config = order.config
    asked = [config.run] if isinstance(config.run, str) else list(config.run)
    runs = [find(text, Path(config.paths.outputs), ["train"]) for text in asked]
    outcome, chosen, names = _outcome(runs), _dataset(config, runs), _names(runs)
    with run_folder(order, runs[0].name) as run:
        training = pd.read_parquet(run.reads("cohort", runs[0].path("cohort.parquet"), parent=runs[0].folder))
        tuning = _tuning(run, runs, names)
        dataset, evaluation = build(chosen), build(config.evaluation)
        judged = list(_judged(dataset, runs, names, run, Path(config.paths.data)))
        labelled = judged[0].cohort
        if config.get("dataset") and config.split is None:
            _warn_of_rest(labelled, run, "dataset.rules.split" if "rules" in config.dataset else "dataset.split")
        cohort = _chosen(labelled, config.split)
        refuse_seen_by(cohort.table, [model.folder for model in runs])
        for model in runs:
            run.reads("model", model.path("model.safetensors"), parent=model.folder)
        write_cohort(cohort, run)
        predicted = pd.concat([_predicted(model, cohort) for model in judged], ignore_index=True)
        learnt = training[training["split"] == "train"]  # the first model's: baselines don't hang on who is beside it
        trained = {model.name: model.run.folder.name for model in judged}
        target = runs[0].config["head"]["target"]
        result = evaluation.run(predicted, tuning, learnt, outcome, judged[0].columns, target, trained)
        run.record["preset"] = runs[0].record["choices"].get("model", "")
        write(result, run)
        with run.writes("figures", "figures") as folder:
            draw(folder, result, cohort.table)
            if result.outcome == "binary" and not judged[0].columns:
                first = predicted[predicted["model"] == judged[0].name]
                write_examples(first, 0.5, cohort.table.set_index("image_id")["image_path"], folder / "films")
    return run.folder


def _outcome(runs: Sequence[StoredRun]) -> Literal["binary", "survival"]:
    """What the models foretell, which must be the same."""
    targets = list(dict.fromkeys(model.config["head"]["target"] for model in runs))
    if len(targets) > 1:
        raise ConfigError(f"the runs foretell {' and '.join(targets)}", "run", "evaluate models of one target together")
    kind = find_target(targets[0]).kind
    if kind not in ("binary", "survival"):
        raise ConfigError(f"{targets[0]} is of the kind {kind}, which is not evaluated yet", "run")
    return kind


def _names(runs: Sequence[StoredRun]) -> list[str]:
    """A name for each model: its own, or where several have the same, with what tells them apart.

    Raises
    ------
    ConfigError
        Nothing does.
    """
    if len({model.name for model in runs}) == len(runs):
        return [model.name for model in runs]
    choices = [{**model.record["choices"], "seed": model.config["seed"]} for model in runs]
    told = [key for key in TELLING if len({str(chosen.get(key)) for chosen in choices}) > 1]
    for keys in [*([key] for key in told), told]:
        names = [
            f"{model.name} ({', '.join(str(chosen[key]) for key in keys)})"
            for model, chosen in zip(runs, choices, strict=True)
        ]
        if len(set(names)) == len(runs):
            return names
    mend = "name each run once; give trainings that are alike in these names of their own: train … name=…"
    raise ConfigError(f"{len(runs)} runs can't be told apart by {', '.join(TELLING)}", "run", mend)


def _dataset(config: Any, runs: Sequence[StoredRun]) -> Any:
    """The dataset asked for, or the one that all models were trained on."""
    if config.get("dataset"):
        return config.dataset
    first, *rest = runs
    for other in rest:
        if found := differences(first.config["dataset"], other.config["dataset"]):
            what = f"{first.folder.name} and {other.folder.name} were trained on datasets that differ in "
            raise ConfigError(f"{what}{', '.join(sorted(found))}", "run", "say which one is meant: dataset=…")
    return first.config["dataset"]


def _tuning(run: Run, runs: Sequence[StoredRun], names: Sequence[str]) -> pd.DataFrame:
    """What the models predict of their tuning splits, by the names they are judged by."""
    paths = [run.reads("tuning", model.path("tuning.parquet"), parent=model.folder) for model in runs]
    tables = [pd.read_parquet(path).assign(model=name) for path, name in zip(paths, names, strict=True)]
    return pd.concat(tables, ignore_index=True)


def _judged(dataset: Any, runs: Sequence[StoredRun], names: Sequence[str], run: Run, data: Path) -> Iterator[Judged]:
    """The models with the rows of a dataset that each can predict."""
    loaded = load_cohort(dataset, run, data)
    for model, name in zip(runs, names, strict=True):
        judge = _trained_with_encoder if model.config["training"] else _fitted_to_features
        yield judge(loaded, dataset, model, name, run, data)


def _trained_with_encoder(loaded: Cohort, dataset: Any, model: StoredRun, name: str, run: Run, data: Path) -> Judged:
    films = decoded(loaded, dataset, model.config["preprocessing"], run, data)
    cohort = select(films.cohort, model.config["head"]["target"])
    return Judged(name, model, cohort, lambda rows: load_network(model).predict(rows, films, cohort.name, name))


def _fitted_to_features(loaded: Cohort, dataset: Any, model: StoredRun, name: str, run: Run, data: Path) -> Judged:
    of = fitted.fitted(model)
    cohort = fitted.complete(fitted.select(loaded, model.config["head"]["target"], run), of.features, run, name)
    films = embedded(cohort, dataset, frozen_of(model), run, data) if of.features.films else None
    own = () if films else of.features.columns.used
    cohort = films.cohort if films else cohort
    return Judged(name, model, cohort, lambda rows: of.predict(rows, films, cohort.name, name), own)


def _predicted(model: Judged, cohort: Cohort) -> pd.DataFrame:
    """What a model predicts of those chosen rows that it can predict."""
    return model.predict(cohort.table[cohort.table["image_id"].isin(model.cohort.table["image_id"])])


def _warn_of_rest(cohort: Cohort, run: Run, key: str) -> None:
    """Say where another dataset is split at random, so that most of it would be left out without a word."""
    left_out = int(cohort.table["split"].isin(["train", "tune"]).sum())
    if left_out:
        text = f"{left_out} of {len(cohort.table)} films of {cohort.name} lie in train and tune and are left out; "
        text += f"{key}=external evaluates all of them."
        run.note(text)
        log.warning(text)


def _chosen(cohort: Cohort, split: str | Sequence[str] | None) -> Cohort:
    """The films of the splits asked for, in the order in which splits are told."""
    names = ["test", "external"] if split is None else [split] if isinstance(split, str) else list(split)
    chosen = of_splits(cohort, names)
    place = chosen.table["split"].map(SPLITS.index)
    return replace(chosen, table=chosen.table.iloc[place.argsort(kind="stable")].reset_index(drop=True))
