"""Models of features that stay as they are: a head fitted to columns of the cohort, saved, read and asked for risk."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import save_file

from bonerisk.cohort import targets
from bonerisk.cohort.table import Cohort, patients
from bonerisk.config.build import build
from bonerisk.errors import ConfigError, DataError
from bonerisk.jobs.cohort import load_cohort, of_splits, write_cohort
from bonerisk.jobs.predictions import predictions
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run
from bonerisk.survival import proportional, sample_size

MODEL_FILE = "model.safetensors"
TOLERATED = 0.05  # share of rows that may lack a column without a word on the page
GRAVE, SURE = 1.5, 0.01  # change of a hazard ratio from early to late, and the p, from which on it is told
FEW = 30  # features whose proportional hazards are looked at one by one

log = logging.getLogger(__name__)


def train_head(config: Any, run: Run) -> None:
    """Fit the head to the training split, and predict the tuning split."""
    encoder = build(config.encoder)
    if config.resume is not None:
        raise ConfigError("nothing to resume: a head is fitted at once", "resume", "leave it out")
    cohort = select(load_cohort(build(config.dataset), run, Path(config.paths.data)), config.head.target, run)
    _demand(cohort, "train", "the model learns there")
    encoder.fit(cohort.table[cohort.table["split"] == "train"], cohort.features)
    cohort = of_splits(complete(cohort, encoder, run), ["train", "tune"])
    _demand(cohort, "tune", "thresholds are chosen there")
    write_cohort(cohort, run)
    head = build(config.head, names=encoder.names)
    train = cohort.table[cohort.table["split"] == "train"]
    x, time, event = encoder.features(train), train["time_years"].to_numpy(), train["event"].to_numpy()
    _tell_size(train, len(encoder.names), max(head.horizons_years), run)
    competing = train["competing_event"].to_numpy() if "competing_event" in train else None
    head.fit(x, time, event, pd.factorize(patients(train), sort=True)[0], config.seed, competing)
    for note in head.notes:
        run.note(note)
    with run.writes("model", MODEL_FILE) as path:
        save_file(head.tensors(), path, {"encoder": json.dumps(encoder.state())})
    with run.writes("history", "history.csv") as path:
        head.history.to_csv(path, index=False)
    with run.writes("coefficients", "coefficients.csv") as path:
        head.table().to_csv(path, index=False)
    if len(encoder.names) <= FEW:
        try:
            departures = _departures(x, time, event, encoder.names)
        except DataError as error:  # the check has no penalty, which the model may have
            run.note(f"Proportional hazards could not be checked: {error.what}.")
        else:
            with run.writes("proportional", "proportional.csv") as path:
                departures.to_csv(path, index=False)
            _tell_departures(departures, run)
    with run.writes("predictions", "tuning.parquet") as path:
        tuning = cohort.table[cohort.table["split"] == "tune"]
        predict(encoder, head, tuning, cohort.name, config.name).to_parquet(path, index=False)


def select(cohort: Cohort, target: str, run: Run) -> Cohort:
    """The rows that a target is defined for; what it was told from is not DXA."""
    if cohort.reference_standard == "DXA":
        run.record["reference_standard"] = "diagnoses and follow-up"
    return targets.select(cohort, target)


def trained(run: StoredRun) -> tuple[Any, Any]:
    """Encoder and head of a training run."""
    with safe_open(run.path(MODEL_FILE), framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        state = json.loads(file.metadata()["encoder"])
    encoder = build(run.config["encoder"])
    encoder.restore(state)
    head = build(run.config["head"], names=encoder.names)
    head.restore(tensors)
    return encoder, head


def complete(cohort: Cohort, encoder: Any, run: Run) -> Cohort:
    """The rows that have a value in every column of the model, as a step of the flow; many lost ones are told."""
    known = cohort.table[encoder.complete(cohort.table)].reset_index(drop=True)
    table, levels = cohort.table, encoder.design.levels
    why = [f"{column} missing {n}" for column in encoder.design.columns if (n := table[column].isna().sum())]
    for column, learnt in levels.items():
        other = table[column].dropna().astype(str).loc[lambda text, learnt=learnt: ~text.isin(learnt)]
        why += [f"{column} not among those learnt, as {other.iloc[0]}, {len(other)}"] if len(other) else []
    flow = cohort.flow.step("every column of the model known", table, known, "; ".join(why))
    lost = len(table) - len(known)
    if lost > TOLERATED * len(table):
        text = f"{lost} of {len(table)} rows ({lost / len(table):.0%}) lack a column of the model and are left out: "
        run.note(text + "; ".join(why) + ". Those who are left may be others than those who are not.")
        log.warning(text + "; ".join(why))
    return replace(cohort, table=known, flow=flow)


def predict(encoder: Any, head: Any, table: pd.DataFrame, dataset: str, name: str) -> pd.DataFrame:
    """The predictions table of one model for the rows of `table`: `risk` (n,), and survival where the head gives it."""
    x = encoder.features(table)
    survival = {f"survival_{horizon:g}y": values for horizon, values in head.survival(x).items()}
    return predictions(table, dataset, name, {"risk": head.risk(x), **survival})


def _demand(cohort: Cohort, split: str, why: str) -> None:
    if not (cohort.table["split"] == split).any():
        mend = "bring rows for it, or another split (dataset.split, or a column `split`)"
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


def _departures(x: np.ndarray, time: np.ndarray, event: np.ndarray, names: list[str]) -> pd.DataFrame:
    """How far each feature's hazard ratio changes over time, a row a feature, and whether that is more than chance."""
    found = proportional.check(x, time, event, names=names)
    table = pd.DataFrame([asdict(column) for column in found.columns])
    return table.assign(split_time_years=found.split_time)


def _tell_departures(table: pd.DataFrame, run: Run) -> None:
    """Say which hazard ratios change gravely over time: one ratio then stands for two."""
    change = np.abs(np.log(table["ratio"].astype(float)))
    for row in table[(change > np.log(GRAVE)) & (table["p_value"] < SURE)].itertuples():
        early, late = f"{row.hazard_ratio_early:.2f}", f"{row.hazard_ratio_late:.2f}"
        run.note(f"Hazards are not proportional: the hazard ratio of {row.name} is {early} early and {late} late.")
