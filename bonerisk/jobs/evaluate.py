"""`bonerisk evaluate`: a trained model on its own or another cohort."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bonerisk.cohort.recorded import (
    UNSEEN,
    in_order_of_splits,
    note_seen_splits,
    of_splits,
    record_source,
    write_cohort,
)
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.tables.result import write
from bonerisk.models.components import check_contracts, component
from bonerisk.models.several import dataset_of, load_models, named_apart, note_inputs, outcome_of
from bonerisk.parts import Dataset
from bonerisk.reporting.figures.films import write_examples


def evaluate(order: Order) -> Path:
    """Predict the chosen splits, and write predictions, metrics with intervals, thresholds and figures.

    The first model sets the rows; the others are compared with it on those they can predict.
    """
    from bonerisk.reporting.drawings import draw

    config, data = order.config, Path(order.config.paths.data)
    models = load_models(config.run, Path(config.paths.outputs))
    outcome, other = outcome_of(models), config.get("dataset")
    chosen = other or dataset_of(models)
    first, *_ = models = named_apart(models)
    with run_folder(order, first.run.name) as run:
        check_contracts(config)
        evaluation = component(config.evaluation, Evaluation, "evaluation")
        note_inputs(models, run)
        loaded = record_source(component(chosen, Dataset, "dataset").load(data), run)
        ready = [model.ready(loaded, data, run) for model in models]
        if other and config.split is None:
            note_seen_splits(ready[0].cohort, run, "dataset.rules.split" if "rules" in chosen else "dataset.split")
        cohort = in_order_of_splits(of_splits(ready[0].cohort, _splits(config.split)))
        for model in models:
            model.refuse_seen(cohort.table)
        write_cohort(cohort, run)
        predicted = [model.predict(rows.among(cohort.table)) for model, rows in zip(models, ready, strict=True)]
        result = evaluation.run(
            pd.concat(predicted, ignore_index=True),
            pd.concat([model.tuning for model in models], ignore_index=True),
            first.training,  # not the others', so that baselines don't depend on them
            outcome,
            () if first.films else first.columns,
            first.target_name,
            {model.name: model.run.folder.name for model in models},
            first.target_words,
        )
        run.record["preset"] = first.run.record["choices"].get("model", "")
        write(result, run)
        with run.writes("figures", "figures") as folder:
            draw(folder, result, cohort.table)
            if result.outcome == "binary" and first.films:
                write_examples(predicted[0], 0.5, cohort.table.set_index("image_id")["image_path"], folder / "films")
    return run.folder


def _splits(asked: str | list[str] | None) -> list[str]:
    if asked is None:
        return list(UNSEEN)
    return [asked] if isinstance(asked, str) else list(asked)
