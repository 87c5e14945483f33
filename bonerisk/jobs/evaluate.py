"""`bonerisk evaluate`: a trained model on its own or another cohort."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pandas as pd

from bonerisk.cohort.proxies import measured, refuse_proxies
from bonerisk.cohort.recorded import (
    LEARNT,
    UNSEEN,
    in_order_of_splits,
    note_seen_splits,
    note_unjudged,
    of_splits,
    record_source,
    write_cohort,
)
from bonerisk.cohort.table import Cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.tables.result import OutcomeKind, beside, write
from bonerisk.evaluation.validation.development import APPARENT
from bonerisk.models.components import check_contracts, component
from bonerisk.models.explain import explain_model
from bonerisk.models.films import transform_of
from bonerisk.models.several import combined, comparable, dataset_of, load_models, named_apart, note_inputs, outcome_of
from bonerisk.parts import Dataset
from bonerisk.preprocessing.spine import SpineImage, SpinePatches
from bonerisk.reporting.figures.films import write_examples
from bonerisk.reporting.figures.points import write_points
from bonerisk.reporting.figures.variants import write_variants
from bonerisk.reporting.wording.vocabulary import vocabulary_of


def evaluate(order: Order) -> Path:
    """Predict the chosen splits, and write predictions, metrics with intervals, thresholds and figures.

    Two trainings may be combined to one model, which then is the first. The first model sets the rows; the others are
    compared with it on those they can predict. On request, models are also validated on the patients that they were
    fitted to; if there are no others, on these alone.
    """
    from bonerisk.reporting.drawings import draw
    from bonerisk.reporting.explained import draw_explained

    config, data = order.config, Path(order.config.paths.data)
    trained = load_models(config.run, Path(config.paths.outputs))
    other = config.get("dataset")
    chosen = other or dataset_of(trained)
    first, *_ = models = comparable(combined(trained) if config.combine else named_apart(trained))
    outcome = outcome_of(models)
    _refuse_idle(order.overrides, outcome)
    with run_folder(order, config.combine or first.run.name) as run:
        check_contracts(config)
        evaluation = component(config.evaluation, Evaluation, "evaluation")
        explained = bool(evaluation.explanations.methods) and bool(first.network)  # refused for another model
        note_inputs(trained, run)
        loaded = record_source(component(chosen, Dataset, "dataset").load(data), run)
        ready = [model.ready(loaded, data, run) for model in models]
        validation = evaluation.validation
        apparent = validation is not None and validation.method == APPARENT  # of the models' own patients alone
        if other and config.split is None and (apparent or not validation):
            note_seen_splits(ready[0].cohort, run, "dataset.rules.split" if "rules" in chosen else "dataset.split")
        splits = _splits(config.split, ready[0].cohort, validation is not None and not apparent)
        cohort = in_order_of_splits(of_splits(ready[0].cohort, splits))
        refuse_proxies(cohort.table)
        note_unjudged(cohort, run)
        write_cohort(cohort, run)
        about = first.target_name, {model.name: model.run.folder.name for model in models}, first.target_words
        results = []
        if validation and not (apparent and other):  # first, since it may be refused
            learnt = of_splits(first.target.rows(loaded), LEARNT)
            refuse_proxies(learnt.table)
            refits = {
                model.name: model.as_fitted(learnt, rows) if apparent else model.refit(learnt, rows)
                for model, rows in zip(models, ready, strict=True)
            }
            results.append(evaluation.validate(learnt.table.assign(dataset=learnt.name), refits, outcome, *about))
        if splits != LEARNT:
            for model in models:
                model.refuse_seen(cohort.table)
            predicted = [model.predict(rows.among(cohort.table)) for model, rows in zip(models, ready, strict=True)]
            tables = (
                pd.concat(predicted, ignore_index=True),
                pd.concat([model.tuning for model in models], ignore_index=True),
                measured(first.training),  # not the others', so that baselines don't depend on them
            )
            results.insert(0, evaluation.run(*tables, outcome, () if first.films else first.columns, *about))
        result, found = beside(*results), None
        if explained and splits != LEARNT:
            found = explain_model(first, ready[0], predicted[0], evaluation, evaluation.outcome(outcome), run)
        run.record["preset"] = first.run.record["choices"].get("model", "")
        write(result, run)
        with run.writes("figures", "figures") as folder:
            draw(folder, result, cohort.table)
            paths = cohort.table.set_index("image_id")["image_path"]
            if result.outcome == "binary" and first.films and splits != LEARNT:
                write_examples(predicted[0], 0.5, paths, folder / "films")
            if result.outcome == "points":
                write_points(predicted[0], paths, folder / "points")
            transforms = [transform_of(model.run.config["preprocessing"]) for model in models if model.films]
            for spine in [each for each in transforms if isinstance(each, SpineImage | SpinePatches)][:1]:
                write_variants(cohort.table, spine, folder / "variants")
            if found:
                draw_explained(folder, found, vocabulary_of(cohort.table, result.target, result.target_words))
    return run.folder


def _refuse_idle(overrides: Sequence[str], outcome: OutcomeKind) -> None:
    """Refuse settings of a kind of outcome that is not evaluated: they would be ignored.

    Raises
    ------
    ConfigError
        Names the first.
    """
    for key in (text.partition("=")[0].lstrip("+") for text in overrides):
        place, _, rest = key.partition(".")
        kind = rest.partition(".")[0]
        if place == "evaluation" and kind in get_args(OutcomeKind) and kind != outcome:
            what = f"{key} is a setting of {kind} outcomes, and the outcome here is {outcome}"
            raise ConfigError(what, key, f"leave it out; evaluation.{outcome} has the settings that are used")


def _splits(asked: str | list[str] | None, cohort: Cohort, validate: bool) -> Sequence[str]:
    """The splits asked for; else those that no training sees, and `LEARNT` if there are none and models are validated.

    Raises
    ------
    DataError
        There are none, and no validation is asked for.
    """
    if asked is not None:
        return [asked] if isinstance(asked, str) else list(asked)
    if cohort.table["split"].isin(UNSEEN).any():
        return UNSEEN
    if not validate:
        mend = "evaluation.validation=optimism (or crossval) judges a model on the patients that it was fitted to"
        raise DataError(f"nothing in split {', '.join(UNSEEN)}", f"cohort {cohort.name}", mend)
    return LEARNT
