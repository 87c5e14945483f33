"""Calibration, decision curves and incidence within strata, such as patients with and without a T-score.

A *stratum* is a subgroup by a column in `Survival.strata`. All numbers have the draws, level and minimum sizes of the
evaluation; a stratum with too few patients or events has one row without numbers, whose note says so. n and
n_events are those of the films to which the model gives a risk; events are counted up to the horizon.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bonerisk.evaluation.metrics.calibration.curves import groups, smooth
from bonerisk.evaluation.metrics.decision import ENDS, QUANTITIES, decision_curve
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.outcomes.survival import Survival, status_of
from bonerisk.evaluation.samples.followed import AtHorizon, Followed
from bonerisk.evaluation.samples.subgroups import ALL, subgroups
from bonerisk.evaluation.split import Split
from bonerisk.evaluation.tables.follow_up import incidences
from bonerisk.evaluation.tables.groupings import groupings
from bonerisk.survival.incidence import AALEN_JOHANSEN, KAPLAN_MEIER
from bonerisk.survival.outcome import COMPETING

WHERE = {"dataset": str, "split": str, "model": str, "subgroup": str}
SIZES = {"level": float, "n": int, "n_events": int, "note": str}
POINT = {"predicted": float, "observed": float, "lower": float, "upper": float, "n_group": float}
BENEFIT = {"probability": float} | {name + end: float for name in QUANTITIES for end in ENDS}
CALIBRATION = WHERE | {"horizon_years": float, "curve": str} | POINT | SIZES
DECISION = WHERE | {"horizon_years": float} | BENEFIT | SIZES
INCIDENCE = {
    **WHERE,
    **{"threshold": str, "group": str, "horizon_years": float, "estimator": str},
    **{"incidence": float, "lower": float, "upper": float, "level": float, "at_risk": int},
    **{"n": int, "n_events": int, "n_events_total": int, "n_competing": int, "method": str, "note": str},
}
PROBABILITIES, HIGHEST = 50, (0.02, 0.99)  # of a decision curve: how many, and between which the highest lies


def calibration_rows(split: Split[Followed], outcome: Survival) -> Iterator[Row]:
    """Observed incidence over predicted probability at the last horizon, of models with probabilities.

    `curve` is "smooth", or "groups" between quantiles of the predicted probability, where `n_group` counts the films of
    each (`bonerisk.evaluation.metrics.calibration.curves`).
    """
    for sample, row, few in _judged(split, outcome):
        if few:
            yield row | {"curve": "", **dict.fromkeys(POINT, np.nan)}
            continue
        asked = sample, row["horizon_years"], split.draws, split.plan.level
        for point in _points(smooth(*asked)):
            yield row | {"curve": "smooth", "n_group": np.nan} | point
        for point in _points(groups(*asked).rename(columns={"n": "n_group"})):
            yield row | {"curve": "groups"} | point


def decision_rows(split: Split[Followed], outcome: Survival) -> Iterator[Row]:
    """Net benefit over threshold probabilities at the last horizon, of models with probabilities.

    All models of a stratum have the threshold probabilities of the first: evenly spaced up to the 99th percentile of
    its predicted probabilities.
    """
    shares: dict[str, np.ndarray] = {}
    for sample, row, few in _judged(split, outcome):
        if few:
            yield row | dict.fromkeys(BENEFIT, np.nan)
            continue
        horizon = row["horizon_years"]
        end = np.clip(np.quantile(sample.predicted[horizon], 0.99), *HIGHEST)
        grid = shares.setdefault(row["subgroup"], np.linspace(0, end, PROBABILITIES + 1)[1:])
        curve = decision_curve(AtHorizon(sample, horizon, predicted=True), grid, split.draws, split.plan.level)
        for point in _points(curve.rename(columns={"threshold": "probability"})):
            yield row | point


def incidence_rows(split: Split[Followed], outcome: Survival) -> Iterator[Row]:
    """Incidence of the films at high and at low risk, of each grouping of a stratum (`groupings`).

    Where there are competing events, by Aalen and Johansen's estimate and, beside it, by Kaplan and Meier's, which
    takes the dead for censored and is higher; otherwise by Kaplan and Meier's alone.
    """
    years = outcome.incidence_years or list(split.horizons)
    for grouping in groupings(split, outcome):
        for group, keep in grouping.groups.items() if grouping.stratum != ALL else ():
            where: Row = {**split.name, "model": grouping.model, "subgroup": grouping.stratum}
            where |= {"threshold": grouping.threshold, "group": group, "level": split.plan.level}
            for row in _incidences(split, keep, years):
                yield where | row


def _judged(split: Split[Followed], outcome: Survival) -> Iterator[tuple[Followed, Row, str]]:
    """Films of each stratum with each graded model, the columns that its rows share, and why too few."""
    horizon, said = max(split.horizons.items())
    for stratum in list(subgroups(split.films, outcome.strata))[1:]:
        for model in split.comparison.graded:
            sample = split.sample(stratum, [model])
            few = split.few(sample, horizon, stratum, [model])
            if not few and horizon not in sample.predicted:
                few = f"the model gives no probability at {horizon:g} years"
            where = {**split.name, "model": model, "subgroup": stratum.name, "horizon_years": horizon}
            sizes = {"level": split.plan.level, "n": len(sample), "n_events": sample.n_events_by(horizon)}
            yield sample, {**where, **sizes, "note": "; ".join(filter(None, [few, said]))}, few


def _points(curve: pd.DataFrame) -> Iterator[Row]:
    for point in curve.to_dict("records"):
        yield {str(name): value for name, value in point.items()}


def _incidences(split: Split[Followed], keep: np.ndarray, years: Sequence[float]) -> Iterator[Row]:
    """Incidence among the films of a mask, one row per year and estimator; without numbers if there are too few."""
    films = split.films[keep]
    event, time = films["event"] == 1, films["time_years"]
    if len(np.unique(split.patient[keep])) < split.plan.min_n:
        few = {"estimator": "", "method": "", "note": f"under {split.plan.min_n} patients"}
        died = status_of(films) == COMPETING
        for year in years:
            counts = {
                "n_events": int((event & (time <= year)).sum()),
                "n_competing": int((died & (time <= year)).sum()),
            }
            counts |= {"n": len(films), "n_events_total": int(event.sum()), "at_risk": int((time >= year).sum())}
            yield {"horizon_years": year, **dict.fromkeys(("incidence", "lower", "upper"), np.nan), **counts, **few}
        return
    for row in incidences(split, keep, years):
        estimator = next(name for name in (AALEN_JOHANSEN, KAPLAN_MEIER) if row.method.startswith(name))
        yield {
            **{"horizon_years": row.horizon, "estimator": estimator, "incidence": row.incidence, "lower": row.lower},
            **{"upper": row.upper, "at_risk": row.at_risk, "n": row.n, "n_events": row.n_events},
            **{"n_events_total": int(event.sum()), "n_competing": row.n_competing, "method": row.method},
            "note": row.note,
        }
