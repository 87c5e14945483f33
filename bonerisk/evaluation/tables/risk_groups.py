"""Films at high and at low risk: the incidence in either group, and the hazard ratio between them.

Incidence is Aalen and Johansen's where there are competing events, else Kaplan and Meier's; where no film of a group
had the event, its upper bound is exact. The hazard ratio is Cox's (cause-specific), with a variance robust to several
films per patient. Where a group has no event it is Firth's, with its profile interval, since Cox's is infinite.

References
----------
Heinze & Schemper 2001, Biometrics 57:114 (Firth's penalty in the Cox model).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bonerisk.cohort.design import Design
from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.catalogue import About
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.subgroups import demand_no_misspelling
from bonerisk.evaluation.split import Split
from bonerisk.evaluation.tables.follow_up import incidence_rows
from bonerisk.evaluation.tables.groupings import Grouping
from bonerisk.survival import aalen_johansen, compare, cox, firth, kaplan_meier
from bonerisk.survival.interval import quantile_of
from bonerisk.survival.outcome import COMPETING, EVENT

Array = np.ndarray

ABOUT = {
    "hazard_ratio": About("Hazard ratio, high to low risk", "observed", lower=0, paired=False),
    "hazard_ratio_adjusted": About("Hazard ratio, adjusted", "observed", lower=0, paired=False),
    "time_lost_difference": About("Years lost to it, high less low risk", "observed", paired=False),
}

POINTS, LAST = 500, 10  # of a curve: at most how many steps, and at least how many films beyond the last


def risk_group_rows(split: Split[Followed], grouping: Grouping, adjusted: Sequence[str]) -> Iterator[Row]:
    """Rows of the metrics table of one grouping, which makes the groups ``risk=high`` and ``risk=low``.

    Parameters
    ----------
    split : Split
        Films followed up.
    grouping : Grouping
    adjusted : sequence of str
        Columns for which the second hazard ratio is adjusted.
    """
    films = split.films
    for column in adjusted:
        demand_no_misspelling(column, list(map(str, films)), "evaluation.survival.adjusted")
    for group, keep in grouping.groups.items():
        yield from incidence_rows(split, grouping.model, keep, grouping.named(group), grouping.threshold)
    yield _hazard_ratio(split, grouping, [])
    yield from _time_lost(split, grouping)
    there = [column for column in adjusted if column in films and films.loc[grouping.known, column].notna().any()]
    if there:
        yield _hazard_ratio(split, grouping, there)


def incidence_curves(split: Split[Followed], grouping: Grouping) -> pd.DataFrame:
    """Cumulative incidence over time in the films at high risk, and in those at low risk.

    Returns
    -------
    DataFrame
        model, subgroup (the stratum), threshold, group (high, low), time_years, incidence, lower, upper, at_risk, at
        the times of events up to the last that `LAST` films of both groups outlive, or to the last horizon; a group
        with fewer films (not patients) than `min_n` or `LAST` is left out.
    """
    groups = {name: keep for name, keep in grouping.groups.items() if keep.sum() >= max(split.plan.min_n, LAST)}
    followed = [np.sort(split.films.loc[keep, "time_years"].to_numpy(float)) for keep in groups.values()]
    reached = min((time[-1] for time in followed), default=0.0)
    end = max(min((time[-LAST] for time in followed), default=0.0), min(max(split.horizons, default=0.0), reached))
    had = np.unique(split.films.loc[(split.films["event"] == 1) & grouping.known, "time_years"])
    times = np.append(had[had < end], end)
    times = times[np.unique(np.linspace(0, len(times) - 1, POINTS).astype(int))]
    where = {"model": grouping.model, "subgroup": grouping.stratum, "threshold": grouping.threshold}
    parts = []
    for name, keep in groups.items():
        time, patient = split.films.loc[keep, "time_years"].to_numpy(float), split.patient[keep]
        cluster = patient if len(np.unique(patient)) < len(patient) else None
        status = status_of(split.films[keep])
        if split.competing:  # as the numbers at the horizons, so that band and number are on one scale
            found = aalen_johansen.fit(time, status, cluster=cluster, level=split.plan.level).at(times)
            limits = found.estimate, found.lower, found.upper
        else:
            found = kaplan_meier.fit(time, status == EVENT, cluster=cluster, level=split.plan.level).at(times)
            limits = 1 - found.estimate, 1 - found.upper, 1 - found.lower
        points = dict(zip(("incidence", "lower", "upper"), limits, strict=True)) | {"at_risk": found.at_risk}
        parts.append(pd.DataFrame({**split.name, **where, "group": name, "time_years": times, **points}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _time_lost(split: Split[Followed], grouping: Grouping) -> Iterator[Row]:
    """Years lost to the event until each horizon (area under the incidence), high less low risk, by horizon."""
    films, patient = split.films[grouping.known], split.patient[grouping.known]
    time, status = films["time_years"].to_numpy(float), status_of(films)
    sides = [keep[grouping.known] for keep in grouping.groups.values()]
    where = _where(split, grouping, "time_lost_difference")
    for horizon, said in split.horizons.items():
        row = where | {"horizon_years": horizon, "level": split.plan.level, "n": len(films)}
        row |= {"n_events": int(((status == EVENT) & (time <= horizon)).sum())}
        few = min(len(np.unique(patient[side])) for side in sides) < max(2, split.plan.min_n)
        short = min(time[side].max(initial=0) for side in sides) < horizon
        if few or short:
            why = f"under {max(2, split.plan.min_n)} patients" if few else f"follow-up ends before {horizon:g} years"
            empty = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "method": ""}
            yield row | empty | {"note": f"{why} on one side of the threshold"}
            continue
        level = split.plan.level
        fits = [aalen_johansen.fit(time[side], status[side], cluster=patient[side], level=level) for side in sides]
        first, second = (fit.time_lost(horizon) for fit in fits)
        gap = first.estimate - second.estimate
        reach = quantile_of(level) * float(np.hypot(first.standard_error, second.standard_error))
        found = {"estimate": gap, "lower": gap - reach, "upper": gap + reach}
        yield row | found | {"method": "area under Aalen–Johansen, normal interval by patient", "note": said}


def _where(split: Split[Followed], grouping: Grouping, metric: str) -> Row:
    where = {"model": grouping.model, "reference": "", "subgroup": grouping.stratum, "metric": metric}
    return {**split.name, **where, "threshold": grouping.threshold}


def _hazard_ratio(split: Split[Followed], grouping: Grouping, adjusted: Sequence[str]) -> Row:
    """Row of the hazard ratio of high against low risk."""
    who = _where(split, grouping, "hazard_ratio_adjusted" if adjusted else "hazard_ratio")
    high = grouping.high[grouping.known]
    table = split.films[grouping.known].assign(high=high.astype(float))
    design = Design.of(table, ["high", *adjusted], "hazard ratio")
    complete = design.complete(table)
    rows = table[complete]
    event = (status_of(rows) == EVENT).astype(int)
    used = [column for column in adjusted if column not in design.constant]
    notes = [f"adjusted for {', '.join(used)}"] if adjusted else []
    lost = grouping.n_stratum - len(rows)
    notes += [f"{lost} films that miss a value left out"] if lost else []
    sizes = {"level": split.plan.level, "n": len(rows), "n_events": int(event.sum())}
    where: Row = {**who, "horizon_years": np.nan, **sizes}
    nothing = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "method": ""}
    if "high" in design.constant or not event.any():
        why = "all films are on one side of the threshold" if "high" in design.constant else "no event"
        return where | nothing | {"note": "; ".join([why, *notes])}
    patient = pd.factorize(rows["site"].astype(str) + "\x1f" + rows["patient_id"].astype(str))[0]
    several = patient.max() + 1 < len(patient)
    notes += [f"{patient.max() + 1} patients"] if several else []
    try:
        found = _fit(design.matrix(rows), rows["time_years"].to_numpy(float), event, patient, split.plan.level)
    except DataError as error:
        return where | nothing | {"note": "; ".join([f"not fitted: {error.what}", *notes])}
    notes += _tests(rows, high[complete]) if not (adjusted or several) else []  # they know no patients
    return where | found | {"note": "; ".join(notes)}


def _tests(rows: pd.DataFrame, high: Array) -> list[str]:
    """P-values of equal curves."""
    time, status = rows["time_years"].to_numpy(float), status_of(rows)
    tests = {"log-rank": compare.logrank(time, (status == EVENT).astype(int), high)}
    if (status == COMPETING).any():
        tests["Gray's"] = compare.gray(time, status, high)
    return [f"{name} p {test.p:.2g}" for name, test in tests.items() if not np.isnan(test.p)]


def _fit(x: Array, time: Array, event: Array, patient: Array, level: float) -> Row:
    """Hazard ratio of the first column."""
    several = len(np.unique(patient)) < len(patient)
    arms = [event[x[:, 0] == arm].sum() for arm in (0, 1)]
    if min(arms) == 0:
        model = firth.fit(x, time, event, level=level)
        bounds = {"estimate": model.coefficients, "lower": model.lower, "upper": model.upper}
        method = "Cox with Firth's penalty, profile likelihood: a group has no event"
        method += "; takes films for independent" if several else ""
        return {name: float(np.exp(value[0])) for name, value in bounds.items()} | {"method": method}
    ratios = cox.fit(x, time, event, cluster=patient if several else None).hazard_ratios(level)
    method = "Cox, Efron ties, Wald" + (", robust by patient" if several else "")
    return {name: float(getattr(ratios, name)[0]) for name in ("estimate", "lower", "upper")} | {"method": method}
