"""What is said of a risk: its place among the tuning films, the threshold's call or the class, and how true it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.errors import ConfigError
from bonerisk.evaluation.metrics.calibration import at_horizon, binary
from bonerisk.evaluation.metrics.metric import Values
from bonerisk.evaluation.metrics.rules import given_or_rule
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.risk_table import RiskTable
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.models.trained import TrainedModel

RULE = "youden"  # of a threshold, if none is asked for
KINDS = ("binary", "survival")  # of targets that have thresholds
CALIBRATION = ["horizon_years", "metric", "estimate", "n", "n_events", "note"]


def threshold_of(model: TrainedModel, text: str | None) -> Threshold | None:
    """The threshold by which risks are called: a number, or what a rule chooses on the tuning split, as in `evaluate`.

    None if the target has classes of its own, or if none is asked for and there is no tuning split.

    Raises
    ------
    ConfigError
        It is neither number nor rule, the target has no thresholds, or a rule has no tuning split to choose on.
    """
    kind = model.target.kind
    if kind not in KINDS:
        if text is not None:
            what = f"{model.name} calls a class, without a threshold"
            raise ConfigError(what, f"threshold={text}", "leave it out")
        return None
    if text is None and model.tuning.empty:
        return None
    given = given_or_rule(text or RULE)
    return given if isinstance(given, Threshold) else model.threshold(text or RULE)


def with_calls(predicted: pd.DataFrame, model: TrainedModel, threshold: Threshold | None) -> pd.DataFrame:
    """Predictions with what is said of each risk.

    Returns
    -------
    DataFrame, the columns of `predicted`, and
        `probability`, of the outcome, for a target of yes or no; `risk_percentile`: per cent of the tuning films with a
        lower risk; `threshold` (its name), `threshold_risk` and `positive` (1 or 0), or `class_called`.
    """
    found, kind = predicted.copy(), model.target.kind
    tuning = np.sort(model.tuning["risk"].to_numpy())
    if kind == "binary":
        found["probability"] = found["risk"]
    below = np.searchsorted(tuning, found["risk"].to_numpy(), "left")
    found["risk_percentile"] = 100 * below / len(tuning) if len(tuning) else np.nan
    if kind == "amount":
        found["class_called"] = bone_class(found["estimate"])
    if kind == "ordinal":
        highest = found[[f"p_{name}" for name in BONE_CLASSES]].to_numpy().argmax(axis=1)
        found["class_called"] = np.array(BONE_CLASSES, dtype=object)[highest]
    if threshold is not None:
        known = threshold.value is not None
        found["threshold"] = threshold.label
        found["threshold_risk"] = threshold.value if known else np.nan
        found["positive"] = (found["risk"] >= threshold.value).astype(float) if known else np.nan
    return found


def tuning_calibration(model: TrainedModel) -> pd.DataFrame:
    """Calibration of a model's probabilities on its tuning split, by which it was also chosen: new films fit less well.

    Returns
    -------
    DataFrame
        Columns `CALIBRATION`: observed over expected (`o_e`), slope and `ici`, at each horizon if the target has times;
        no rows if the model gives no probability, or has no tuning split.
    """
    tuning, kind = model.tuning, model.target.kind
    rows: list[tuple[object, ...]] = []
    if len(tuning) and kind == "binary":
        drawn, events = Sample.of(tuning["risk"], tuning["label"]).drawn(), int(tuning["label"].sum())
        of_label = (binary.o_e, binary.calibration_slope, binary.ici)
        rows += [(np.nan, of.__name__, *_value(of(drawn)), len(tuning), events) for of in of_label]
    if len(tuning) and kind == "survival":
        predicted = {years: of.iloc[:, 0].to_numpy() for years, of in RiskTable.of(tuning).predicted.items()}
        whole = {years: of for years, of in predicted.items() if not np.isnan(of).any()}
        films = Followed.of(tuning["risk"], tuning["time_years"], status_of(tuning), None, whole)
        followed = (at_horizon.o_e, at_horizon.calibration_slope, at_horizon.ici)
        for years in filter(films.reaches, whole):
            counts = len(films), films.n_events_by(years)
            rows += [(years, of.__name__, *_value(of(films.drawn(), years)), *counts) for of in followed]
    table = pd.DataFrame(rows, columns=["horizon_years", "metric", "estimate", "note", "n", "n_events"])
    return table[CALIBRATION]


def _value(values: Values) -> tuple[float, str]:
    estimate = float(values.value[0])
    return estimate, values.undefined if np.isnan(estimate) else values.note
