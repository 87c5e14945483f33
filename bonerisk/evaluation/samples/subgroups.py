"""Subgroups of an evaluation: everyone, levels of any columns, crossings of them, and severities of low bone mass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import AGE_BANDS, AGE_DECADES, SEVERITIES, age_band, age_decade, severity
from bonerisk.cohort.table import SEXES
from bonerisk.errors import ConfigError

ALL = "all"
MOST = 12  # levels of a column; more of them are a number's values, not groups
DXA = ("yes", "no")


def has_dxa(t_score: pd.Series) -> pd.Series:
    """Whether a film has a T-score, "yes" or "no", (n,); None if no film has one, since that parts nothing."""
    known = t_score.notna()
    return known.map({True: "yes", False: "no"}) if known.any() else pd.Series(None, t_score.index, dtype=object)


BANDS = {
    "age": ("age_years", age_band, AGE_BANDS),
    "age_decade": ("age_years", age_decade, AGE_DECADES),
    "severity": ("t_score", severity, SEVERITIES),
    "dxa": ("t_score", has_dxa, DXA),
}
ORDER = {"sex": SEXES} | {name: order for name, (_, _, order) in BANDS.items()}


@dataclass(frozen=True)
class Subgroup:
    """Some of the films, and the metrics that make sense among them.

    Parameters
    ----------
    name : str
        Such as "all" or "sex=F".
    keep : array (films,) of bool
    metrics : frozenset of str, optional
        The only metrics that make sense here; None: all.
    cases_only : bool
        Whether all films have the outcome by definition.
    among : array (films,) of bool, optional
        The films with which those outside the group are compared; None: all. Groups of a site are compared within it.
    """

    name: str
    keep: np.ndarray
    metrics: frozenset[str] | None = None
    cases_only: bool = False
    among: np.ndarray | None = None

    @property
    def rest(self) -> np.ndarray:
        """The films outside the group, (films,) of bool."""
        return ~self.keep if self.among is None else self.among & ~self.keep

    def has(self, metric: str) -> bool:
        """Whether a metric makes sense here."""
        return self.metrics is None or metric in self.metrics


def subgroups(films: pd.DataFrame, names: Sequence[str]) -> Iterator[Subgroup]:
    """List everyone, and the subgroups by `names` that a table of films allows.

    A severity has cases only. Its AUC is that of its cases against all films without the outcome, while its accuracy
    and sensitivity, one and the same number, are among its cases (OsPenScreen, figure 2).

    Parameters
    ----------
    films : DataFrame
    names : sequence of str
        A column whose levels are groups; "age" or "age_decade" (bands of `age_years`); "severity" (of `t_score`, of
        films with a `label`); "dxa" (whether `t_score` is known); or a crossing, as "sex*age" or "site*severity". One
        whose columns are absent, or hold no value, is left out.

    Raises
    ------
    ConfigError
        A column has too many values to be groups, or is nearly one that is there.

    Examples
    --------
    >>> films = pd.DataFrame({"sex": ["F", "M", "F"], "age_years": [52.0, 71.0, 64.0]})
    >>> [(group.name, int(group.keep.sum())) for group in subgroups(films, ["sex", "sex*age"])]
    [('all', 3), ('sex=F', 2), ('sex=M', 1), ('sex=F & age=50-54', 1), ('sex=F & age=60-64', 1), ('sex=M & age=65+', 1)]
    """
    yield Subgroup(ALL, np.ones(len(films), dtype=bool))
    for name in names:
        parts = name.split("*")
        absent = [part for part in parts if BANDS.get(part, (part,))[0] not in films]
        for part in absent:
            demand_no_misspelling(part, [*map(str, films), *BANDS], "evaluation subgroups")
        if absent:
            continue
        *outer, last = parts
        if last != "severity":
            yield from _crossed(films, parts)
        elif "label" in films:
            for group in _crossed(films, outer):
                yield from _severities(films, group)


def demand_no_misspelling(name: str, known: Sequence[str], where: str) -> None:
    """Refuse a column that is absent but nearly has the name of one that is there.

    Default columns may be absent from a table, so an absent column alone is no error.

    Raises
    ------
    ConfigError
    """
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    if name not in known and near:
        raise ConfigError(f"there is no column {name}", where, f"did you mean {near[0]}?")


def _crossed(films: pd.DataFrame, parts: Sequence[str]) -> Iterator[Subgroup]:
    groups = [Subgroup("", np.ones(len(films), dtype=bool))]
    for part in parts:
        levels = list(_levels(films, part))
        groups = [
            replace(_named(group, level), among=level.keep if part == "site" and parts != ["site"] else group.among)
            for group in groups
            for level in levels
        ]
    yield from (group for group in groups if group.keep.any())


def _named(group: Subgroup, level: Subgroup) -> Subgroup:
    """Films of both, named after both."""
    return Subgroup(" & ".join(filter(None, [group.name, level.name])), group.keep & level.keep)


def _severities(films: pd.DataFrame, among: Subgroup) -> Iterator[Subgroup]:
    case = films["label"].to_numpy() == 1
    for level in _levels(films, "severity"):
        group = _named(among, level)
        cases = group.keep & case
        if cases.any():
            yield Subgroup(group.name, cases | (among.keep & ~case), frozenset({"auc"}))
            yield Subgroup(group.name, cases, frozenset({"accuracy", "sensitivity"}), cases_only=True)


def _levels(films: pd.DataFrame, name: str) -> Iterator[Subgroup]:
    column, banded, _ = BANDS.get(name, (name, lambda values: values, ()))
    values = banded(films[column])
    present = sorted(values.dropna().unique())
    if name not in ORDER and len(present) > MOST:
        what = f"{name} has {len(present)} values, too many for subgroups"
        raise ConfigError(what, "evaluation.subgroups", f"name a column of at most {MOST} values: band it first")
    for level in ORDER.get(name, present):
        keep = (values == level).to_numpy(dtype=bool, na_value=False)
        if keep.any():
            yield Subgroup(f"{name}={level:g}" if isinstance(level, float) else f"{name}={level}", keep)
