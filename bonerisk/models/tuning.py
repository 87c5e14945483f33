"""A training's predictions of its tuning split, and how well they rank it: what a sweep's trainings are compared by."""

from __future__ import annotations

import logging
import math

import pandas as pd

from bonerisk.cohort.targets.target import Target, find
from bonerisk.evaluation.metrics.agreement import r_squared
from bonerisk.evaluation.metrics.classes import ordinal_auc
from bonerisk.evaluation.metrics.concordance import c_index
from bonerisk.evaluation.metrics.discrimination import auc
from bonerisk.evaluation.metrics.points import oks_ap
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.classed import Classed
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.located import Located
from bonerisk.evaluation.samples.readings import Readings
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.models.predictions import TUNING_FILE
from bonerisk.runs.folder import Run
from bonerisk.runs.run_record import TuningScore

log = logging.getLogger(__name__)


def write_tuning(predicted: pd.DataFrame, target: str, run: Run) -> None:
    """Write the predictions of the tuning split (may have no rows), and record and log how well they rank it."""
    with run.writes("predictions", TUNING_FILE) as path:
        predicted.to_parquet(path, index=False)
    run.record["tuning"] = found = score(predicted, find(target))
    if found:
        log.info("tuning %s %.3f, of %d rows", found["score"], found["value"], len(predicted))


def score(predicted: pd.DataFrame, target: Target) -> TuningScore | None:
    """AUC of yes or no or of classes, Harrell's C with times, R² of a T-score, AP of points; None if there is none."""
    if predicted.empty:
        return None
    if target.kind == "amount":
        name, values = "R²", r_squared(Readings.of(-predicted["risk"], predicted["t_score"]).drawn())
    elif target.kind == "points":
        name, values = "OKS-AP", oks_ap(Located.of(predicted, predicted["risk"].to_numpy()).drawn())
    elif target.kind == "ordinal":
        name, values = "ordinal AUC", ordinal_auc(Classed.of(predicted["label"], None, predicted["risk"]).drawn())
    elif target.kind == "binary":
        name, values = "AUC", auc(Sample.of(predicted["risk"], predicted["label"]).drawn())
    else:
        followed = Followed.of(predicted["risk"], predicted["time_years"], status_of(predicted))
        name, values = "C-index", c_index(followed.drawn())
    value = float(values.value[0])
    return {"score": name, "value": value} if math.isfinite(value) else None
