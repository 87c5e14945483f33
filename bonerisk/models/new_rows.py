"""Rows to be predicted: of a source that may know no outcome, and with all columns that the model reads."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd

from bonerisk.cohort.table import Cohort, few, patients
from bonerisk.config.build import Node
from bonerisk.errors import ConfigError, RowsRefusedError
from bonerisk.models.components import component
from bonerisk.models.films import transform_of, with_films
from bonerisk.models.trained import TrainedModel
from bonerisk.parts import Dataset, OwnTable, lacks
from bonerisk.runs.folder import Run

log = logging.getLogger(__name__)


def source(node: Node, model: TrainedModel) -> Dataset:
    """The dataset that a configuration describes, without demands on outcomes where it is a user's own."""
    dataset = component(node, Dataset, "dataset")
    if lacks(type(dataset), OwnTable):
        return dataset
    own: OwnTable = dataset  # type: ignore[assignment]  # as `lacks` has found
    return own.to_predict(model.columns)


def predicting(model: TrainedModel) -> TrainedModel:
    """The model, if it predicts a risk.

    Raises
    ------
    ConfigError
        It finds points.
    """
    if model.target.points:
        mend = "bonerisk prepare dataset=… keypoints=RUN finds the points of films"
        raise ConfigError(f"{model.name} finds points, and predicts no risk", f"run={model.run.folder}", mend)
    return model


def complete(cohort: Cohort, model: TrainedModel) -> Cohort:
    """The rows of which all is known that the model reads beside the film; the others are refused, with the reason.

    Raises
    ------
    ConfigError
        The preprocessing reads columns, such as points, that are not there.
    RowsRefusedError
        No row is left; the error says what is missing, and how to give it.
    """
    if model.films:
        _require_points(cohort, model)
    columns, table = model.features.columns, cohort.table
    absent = [name for name in columns.used if name not in table]
    table = table.assign(**dict.fromkeys(absent, np.nan))
    known = columns.complete(table)
    if known.all():
        return replace(cohort, table=table)
    why = columns.lacking_of_each(table)[~known]
    lost = table.loc[~known, ["image_id", "image_path"]].assign(reason=why)
    rejected = with_films(cohort, lost, column=", ".join(columns.used))
    lacking = [name for name in columns.used if why.str.contains(name, regex=False).any()]
    if not known.any():
        what = f"{model.name} reads {', '.join(columns.used)}, and no row has all of them: {few(list(why.unique()))}"
        raise RowsRefusedError(what, f"cohort {cohort.name}", _how_to_give(lacking, model), rejected)
    kept = table[known].reset_index(drop=True)
    counts = "; ".join(columns.lacking(table))
    log.warning("%d of %d rows lack a column of the model (rejected.csv): %s", (~known).sum(), len(table), counts)
    flow = cohort.flow.step("every column of the model known", table, kept, counts)
    return replace(cohort, table=kept, flow=flow, rejected=rejected)


def note_known(cohort: Cohort, model: TrainedModel, run: Run) -> None:
    """Say how many rows are of patients whom the model was trained or tuned on."""
    seen = set(patients(model.trained_on))
    if known := int(patients(cohort.table).isin(seen).sum()):
        text = f"{known} of {len(cohort.table)} rows are of patients that the model was trained or tuned on. Its "
        text += "predictions of these are nearer to their outcomes than those of others will be."
        run.note(text)
        log.warning(text)


def refuse(cohort: Cohort, reasons: pd.Series) -> Cohort:
    """The cohort without the rows that have a reason (text by index; empty: none), which are listed as refused.

    Raises
    ------
    RowsRefusedError
        No row is left.
    """
    table, out = cohort.table, reasons.to_numpy() != ""
    if not out.any():
        return cohort
    lost = table.loc[out, ["image_id", "image_path"]].assign(reason=reasons.to_numpy()[out])
    rejected = with_films(cohort, lost, "film")
    if out.all():
        what = f"all {len(table)} rows are refused; the first, {lost['image_id'].iloc[0]}: {lost['reason'].iloc[0]}"
        raise RowsRefusedError(what, f"cohort {cohort.name}", "unfamiliar=flag scores them, with a flag", rejected)
    kept = table[~out].reset_index(drop=True)
    flow = cohort.flow.step("like the training films", table, kept, "listed in rejected.csv")
    return replace(cohort, table=kept, flow=flow, rejected=rejected)


def _require_points(cohort: Cohort, model: TrainedModel) -> None:
    needed = transform_of(model.run.config["preprocessing"]).columns
    absent = [name for name in needed if name not in cohort.table]
    points = sorted({name.rsplit("_", 2)[0] for name in absent if name.endswith("_px")})
    if points:
        what = f"{model.name} aligns films by the points {few(points)}, which are not known"
        mend = "keypoints=RUN, a training of model=spine_keypoints, finds them; or take dataset=coco_keypoints"
        raise ConfigError(what, f"cohort {cohort.name}", mend)


def _how_to_give(columns: list[str], model: TrainedModel) -> str:
    given = {"age_years": "63", "sex": "F"}
    table = " ".join(f"dataset.columns.{name}=<column>" for name in columns)
    if not model.films:
        return f"bring a table that has them; {table} names its columns"
    typed = " ".join(f"dataset.patient.{name}={given.get(name, '…')}" for name in columns)
    return f"type {typed}; or give a table: dataset=image_table dataset.table=FILE dataset.image_root=FOLDER {table}"
