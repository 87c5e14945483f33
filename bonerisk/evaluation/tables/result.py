"""What an evaluation found, and its files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from bonerisk.runs.folder import Run


@dataclass(frozen=True)
class Result:
    """What an evaluation found; the tables are as they are written.

    Parameters
    ----------
    outcome : {"binary", "survival"}
    predictions : DataFrame
        The predictions given, and those of baselines, combined models and oracles.
    metrics : DataFrame
        Long form, columns as `bonerisk.evaluation.table.METRICS`.
    gaps : DataFrame
        Subgroups against the rest, columns as `bonerisk.evaluation.tables.gaps.GAPS`.
    confusion : DataFrame
        dataset, split, model, subgroup, threshold, horizon_years, tp, fp, fn, tn.
    groups : DataFrame
        Who is at high risk and who is not, columns as `bonerisk.evaluation.tables.characteristics.GROUPS`.
    hazards : DataFrame
        Hazard ratio of one SD of each model's risk, early and late, columns as
        `bonerisk.evaluation.tables.hazards.HAZARDS`.
    thresholds : dict
        For thresholds.json: values, and the patients they were fitted on.
    kinds : dict
        Model → film, baseline, refitted, combined, recalibrated or oracle.
    curves : dict
        Name → points: dataset, split, model, further columns of where, and those of the curve.
    """

    outcome: Literal["binary", "survival"]
    predictions: pd.DataFrame
    metrics: pd.DataFrame
    gaps: pd.DataFrame
    confusion: pd.DataFrame
    groups: pd.DataFrame
    hazards: pd.DataFrame
    thresholds: dict[str, Any]
    kinds: dict[str, str]
    curves: dict[str, pd.DataFrame]


def write(result: Result, run: Run) -> None:
    """Write the tables of a result into a run."""
    with run.writes("predictions", "predictions.parquet") as path:
        result.predictions.to_parquet(path, index=False)
    with run.writes("metrics", "metrics.csv") as path:
        result.metrics.to_csv(path, index=False)
    with run.writes("gaps", "gaps.csv") as path:
        result.gaps.to_csv(path, index=False)
    with run.writes("confusion", "confusion.csv") as path:
        result.confusion.to_csv(path, index=False)
    if result.outcome == "survival":
        with run.writes("groups", "groups.csv") as path:
            result.groups.to_csv(path, index=False)
        with run.writes("hazards", "hazards.csv") as path:
            result.hazards.to_csv(path, index=False)
    with run.writes("thresholds", "thresholds.json") as path:
        path.write_text(json.dumps(result.thresholds, indent=1), encoding="utf-8")
