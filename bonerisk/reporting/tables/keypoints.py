"""How well the detector finds the vertebrae: spine DeepSurv's average precision by object keypoint similarity."""

from __future__ import annotations

import pandas as pd

from bonerisk.reporting.runs.reported import ReportedRuns
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, number
from bonerisk.reporting.wording.values import value

OKS_AP = "oks_ap"  # in metrics.csv of a run that finds keypoints


def keypoints(runs: ReportedRuns) -> Table | None:
    """A row a detector and set, and the mean over detectors if there are several; None without one."""
    rows, estimates = [], []
    for evaluation in runs.evaluations:
        found = evaluation.result.metrics
        found = found[(found["metric"] == OKS_AP) & (found["subgroup"] == "all") & (found["reference"] == "")]
        for _, row in found.iterrows():
            films = {"Set": words.split(row["split"]), "Films": count(row["n"])}
            rows.append({"Detector": words.model(row["model"]), **films, "AP (95% CI)": value(row)})
            estimates.append(row["estimate"])
    if not rows:
        return None
    mean, sd = (number(of, 3) for of in (pd.Series(estimates).mean(), pd.Series(estimates).std()))
    spread = f"Mean ± SD of {len(rows)}: {mean} ± {sd}. "
    note = "AP: average precision over thresholds 0.50 to 0.95 of the object keypoint similarity."
    notes = (spread + note if len(rows) > 1 else note,)
    title = "Keypoints found, by average precision (as in spine DeepSurv's Methods)"
    return Table("keypoint_precision", title, pd.DataFrame(rows), notes)
