"""Groups at high and at low risk: films are divided by each film model's thresholds and by DXA, in each stratum.

A *stratum* is a subgroup within which the groups are compared: everyone, those with a T-score, those without.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import bone_class
from bonerisk.evaluation.outcomes.survival import Survival
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.subgroups import ALL, subgroups
from bonerisk.evaluation.split import Split

Array = np.ndarray
DXA = "t_score", "-2.5"  # model and threshold of the groups that DXA makes


@dataclass(frozen=True)
class Grouping:
    """Films of one stratum in two groups.

    Parameters
    ----------
    model, threshold : str
        What divides them.
    stratum : str
        Name of the subgroup.
    known, high : array (films,) of bool
        Films of the stratum that are in either group, and those at high risk.
    n_stratum : int
        Films of the stratum, the unknown among them.
    """

    model: str
    threshold: str
    stratum: str
    known: Array
    high: Array
    n_stratum: int

    @property
    def groups(self) -> dict[str, Array]:
        """Films at high and at low risk."""
        return {"high": self.high, "low": self.known & ~self.high}

    def named(self, group: str) -> str:
        """Subgroup of a group: ``risk=high``, or ``dxa=yes & risk=high``."""
        return f"risk={group}" if self.stratum == ALL else f"{self.stratum} & risk={group}"


def groupings(split: Split[Followed], outcome: Survival) -> Iterator[Grouping]:
    """Groupings of films followed up, one stratum after the other; a grouping without a film in a stratum is left out.

    Each threshold of a film model divides films into those at or above it and the others. Where `dxa_groups` are asked
    for, DXA divides them, too: model ``t_score``, threshold ``-2.5``. Osteoporosis is high (the T-score, rounded to one
    decimal, is at most −2.5); films without a T-score are in neither group.
    """
    parted = list(_parted(split, outcome.dxa_groups))
    for stratum in subgroups(split.films, outcome.strata):
        for (model, threshold), known, high in parted:
            within = known & stratum.keep
            if within.any():
                n = int(stratum.keep.sum())
                yield Grouping(model, threshold, stratum.name, within, high & stratum.keep, n)


def _parted(split: Split[Followed], by_dxa: bool) -> Iterator[tuple[tuple[str, str], Array, Array]]:
    for model in split.comparison.films:
        risk = split.wide.risks[model].to_numpy()
        for threshold in split.thresholds[model]:
            if threshold.value is not None:
                yield (model, threshold.label), ~np.isnan(risk), risk >= threshold.value
    if by_dxa and "t_score" in split.films:
        t_score = pd.to_numeric(split.films["t_score"])
        yield DXA, t_score.notna().to_numpy(), (bone_class(t_score) == "osteoporosis").to_numpy()
