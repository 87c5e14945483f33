"""Subgroups of an evaluation: everyone, by sex, by age band, and by severity of the low bone mass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import AGE_BANDS, SEVERITIES, age_band, severity
from bonerisk.cohort.table import SEXES


@dataclass(frozen=True)
class Subgroup:
    """Some of the films, and what can be said of them.

    Parameters
    ----------
    name : str
        Such as "all" or "sex=F".
    keep : array (films,) of bool
    metrics : frozenset of str, optional
        The only metrics that mean something here; None: all.
    cases_only : bool
        Whether all films have the outcome by definition.
    """

    name: str
    keep: np.ndarray
    metrics: frozenset[str] | None = None
    cases_only: bool = False

    def has(self, metric: str) -> bool:
        """Whether a metric means something here."""
        return self.metrics is None or metric in self.metrics


def subgroups(films: pd.DataFrame) -> Iterator[Subgroup]:
    """List the subgroups that a table of films (label, and where known sex, age_years, t_score) allows.

    A severity has cases only. Its AUC is that of its cases against all films without the outcome, while its accuracy
    and sensitivity, one and the same number, are among its cases (OsPenScreen, figure 2).
    """
    yield Subgroup("all", np.ones(len(films), dtype=bool))
    if "sex" in films:
        yield from _levels("sex", films["sex"], SEXES)
    if "age_years" in films:
        yield from _levels("age", age_band(films["age_years"]), AGE_BANDS)
    if "t_score" in films:
        case = films["label"].to_numpy() == 1
        for group in _levels("severity", severity(films["t_score"]), SEVERITIES):
            cases = group.keep & case
            yield Subgroup(group.name, cases | ~case, frozenset({"auc"}))
            yield Subgroup(group.name, cases, frozenset({"accuracy", "sensitivity"}), cases_only=True)


def _levels(name: str, values: pd.Series, order: Iterable[str]) -> Iterator[Subgroup]:
    for level in order:
        keep = (values == level).to_numpy()
        if keep.any():
            yield Subgroup(f"{name}={level}", keep)
