"""How far a model's confidence in a class can be trusted: are its probabilities true, and how often is it right?

By OsPenScreen's way a film gets a class if the model gives that class a probability at or above a cut-off. Here each
class is one against the others, so that metrics of a yes-or-no outcome serve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.calibration.binary import calibration_slope, ici, o_e
from bonerisk.evaluation.metrics.metric import Metric
from bonerisk.evaluation.metrics.thresholds import Threshold, at, ppv
from bonerisk.evaluation.samples.sample import Sample

CALIBRATION: Mapping[str, Metric] = {"o_e": o_e, "calibration_slope": calibration_slope, "ici": ici}
PPV = "ppv"
COLUMNS = ("class", "cutoff", "metric", "estimate", "lower", "upper", "n", "n_events", "method", "note")


def reliability(
    probability: pd.DataFrame, true: pd.Series, patient: np.ndarray, cutoffs: Mapping[str, float]
) -> pd.DataFrame:
    """Calibration of each class, and the share of films at or above its cut-off that are of the class.

    Intervals are by patient, as in an evaluation: Wilson's for the share if every patient has one film.

    Parameters
    ----------
    probability : DataFrame, shape (n, classes)
        Of each class, by its name.
    true : Series of str, shape (n,)
        The class of each film.
    patient : array (n,) of int
        Numbers of the patients, from 0.
    cutoffs : mapping
        Class → cut-off.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; `metric` is one of `CALIBRATION`, over all films, or "ppv", over those at or above the
        cut-off (`n` of them, `n_events` of the class). No rows without films.

    Examples
    --------
    >>> risk = np.linspace(0.02, 0.98, 49)
    >>> probability = pd.DataFrame({"normal": 1 - risk, "low_bone_mass": risk})
    >>> true = pd.Series(np.where(np.arange(49) % 7 < 7 * risk, "low_bone_mass", "normal"))
    >>> found = reliability(probability, true, np.arange(49), {"low_bone_mass": 0.75}).set_index("metric")
    >>> row = found.loc["ppv"]
    >>> int(row["n_events"]), int(row["n"]), row["method"], [round(float(row[name]), 2) for name in ("lower", "upper")]
    (11, 12, 'Wilson', [0.65, 1.0])
    """
    rows: list[dict[str, object]] = []
    if len(true):
        draws = Draws.of(int(patient.max()) + 1)
        for name, cutoff in cutoffs.items():
            rows += _of_class(name, cutoff, Sample.of(probability[name], true == name, patient), draws)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_class(name: str, cutoff: float, sample: Sample, draws: Draws) -> Iterator[dict[str, object]]:
    above = sample.where(sample.risk >= cutoff)
    metrics = {PPV: at(Threshold(f"{cutoff:g}", cutoff), ppv), **CALIBRATION}
    for metric, of in distributions(sample, metrics, draws).items():
        bounds, films = interval(of), above if metric == PPV else sample
        numbers = {"estimate": of.estimate, "lower": bounds.lower, "upper": bounds.upper}
        counts = {"n": len(films), "n_events": films.n_events}
        yield {"class": name, "cutoff": cutoff, "metric": metric, **numbers, **counts, "method": bounds.method} | {
            "note": "; ".join(filter(None, [bounds.note, of.note]))
        }


def off(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `reliability` whose interval of observed over expected, or of the slope, leaves out 1; a slope once."""
    judged = table[table["metric"].isin(["o_e", "calibration_slope"])]
    wrong = judged[(judged["lower"] > 1) | (judged["upper"] < 1)]
    alike = (wrong["metric"] == "calibration_slope") & wrong["estimate"].round(6).duplicated()  # of two classes
    return wrong[~alike]
