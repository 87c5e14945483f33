"""The scores of new films: one row each, with the prediction, what is known of it, and the model that made it."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.evaluation.samples.risk_table import SURVIVAL
from bonerisk.models.familiarity import FILE
from bonerisk.models.trained import TrainedModel
from bonerisk.runs.folder import Run

SCORES = "predictions.parquet"
FIRST = ("dataset", "image_id", "patient_id", "risk", "estimate", "probability")
SAID = ("risk_percentile", "threshold", "threshold_risk", "positive", "class_called")
METRICS = {"o_e": "observed/expected", "calibration_slope": "slope", "ici": "ICI"}

log = logging.getLogger(__name__)


def scores(
    called: pd.DataFrame, judged: pd.DataFrame, calibration: pd.DataFrame, model: TrainedModel, film: pd.Series | None
) -> pd.DataFrame:
    """One row per film.

    Parameters
    ----------
    called : DataFrame
        Of `bonerisk.models.calls.with_calls`.
    judged : DataFrame
        Of `bonerisk.models.familiarity.Familiarity.judge`, in the same order.
    calibration : DataFrame
        Of `bonerisk.models.calls.tuning_calibration`.
    model : TrainedModel
    film : Series, optional
        SHA-256 of each film's file by image_id.
    """
    columns = [str(name) for name in called]
    survival = [name for name in columns if SURVIVAL.fullmatch(name)]
    classes = [name for name in columns if name.startswith("p_")]
    read = [name for name in dict.fromkeys(("site", "view", "age_years", "sex", *model.columns)) if name in columns]
    found = called[[*(name for name in FIRST if name in columns), *classes, *survival]].copy()
    found["calibration_on_tuning"] = _in_words(calibration)
    found = found.join(called[[name for name in SAID if name in columns]])
    found = found.join(judged.set_index(called.index)).join(called[read])
    if film is not None:
        found["film_sha256"] = called["image_id"].map(film)
    made_by = {"model": model.name, "run": model.run.folder.name, "model_sha256": model.run.written[MODEL_FILE]}
    return found.assign(**made_by)


def write(table: pd.DataFrame, calibration: pd.DataFrame, model: TrainedModel, run: Run) -> pd.DataFrame:
    """Write predictions.csv and predictions.parquet, with the highest risk first, and calibration.csv.

    Returns
    -------
    DataFrame
        The scores as written.
    """
    run.reads("familiarity", model.run.path(FILE), parent=model.run.folder)
    table = table.sort_values("risk", ascending=False, kind="stable", ignore_index=True)
    with run.writes("predictions", "predictions.csv") as path:
        table.to_csv(path, index=False)
    with run.writes("predictions", SCORES) as path:
        table.to_parquet(path, index=False)
    with run.writes("calibration", "calibration.csv") as path:
        calibration.to_csv(path, index=False)
    log.info("%d rows are scored; %d of them are unfamiliar", len(table), table["unfamiliar"].sum())
    return table


def _in_words(calibration: pd.DataFrame) -> str:
    """``5 years: observed/expected 1.08, slope 0.91, ICI 0.02 (160 tuning films)``, of the last horizon."""
    if calibration.empty:
        return "not known"
    last = calibration[calibration["horizon_years"].isna()]
    last = last if len(last) else calibration[calibration["horizon_years"] == calibration["horizon_years"].max()]
    years = last["horizon_years"].iloc[0]
    named = zip(last["metric"].map(METRICS), last["estimate"], last["note"], strict=True)
    values = [f"{name} {value:.2f}" if np.isfinite(value) else f"{name}: {note}" for name, value, note in named]
    front = "" if np.isnan(years) else f"{years:g} years: "
    return f"{front}{', '.join(values)} (tuning rows: {last['n'].iloc[0]})"
