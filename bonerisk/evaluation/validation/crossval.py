"""Repeated cross-validation by patient: each row is predicted by a refit that has not seen the patient.

Patients with an event, then the others, are dealt to the folds in random order, so that every fold has its share of
events. The predictions of all folds are judged together, as by ``riskRegression::Score(split.method = "cv5")``; the
values of the repeats are averaged. (``rms::validate(method = "crossvalidation")`` judges each fold alone.) A linear
predictor has an origin of its own in each refit: the mean over the rows that it was fitted to is subtracted from it. A
row is positive at the threshold of its own refit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.resampling import Distribution, Draws, distributions
from bonerisk.evaluation.metrics.metric import Key
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.outcomes.outcome import Films
from bonerisk.evaluation.samples.risk_table import RiskTable
from bonerisk.evaluation.validation.development import Attempts, Development, Predicted
from bonerisk.progress import track
from bonerisk.survival.ridge import deal

Array = np.ndarray


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of all n rows by refits that have not seen their patients.

    Parameters
    ----------
    predicted : Predicted
        Risks on a scale that all refits share.
    margins : dict
        Threshold → risk less the threshold of the row's own refit, (n,); None if a refit found none.
    """

    predicted: Predicted
    margins: Mapping[str, Array | None]


def check(development: Development[Any], folds: int) -> None:
    """Refuse folds that can't have an event each.

    Raises
    ------
    ConfigError
    """
    ill = len(np.unique(development.patient[development.has_event]))
    if not 2 <= folds <= ill:
        mend = f"evaluation.folds={min(max(ill, 2), 5)}, for example" if ill > 1 else "bring patients with an event"
        raise ConfigError(f"{folds} folds for {ill} patients with the outcome", "evaluation.folds", mend)


def crossval(
    development: Development[Films],
    table: RiskTable,
    model: str,
    keys: Sequence[Key],
    horizons: Sequence[float],
    folds: int,
    repeats: int,
    seed: int,
    draws: Draws,
    jackknife: bool,
) -> tuple[dict[Key, list[Distribution]], Predicted, str]:
    """Performance out of fold in each repeat.

    Parameters
    ----------
    development : Development
    table : RiskTable
        Its rows (`Development.table`).
    model : str
    keys : sequence of Key
        Metrics.
    horizons : sequence of float
    folds, repeats, seed : int
    draws : Draws
        Draws of patients, for the intervals; refits are not repeated for them.
    jackknife : bool
        Whether the intervals need patients left out (BCa).

    Returns
    -------
    dict
        Metric → its distribution in each repeat; a repeat with a failed refit is left out.
    Predicted
        Predictions out of fold of the first repeat, on a scale that all refits share.
    str
        What must be said of the refits (`Attempts.notes`).

    Raises
    ------
    DataError
        Each repeat has a refit that failed.
    """
    attempts = Attempts(development.refits[model], table.risks[model].notna().to_numpy())
    repeat: list[OutOfFold] = []
    found: dict[Key, list[Distribution]] = {key: [] for key in keys}
    for number in track(range(repeats), f"cross-validating {model}"):
        pooled = predict_out(
            development, table, attempts, deal(development.patient, development.has_event, folds, seed + number)
        )
        if pooled:
            repeat.append(pooled)
            for key, of in judge(development, table, pooled, keys, horizons, draws, jackknife).items():
                found[key].append(of)
    said = attempts.notes(repeats, "repeats")
    return found, repeat[0].predicted, said


def predict_out(development: Development[Films], table: RiskTable, attempts: Attempts, fold: Array) -> OutOfFold | None:
    """Predictions out of fold; None if a refit failed."""
    blank = np.full(len(fold), np.nan)
    survival: dict[float, Array] = defaultdict(blank.copy)
    margins: dict[str, Array] = defaultdict(blank.copy)
    risk = blank.copy()
    for number in range(fold.max() + 1):
        out, rows = fold == number, np.flatnonzero(fold != number)
        predicted = attempts(rows)
        if predicted is None:
            return None
        risk[out] = development.kind.aligned(predicted.risk, predicted.risk[rows])[out]
        for horizon, values in predicted.survival.items():
            survival[horizon][out] = values[out]
        for threshold in development.choose(table, predicted, rows):
            cut = np.nan if threshold.value is None else threshold.value
            margins[threshold.label][out] = predicted.risk[out] - cut
    known = ~np.isnan(risk)
    whole = {label: None if np.isnan(values[known]).any() else values for label, values in margins.items()}
    return OutOfFold(Predicted(risk, survival), whole)


def judge(
    development: Development[Films],
    table: RiskTable,
    found: OutOfFold,
    keys: Sequence[Key],
    horizons: Sequence[float],
    draws: Draws,
    jackknife: bool,
) -> dict[Key, Distribution]:
    """Metrics of predictions out of fold: those at a threshold from the margins, of which 0 is the threshold."""
    kind, cuts = development.kind, [Threshold(label, 0.0) for label in found.margins]
    samples = {"": development.sample(table, found.predicted)}
    samples |= {
        label: development.sample(table, Predicted(of)) for label, of in found.margins.items() if of is not None
    }
    metrics = {label: kind.metrics(sample, horizons, cuts) for label, sample in samples.items()}
    judged: dict[Key, Distribution] = {}
    for label in ("", *found.margins):
        own = [key for key in keys if label == (key.threshold if key.metric in kind.at_threshold else "")]
        if label in samples:
            judged |= distributions(samples[label], {key: metrics[label][key] for key in own}, draws, jackknife)
        else:
            judged |= {key: Distribution(np.nan, np.empty(0), "a refit found no threshold") for key in own}
    return judged
