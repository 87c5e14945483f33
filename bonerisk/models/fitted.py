"""Models whose encoder stays as it is: features of the cohort and its films, and a head fitted to them at once."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import save_file

from bonerisk.cohort import targets
from bonerisk.cohort.overlap import refuse_seen_by
from bonerisk.cohort.recorded import load_cohort, of_splits, write_cohort
from bonerisk.cohort.table import Cohort, patients
from bonerisk.config.build import build
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, DataError
from bonerisk.features.features import Features
from bonerisk.heads.target import Target
from bonerisk.models.embeddings import Embedded, embedded
from bonerisk.models.frozen import frozen
from bonerisk.models.predictions import predictions
from bonerisk.runs.find import StoredRun, parents_of
from bonerisk.runs.folder import Run
from bonerisk.survival import proportional, sample_size

MODEL_FILE = "model.safetensors"
TOLERATED = 0.05  # share of rows that may lack a column without a word on the page
GRAVE, SURE = 1.5, 0.01  # change of a hazard ratio from early to late, and the p, from which on it is told
TELLING = {"t_score", "bone_class", "t_lumbar_spine", "t_femoral_neck", "t_total_hip"}  # of bone mass: no features then
FEW = 30  # features whose proportional hazards are looked at one by one

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """Features and the head that was fitted to them."""

    features: Features
    head: Any

    def predict(self, table: pd.DataFrame, films: Embedded | None, dataset: str, name: str) -> pd.DataFrame:
        """The predictions table for the rows of `table`: `risk` (n,), and survival where the head gives it."""
        x = self.features.matrix(table, films.of(table) if films else None)
        survival = {f"survival_{horizon:g}y": values for horizon, values in self.head.survival(x).items()}
        return predictions(table, dataset, name, {"risk": self.head.risk(x), **survival})


def train_head(config: Any, run: Run, train_encoder: Callable[[Order], Path]) -> None:
    """Fit the head to the training split, and predict the tuning split; an encoder may have to be trained first."""
    if config.resume is not None:
        raise ConfigError("nothing to resume: a head is fitted at once", "resume", "leave it out")
    features, dataset, data = build(config.features), build(config.dataset), Path(config.paths.data)
    encoder = frozen(config, run, train_encoder) if features.films else None
    loaded = load_cohort(dataset, run, data)
    cohort = select(loaded, config.head.target, run)
    _demand(cohort, "train", "the model learns there")
    features.learn(cohort.table[cohort.table["split"] == "train"], cohort.features)
    if told := TELLING.intersection(features.columns.used if config.head.target in targets.CLASSES else ()):
        what = f"{', '.join(sorted(told))} is what head.target={config.head.target} was told from"
        raise ConfigError(what, "features.columns", "leave it out")
    cohort = complete(cohort, features, run, config.name)
    refuse_seen_by(of_splits(cohort, ["train", "tune"]).table, parents_of(run.folder, run.record))
    films = embedded(cohort, dataset, encoder, run, data) if encoder else None  # all films: evaluate needs the others
    cohort = of_splits(films.cohort if films else cohort, ["train", "tune"])
    write_cohort(cohort, run)
    _demand(cohort, "train", "the model learns there")
    _demand(cohort, "tune", "thresholds are chosen there")
    train, tune = (cohort.table[cohort.table["split"] == split] for split in ("train", "tune"))
    outcome = targets.OUTCOMES[config.head.target]
    target, of_tuning = Target.of(train, outcome), Target.of(tune, outcome)
    x = features.fit(train, films.of(train) if films else None, target, config.seed)
    x_tune = features.matrix(tune, films.of(tune) if films else None)
    head = build(config.head, names=features.names)
    if outcome == "survival":
        _tell_size(train, len(features.names), max(head.horizons_years), run)
    head.fit(x, target, (x_tune, of_tuning), config.seed)
    for note in head.notes:
        run.note(note)
    model = Fitted(features, head)
    _write(model, run)
    _explain(head, x_tune, tune["image_id"], run)
    if outcome == "survival" and len(features.names) <= FEW:
        _check_proportional(x, target, features.names, run)
    with run.writes("predictions", "tuning.parquet") as path:
        model.predict(tune, films, cohort.name, config.name).to_parquet(path, index=False)


def select(cohort: Cohort, target: str, run: Run) -> Cohort:
    """The rows that a target is defined for; what it was told from is not DXA."""
    if cohort.reference_standard == "DXA" and target not in targets.CLASSES:
        run.record["reference_standard"] = "diagnoses and follow-up"
    selected = targets.select(cohort, target)
    for note in selected.notes[len(cohort.notes) :]:
        run.note(note)
        log.warning(note)
    return selected


def fitted(run: StoredRun) -> Fitted:
    """Features and head of a training run."""
    with safe_open(run.path(MODEL_FILE), framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        state = json.loads(file.metadata()["features"])
    features = build(run.config["features"])
    features.restore(state, tensors)
    head = build(run.config["head"], names=features.names)
    head.restore(tensors)
    return Fitted(features, head)


def complete(cohort: Cohort, features: Features, run: Run, name: str) -> Cohort:
    """The rows that have a value in every column of the model, as a step of the flow; many lost ones are told."""
    columns = features.columns
    if not columns.used:
        return cohort
    known = cohort.table[columns.complete(cohort.table)].reset_index(drop=True)
    why = columns.lacking(cohort.table)
    flow = cohort.flow.step("every column of the model known", cohort.table, known, "; ".join(why))
    lost = len(cohort.table) - len(known)
    if lost > TOLERATED * len(cohort.table):
        text = f"{lost} of {len(cohort.table)} rows ({lost / len(cohort.table):.0%}) lack a column of {name} and are "
        text += f"left out: {'; '.join(why)}"
        run.note(f"{text}. Those who are left may be others than those who are not.")
        log.warning(text)
    if invented := columns.imputed(known):
        told = ", ".join(f"{column} {n}" for column, n in invented.items())
        run.note(f"{name}: missing values of {len(known)} rows imputed from the training split: {told}.")
    return replace(cohort, table=known, flow=flow)


def _write(model: Fitted, run: Run) -> None:
    """The model's file, what its fit went through, and its coefficients."""
    with run.writes("model", MODEL_FILE) as path:
        state = {"features": json.dumps(model.features.state())}
        save_file(_contiguous({**model.features.tensors(), **model.head.tensors()}), path, state)
    with run.writes("history", "history.csv") as path:
        model.head.history.to_csv(path, index=False)
    table = model.head.table()
    if len(table):
        with run.writes("coefficients", "coefficients.csv") as path:
            table.to_csv(path, index=False)


def _contiguous(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(values) for name, values in tensors.items()}


def _explain(head: Any, x: np.ndarray, names: pd.Series, run: Run) -> None:
    """What each feature does to the risk of tuning films, where the head can say it."""
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
            "bring rows for it, or another split (dataset.split, or a column `split`); rejected.csv has what was lost"
        )
        raise DataError(f"no row is in split {split}: {why}", f"cohort {cohort.name}", mend)


def _tell_size(train: pd.DataFrame, n_columns: int, horizon: float, run: Run) -> None:
    """Say whether the patients are enough for so many columns, before the fit."""
    each = train[~patients(train).duplicated()]  # a row a patient
    if not (each["event"] == 1).any():
        return
    summary = sample_size.before_fit(each["time_years"], each["event"], n_columns, horizon)
    log.info(summary.text)
    if summary.n < summary.minimum.n:
        run.note(f"Training: {summary.text}")


def _check_proportional(x: np.ndarray, target: Target, names: list[str], run: Run) -> None:
    """How far each feature's hazard ratio changes over time, a row a feature; grave changes are told."""
    try:
        found = proportional.check(x, target.followed.time, target.followed.event, names=names)
    except DataError as error:  # the check has no penalty, which the model may have
        run.note(f"Proportional hazards could not be checked: {error.what}.")
        return
    table = pd.DataFrame([asdict(column) for column in found.columns]).assign(split_time_years=found.split_time)
    with run.writes("proportional", "proportional.csv") as path:
        table.to_csv(path, index=False)
    change = np.abs(np.log(table["ratio"].astype(float)))
    for row in table[(change > np.log(GRAVE)) & (table["p_value"] < SURE)].itertuples():
        early, late = f"{row.hazard_ratio_early:.2f}", f"{row.hazard_ratio_late:.2f}"
        run.note(f"Hazards are not proportional: the hazard ratio of {row.name} is {early} early and {late} late.")
