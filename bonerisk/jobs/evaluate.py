"""`bonerisk evaluate`: a trained model on its own or another cohort."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bonerisk.cohort.table import SPLITS, Cohort
from bonerisk.cohort.targets import FRACTURE, select
from bonerisk.config.build import build
from bonerisk.config.sweep import Order
from bonerisk.evaluation.evaluation import Result
from bonerisk.evaluation.patients import refuse_seen
from bonerisk.jobs import fitted
from bonerisk.jobs.cohort import load_cohort, of_splits, write_cohort
from bonerisk.jobs.examples import write_examples
from bonerisk.jobs.films import decoded
from bonerisk.jobs.folder import run_folder
from bonerisk.jobs.model import predict, trained_model
from bonerisk.runs.find import StoredRun, find, load
from bonerisk.runs.folder import Run

Predict = Callable[[Cohort], pd.DataFrame]

log = logging.getLogger(__name__)


def evaluate(order: Order) -> Path:
    """Predict the chosen splits, and write predictions, metrics with intervals, thresholds and figures."""
    from bonerisk.reporting.figures.evaluation import draw

    config = order.config
    model = find(config.run, Path(config.paths.outputs), ["train"])
    with run_folder(order, model.name) as run:
        training = pd.read_parquet(_reads(run, model, "cohort.parquet"))
        tuning = pd.read_parquet(_reads(run, model, "tuning.parquet"))
        dataset, evaluation = build(config.get("dataset") or model.config["dataset"]), build(config.evaluation)
        load = _of_films if model.config["training"] else _of_columns
        labelled, predicted_of, columns = load(dataset, model, run, Path(config.paths.data))
        if config.get("dataset") and config.split is None:
            _warn_of_rest(labelled, run, "dataset.rules.split" if "rules" in config.dataset else "dataset.split")
        cohort = _chosen(labelled, config.split)
        for run_seen, seen in _trained_on(model):
            refuse_seen(cohort.table, seen, f"the weights of {run_seen.folder.name}")
        _reads(run, model, "model.safetensors")
        write_cohort(cohort, run)
        predicted = predicted_of(cohort)
        outcome = "survival" if model.config["head"]["target"] == FRACTURE else "binary"
        result = evaluation.run(predicted, tuning, training[training["split"] == "train"], outcome, columns)
        _write(result, run)
        with run.writes("figures", "figures") as folder:
            draw(folder, result, cohort.table)
            if result.outcome == "binary":
                write_examples(predicted, 0.5, cohort.table.set_index("image_id")["image_path"], folder / "films")
    return run.folder


def _of_films(dataset: Any, model: StoredRun, run: Run, data: Path) -> tuple[Cohort, Predict, Sequence[str]]:
    """The cohort of a model that sees films, what it predicts of them, and the columns it learnt from: none."""
    films = decoded(load_cohort(dataset, run, data), dataset, model.config["preprocessing"], run, data)
    cohort = select(films.cohort, model.config["head"]["target"])
    return cohort, lambda chosen: predict(*trained_model(model), films, chosen.table, model.name), ()


def _of_columns(dataset: Any, model: StoredRun, run: Run, data: Path) -> tuple[Cohort, Predict, Sequence[str]]:
    """The cohort of a model of columns, what it predicts of it, and the columns it learnt from."""
    encoder, head = fitted.trained(model)
    cohort = fitted.complete(fitted.select(load_cohort(dataset, run, data), head.target, run), encoder, run)

    def predicted(chosen: Cohort) -> pd.DataFrame:
        return fitted.predict(encoder, head, chosen.table, chosen.name, model.name)

    return cohort, predicted, encoder.design.columns


def _reads(run: Run, model: StoredRun, name: str) -> Path:
    return run.reads(Path(name).stem, model.path(name), parent=model.folder)


def _trained_on(model: StoredRun) -> Iterator[tuple[StoredRun, pd.DataFrame]]:
    """The cohorts of a training and of those that it started from."""
    yield model, pd.read_parquet(model.path("cohort.parquet"))
    for parent in model.parents:
        yield from _trained_on(load(parent))


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


def _write(result: Result, run: Run) -> None:
    with run.writes("predictions", "predictions.parquet") as path:
        result.predictions.to_parquet(path, index=False)
    with run.writes("metrics", "metrics.csv") as path:
        result.metrics.to_csv(path, index=False)
    with run.writes("gaps", "gaps.csv") as path:
        result.gaps.to_csv(path, index=False)
    with run.writes("confusion", "confusion.csv") as path:
        result.confusion.to_csv(path, index=False)
    with run.writes("thresholds", "thresholds.json") as path:
        path.write_text(json.dumps(result.thresholds, indent=1), encoding="utf-8")
