"""Points that a trained detector finds on a cohort's films, in the place of marked ones."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.samples.located import ASIDE, FOUND
from bonerisk.keypoints.columns import columns
from bonerisk.models.films import with_films
from bonerisk.models.load import load_model
from bonerisk.models.trained import TrainedModel
from bonerisk.runs.find import find
from bonerisk.runs.folder import Run

KEY = "keypoints"

log = logging.getLogger(__name__)


def detector_of(text: str, outputs: Path) -> TrainedModel:
    """The trained detector that a user names.

    Raises
    ------
    ConfigError
        There is no such run, or it finds no points.
    """
    model = load_model(find(text, outputs, ["train"]))
    if not model.target.points:
        mend = "name a training of model=spine_keypoints"
        raise ConfigError(f"{model.name} predicts {model.target_name} and finds no points", f"{KEY}={text}", mend)
    return model


def with_found_points(cohort: Cohort, detector: TrainedModel, run: Run, data: Path) -> Cohort:
    """The cohort with the points that a detector finds; films that it sets aside are listed as refused.

    Raises
    ------
    DataError
        No film is left.
    """
    run.reads("model", detector.run.path(MODEL_FILE), parent=detector.run.folder)
    rows = detector.predictable(cohort, data, run)
    table, names = rows.cohort.table, detector.target.points
    found = detector.predict(rows).set_index("image_id").loc[table["image_id"]].reset_index(drop=True)
    scores = found[[f"{FOUND}{name}_score" for name in names]]
    least = detector.run.config["head"]["least_score"]
    lowest = zip(scores.to_numpy().argmin(axis=1), scores.min(axis=1), strict=True)
    reasons = [f"{names[at].upper()} is doubtful: its score is {value:.2f}, under {least:g}" for at, value in lowest]
    aside = found[ASIDE] == 1
    refused = table.loc[aside, ["image_id", "image_path"]].assign(reason=pd.Series(reasons)[aside])
    places = columns(names)
    sure = table.assign(**{name: found[f"{FOUND}{name}"] for name in places})[~aside].reset_index(drop=True)
    if sure.empty:
        what = f"the detector is sure of none of {len(table)} films; the first: {reasons[0]}"
        raise DataError(what, f"{KEY}: {detector.run.folder}", "train it on films like these")
    if len(refused):
        log.warning("%d films are set aside by the detector (rejected.csv has each with its score)", len(refused))
    run.note(_origin(cohort, detector))
    why = "set aside by the detector: listed in rejected.csv" if len(refused) else ""
    flow = rows.cohort.flow.step("points found", table, sure, why)
    return replace(rows.cohort, table=sure, flow=flow, rejected=with_films(rows.cohort, refused, places[0]))


def _origin(cohort: Cohort, detector: TrainedModel) -> str:
    known = cohort.table["image_id"].isin(detector.trained_on["image_id"])
    text = f"Points were found by {detector.name} ({detector.run.folder.name}), not marked."
    if known.any():
        text += f" It was trained or tuned on {int(known.sum())} of the {len(cohort.table)} films, whose points are"
        text += " nearer to the truth than those of new films."
    return text
