"""How much the hazard rises with one SD of a model's risk, early and late in the follow-up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bonerisk.errors import DataError
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.split import Split
from bonerisk.survival import cox, proportional
from bonerisk.survival.outcome import EVENT

FOUND = ("hazard_ratio_per_sd", "lower", "upper", "early", "late", "split_time_years", "p_value")
HAZARDS = {
    **{"dataset": str, "split": str, "model": str},
    **dict.fromkeys(FOUND, float),
    **{"n": int, "n_events": int, "note": str},
}
JUDGED = ("film", "baseline", "oracle")


def hazard_rows(split: Split[Followed]) -> Iterator[Row]:
    """Rows of the table of hazards, one per film model, baseline and oracle, over the films with its risk.

    The hazard ratio is Cox's (cause-specific, Efron ties) of one SD of the risk among these films, with Wald's
    interval, robust by patient where some have several films. Early and late are up to the time that halves the events,
    and after it; the p-value is that of no change over time (`bonerisk.survival.proportional`).

    Parameters
    ----------
    split : Split
        Films followed up.
    """
    for model, of in split.comparison.models.items():
        if of.role in JUDGED:
            yield {**split.name, "model": model} | _hazard(split, model)


def _hazard(split: Split[Followed], model: str) -> Row:
    sample = split.sample(split.everyone, [model])
    row = dict.fromkeys(FOUND, np.nan) | {"n": len(sample), "n_events": sample.n_events_by(np.nan)}
    few = split.few(sample, np.nan, split.everyone, [model])
    if few or not np.ptp(sample.risk):
        return row | {"note": few or "the same risk of all films"}
    keep = split.wide.risks[model].notna().to_numpy()
    films, patient = split.films[keep], split.patient[keep]
    risk = split.wide.risks.loc[keep, model].to_numpy()
    x, time = (risk / risk.std(ddof=1))[:, None], films["time_years"].to_numpy(float)
    event = (status_of(films) == EVENT).astype(int)
    several = len(np.unique(patient)) < len(patient)
    notes = [f"{len(np.unique(patient))} patients; the test of a change takes films for independent"] if several else []
    try:
        ratio = cox.fit(x, time, event, cluster=patient if several else None).hazard_ratios(split.plan.level)
        row |= {"hazard_ratio_per_sd": ratio.estimate[0], "lower": ratio.lower[0], "upper": ratio.upper[0]}
        checked = proportional.check(x, time, event, level=split.plan.level)
    except DataError as error:
        return row | {"note": "; ".join([f"not fitted: {error.what}", *notes])}
    [of] = checked.columns
    row |= {"early": of.hazard_ratio_early, "late": of.hazard_ratio_late, "p_value": of.p_value}
    notes += [of.note] if of.note else []
    return row | {"split_time_years": checked.split_time, "note": "; ".join(notes)}
