"""The metrics table: each row is a number with its interval, its films and events, and a note if one is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bonerisk.evaluation.intervals.interval import Interval, interval
from bonerisk.evaluation.intervals.p_value import p_value
from bonerisk.evaluation.intervals.resampling import Distribution
from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.evaluation.plan import Plan
from bonerisk.evaluation.samples.judged import Judged

Row = dict[str, Any]  # of any table: column → value

METRICS = {
    **{"dataset": str, "split": str, "model": str, "reference": str, "subgroup": str, "metric": str, "threshold": str},
    **{"horizon_years": float, "estimate": float, "lower": float, "upper": float, "level": float},
    **{"n": int, "n_events": int, "method": str, "note": str},
}
CONFUSION = {
    **{"dataset": str, "split": str, "model": str, "subgroup": str, "threshold": str, "horizon_years": float},
    **{"tp": float, "fp": float, "fn": float, "tn": float},
}


def metric_row(where: Row, sample: Judged[object], of: Distribution, plan: Plan, note: str) -> Row:
    """One row of the metrics table; `p` is beside its columns, for the table of differences.

    Parameters
    ----------
    where : dict
        dataset, split, model, reference, subgroup, metric, threshold, horizon.
    sample : Sample or Followed
        The films from which the number was computed.
    of : Distribution
    plan : Plan
    note : str
        It follows the interval's own note and the number's.
    """
    bounds = interval(of, plan.level, plan.interval)
    if bounds.lower > of.estimate or bounds.upper < of.estimate:  # as of a calibration error, which grows with noise
        missed = "no interval: the bootstrap is biased here, its percentiles miss the estimate"
        bounds = Interval(np.nan, np.nan, "", "; ".join(filter(None, (bounds.note, missed))))
    n_patients = sample.n_patients
    fixed = (
        plan.stratify == "event" and about(where["metric"]).of_prevalence and bounds.method.startswith("patient boot")
    )
    too_narrow = "too narrow: the draws keep the number with the outcome" if fixed else ""
    method = bounds.method.replace("patient bootstrap", f"patient bootstrap stratified by {plan.stratify}")
    said = (bounds.note, of.note, note, too_narrow, f"{n_patients} patients" if n_patients < len(sample) else "")
    horizon = where.pop("horizon")
    return {
        **where,
        "horizon_years": horizon,
        "estimate": of.estimate,
        "lower": bounds.lower,
        "upper": bounds.upper,
        "level": plan.level,
        "p": p_value(of, plan.interval) if where["reference"] else np.nan,
        "n": len(sample),
        "n_events": sample.n_events_by(horizon),
        "method": method if plan.stratify else bounds.method,
        "note": "; ".join(dict.fromkeys(filter(None, said))),
    }
