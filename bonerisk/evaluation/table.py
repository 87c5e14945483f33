"""The metrics table: a row a number, with its interval, what it rests on, and a note where there is one to make."""

from __future__ import annotations

from typing import Any

import numpy as np

from bonerisk.evaluation.intervals import interval
from bonerisk.evaluation.resampling import Distribution
from bonerisk.evaluation.sample import Sample

METRICS = (
    "dataset",
    "split",
    "model",
    "reference",
    "subgroup",
    "metric",
    "threshold",
    "horizon_years",
    "estimate",
    "lower",
    "upper",
    "level",
    "n",
    "n_events",
    "method",
    "note",
)
CONFUSION = ("dataset", "split", "model", "subgroup", "threshold", "tp", "fp", "fn", "tn")


def metric_row(where: dict[str, str], sample: Sample, of: Distribution, level: float, note: str) -> dict[str, Any]:
    """One row of the metrics table.

    Parameters
    ----------
    where : dict
        dataset, split, model, reference, subgroup, metric, threshold.
    sample : Sample
        The films the number rests on.
    of : Distribution
    level : float
        Of the interval, such as 0.95.
    note : str
        Added to what the interval says of itself.
    """
    bounds = interval(of, level)
    n_patients = sample.n_patients
    said = (bounds.note, note, f"{n_patients} patients" if n_patients < len(sample) else "")
    return {
        **where,
        "horizon_years": np.nan,
        "estimate": of.estimate,
        "lower": bounds.lower,
        "upper": bounds.upper,
        "level": level,
        "n": len(sample),
        "n_events": sample.n_events,
        "method": bounds.method,
        "note": "; ".join(dict.fromkeys(filter(None, said))),
    }
