"""Follow-up and incidence as observed, independent of any model.

Incidence is Aalen and Johansen's where there are competing events, else Kaplan and Meier's; where no film had the
event, its upper bound is exact. Follow-up is the median of the reverse Kaplan–Meier estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.split import Split
from bonerisk.survival import kaplan_meier
from bonerisk.survival.incidence import Incidence, at_horizons

Array = np.ndarray

ABOUT = {
    "incidence": About(
        "Incidence",
        "observed",
        lower=0,
        upper=1,
        paired=False,
        percent=True,
        until_horizon=True,
        of_prevalence=True,
        meaning="Incidence: the share of patients who had the event by the horizon.",
    ),
    "median_follow_up_years": About("Median follow-up, years", "follow_up", lower=0, paired=False),
}


def follow_up_rows(split: Split[Followed], model: str) -> Iterator[Row]:
    """Rows of the metrics table for films with a model's risk: follow-up, and incidence by subgroup."""
    known = split.wide.risks[model].notna().to_numpy()
    yield _follow_up(split, model, known)
    for group in split.subgroups:
        yield from incidence_rows(split, model, known & group.keep, group.name)


def _follow_up(split: Split[Followed], model: str, keep: Array) -> Row:
    films, patient = split.films[keep], split.patient[keep]
    several = patient if len(np.unique(patient)) < len(patient) else None
    time, status = films["time_years"].to_numpy(float), status_of(films)
    median = kaplan_meier.follow_up(time, status, cluster=several, level=split.plan.level).median
    return {
        **split.name,
        **{"model": model, "reference": "", "subgroup": split.everyone.name, "metric": "median_follow_up_years"},
        **{"threshold": "", "horizon_years": np.nan, "level": split.plan.level},
        **{"estimate": median.estimate, "lower": median.lower, "upper": median.upper},
        **{"n": len(films), "n_events": int((status == 0).sum()), "method": "reverse Kaplan–Meier, log-log interval"},
        "note": median.note,
    }


def incidence_rows(
    split: Split[Followed], model: str, keep: Array, subgroup: str, threshold: str = ""
) -> Iterator[Row]:
    """Incidence among the films of a mask, one row per horizon."""
    films, patient = split.films[keep], split.patient[keep]
    where = {**split.name, "model": model, "reference": "", "subgroup": subgroup, "metric": "incidence"}
    if len(np.unique(patient)) < split.plan.min_n:
        missing = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "level": split.plan.level}
        for horizon in split.horizons:
            had = (films["event"] == 1) & (films["time_years"] <= horizon)
            counted = {"n": len(films), "n_events": int(had.sum()), "method": ""}
            note = f"under {split.plan.min_n} patients"
            yield where | {"threshold": threshold, "horizon_years": horizon, **missing, **counted, "note": note}
        return
    found = incidences(split, keep, list(split.horizons))
    for horizon in split.horizons:
        row = next(row for row in found if row.horizon == horizon)  # Aalen–Johansen's comes before Kaplan–Meier's
        said = f"{row.n_competing} had a competing event first" if row.n_competing else ""
        yield where | {
            **{"threshold": threshold, "horizon_years": horizon, "estimate": row.incidence, "lower": row.lower},
            **{"upper": row.upper, "level": row.level, "n": row.n, "n_events": row.n_events, "method": row.method},
            "note": "; ".join(filter(None, [row.note, said, split.horizons[horizon]])),
        }


def incidences(split: Split[Followed], keep: Array, years: Sequence[float]) -> list[Incidence]:
    """Incidence among the films of a mask by each of `years`, by patient where some have several films.

    Where a film of the split had a competing event, there are two of each: Aalen–Johansen's, then Kaplan–Meier's.
    """
    films, patient = split.films[keep], split.patient[keep]
    return at_horizons(
        films["time_years"].to_numpy(float),
        status_of(films),
        years,
        cluster=patient if len(np.unique(patient)) < len(films) else None,
        competing=split.competing,
        level=split.plan.level,
    )
