"""Fit a head to fixed features (`training=none`), from configuration to finished run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from bonerisk.cohort.overlap import refuse_seen_by
from bonerisk.cohort.recorded import of_splits, of_target, record_source, write_cohort
from bonerisk.cohort.table import Cohort, patients
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, DataError
from bonerisk.features.features import Features
from bonerisk.heads.row_outcomes import SPECIAL, RowOutcomes, fitted_kind, refuse_unused
from bonerisk.heads.threads import steady
from bonerisk.models import familiarity
from bonerisk.models.components import component
from bonerisk.models.embeddings import embed_cohort
from bonerisk.models.fitted import Fitted, keep_complete, learn_columns, write
from bonerisk.models.frozen import frozen
from bonerisk.models.tuning import write_tuning
from bonerisk.parts import Dataset, FittedHead
from bonerisk.runs.find import parents_of
from bonerisk.runs.folder import Run
from bonerisk.survival import proportional, sample_size

GRAVE, SURE = 1.5, 0.01  # a change of a hazard ratio is noted from this ratio of early to late, under this p
FEW = 30  # most features whose proportional hazards are checked one by one
SUBDISTRIBUTION = "subdistribution_hazard_ratio"  # ratio of a head whose hazard is not that of the check

log = logging.getLogger(__name__)


def fit_head(config: DictConfig, run: Run, train_encoder: Callable[[Order], Path]) -> None:
    """Fit the head to the training split, and predict the tuning split; an encoder may have to be trained first."""
    if config.resume is not None:
        raise ConfigError("nothing to resume: a head is fitted at once", "resume", "leave it out")
    kind = fitted_kind(config.head.target, config.head.get("target_words"))
    uses = component(config.head, FittedHead, "head", names=[]).uses
    features = component(config.features, Features, "features")
    dataset, data = component(config.dataset, Dataset, "dataset"), Path(config.paths.data)
    encoder = frozen(config, run, train_encoder) if features.films else None
    cohort = of_target(record_source(dataset.load(data), run), config.head.target, run)
    _demand(cohort, "train", "the model learns there")
    refuse_unused(cohort.table, uses)
    learn_columns(features, cohort, config.head.target)
    cohort = keep_complete(cohort, features, run, config.name)
    refuse_seen_by(of_splits(cohort, ["train", "tune"]).table, parents_of(run.folder, run.record))
    films = embed_cohort(cohort, encoder, run, data) if encoder else None  # all films: evaluate needs the others
    cohort = of_splits(films.cohort if films else cohort, ["train", "tune"])
    write_cohort(cohort, run)
    _demand(cohort, "train", "the model learns there")
    train, tune = (cohort.table[cohort.table["split"] == split] for split in ("train", "tune"))
    stratum = features.columns.stratum
    outcomes, tuning_outcomes = (RowOutcomes.of(rows, kind, stratum(rows)) for rows in (train, tune))
    embeddings = films.of(train) if films else None
    with steady(np.empty(0) if embeddings is None else embeddings):
        x = features.fit(train, embeddings, outcomes, config.seed)
    x_tune = features.matrix(tune, films.of(tune) if films else None)
    head = component(config.head, FittedHead, "head", names=features.names)
    if head.needs_tuning:
        _demand(cohort, "tune", "the fit ends, and probabilities are calibrated, there")
    elif tune.empty:
        run.note("No row is in split tune: a rule can choose thresholds only in evaluation.validation.")
    if kind == "survival":
        _tell_size(train, len(features.names), max(head.horizons_years), run)
    with steady(x):
        head.fit(x, outcomes, (x_tune, tuning_outcomes), config.seed)
    for note in head.notes:
        run.note(note)
    model = Fitted(features, head)
    write(model, run)
    _explain(head, x_tune, tune["image_id"], run)
    if SUBDISTRIBUTION in head.table():
        run.note("Whether the subdistribution hazards are proportional is not checked.")
    elif kind == "survival" and len(features.names) <= FEW:
        _check_proportional(x, outcomes, features.names, run)
    write_tuning(model.predict(tune, films, cohort.name, config.name), config.head.target, run)
    of_tuning = films.of(tune) if films else None
    familiarity.learn(train, embeddings, of_tuning, features.columns.used, config.seed).write(run)


def _explain(head: FittedHead, x: np.ndarray, names: pd.Series, run: Run) -> None:
    """Write what each feature does to the risk of tuning films, if the head can say it."""
    importance = head.importance(x)
    if importance is None:
        return
    with run.writes("importance", "importance.csv") as path:
        importance.to_csv(path, index=False)
    for kind, values in (("contributions", head.contributions(x)), ("features", x)):
        with run.writes(kind, f"{kind}.parquet") as path:
            table = pd.DataFrame(values, columns=head.names)
            table.insert(0, "image_id", names.to_numpy())
            table.to_parquet(path, index=False)


def _demand(cohort: Cohort, split: str, why: str) -> None:
    if not (cohort.table["split"] == split).any():
        mend = (
            "bring rows for it, or another split (a column `split`, or 'dataset.split=[0.85,0.15,0]', which leaves no "
        )
        mend += "test split, but can be validated); rejected.csv has what was lost"
        raise DataError(f"no row is in split {split}: {why}", f"cohort {cohort.name}", mend)


def _tell_size(train: pd.DataFrame, n_columns: int, horizon: float, run: Run) -> None:
    """Log whether there are enough patients for so many columns; note it if not."""
    each = train[~patients(train).duplicated()]  # one row per patient
    if not (each["event"] == 1).any():
        return
    summary = sample_size.before_fit(each["time_years"], each["event"], n_columns, horizon)
    log.info(summary.text)
    if summary.n < summary.minimum.n:
        run.note(f"Training: {summary.text}")


def _check_proportional(x: np.ndarray, outcomes: RowOutcomes, names: list[str], run: Run) -> None:
    """Write how far each feature's hazard ratio changes over time, and a test of all (GLOBAL); note grave changes."""
    given = (outcomes.entry, outcomes.stratum, outcomes.weight)
    if used := [name for name, values in zip(SPECIAL, given, strict=True) if values is not None]:
        run.note(f"Proportional hazards are not checked: the check does not know {', '.join(used)}.")
        return
    try:
        found = proportional.check(x, outcomes.followed.time, outcomes.followed.event, names=names)
    except DataError as error:  # the check has no penalty, which the model may have
        run.note(f"Proportional hazards could not be checked: {error.what}.")
        return
    table = pd.DataFrame([asdict(column) for column in found.columns]).assign(df=1)
    whole = {"name": "GLOBAL", "chi2": found.chi2, "p_value": found.p_value, "df": found.df, "note": ""}
    table = pd.concat([table, pd.DataFrame([whole])], ignore_index=True).assign(split_time_years=found.split_time)
    with run.writes("proportional", "proportional.csv") as path:
        table.to_csv(path, index=False)
    grave = (table["ratio"] > GRAVE) | (table["ratio"] < 1 / GRAVE)
    for row in table[grave & (table["p_value"] < SURE)].itertuples():
        early, late = f"{row.hazard_ratio_early:.2f}", f"{row.hazard_ratio_late:.2f}"
        run.note(f"Hazards are not proportional: the hazard ratio of {row.name} is {early} early and {late} late.")
