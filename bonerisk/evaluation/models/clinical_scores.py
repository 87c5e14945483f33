"""Clinical scores that choose who is sent to DXA, without a film: OST, ORAI, and age alone.

Each is published with a cut-off. It is computed where its columns are there, and needs no fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError

Array = np.ndarray
ORAI_AGES = {45: 0.0, 55: 5.0, 65: 9.0, 75: 15.0}  # from this age on
ORAI_WEIGHTS = {0: 9.0, 60: 3.0, 70: 0.0}  # from this weight on, kg


@dataclass(frozen=True)
class ClinicalScore:
    """A published score.

    Parameters
    ----------
    name : str
        As tables have it.
    columns : tuple of str
        Columns that it reads.
    score : callable
        From rows that have them to the score (n,), higher is worse; NaN where it does not apply.
    cut : float, optional
        The published cut-off: positive at or above it. None: the score is judged by its ranking alone.
    label : str
        The cut-off in the score's own terms.
    note : str
        Who it is for, and its source.
    """

    name: str
    columns: tuple[str, ...]
    score: Callable[[pd.DataFrame], Array]
    cut: float | None
    label: str
    note: str

    def lacks(self, table: pd.DataFrame) -> list[str]:
        """Columns that are absent or hold no value."""
        return [name for name in self.columns if name not in table or table[name].isna().all()]

    def risk(self, table: pd.DataFrame) -> Array:
        """The score (n,), higher is worse; NaN if a column has no value."""
        return np.where(table[list(self.columns)].notna().all(axis=1), self.score(table), np.nan)


def ost(table: pd.DataFrame) -> Array:
    """The index of Koh et al. (OSTA): 0.2 × (weight in kg − age), cut to an integer; its sign turned, (n,).

    From −1 down risk is moderate, from under −4 high. Some cut 0.2 × weight and 0.2 × age to integers first, and add
    these: the two may differ by 1.
    """
    index = np.trunc(np.round(0.2 * (_numbers(table, "weight_kg") - np.floor(_numbers(table, "age_years"))), 9))
    return -index


def orai(table: pd.DataFrame) -> Array:
    """Osteoporosis Risk Assessment Instrument of women of 45 and over, 0 to 26 points, (n,).

    Its authors chose the cut-off of 9 to find T-scores of −2 and under at the femoral neck or lumbar spine (Cadarette
    et al. 2000, CMAJ 162:1289).
    """
    age, weight = np.floor(_numbers(table, "age_years")), _numbers(table, "weight_kg")
    points = _banded(age, ORAI_AGES) + _banded(weight, ORAI_WEIGHTS) + np.where(_numbers(table, "oestrogen") == 1, 0, 2)
    return np.where((table["sex"] == "F").to_numpy(dtype=bool, na_value=False), points, np.nan)


def age(table: pd.DataFrame) -> Array:
    """Completed years, (n,)."""
    return np.floor(_numbers(table, "age_years"))


SCORES = {
    "ost": ClinicalScore(
        "OST", ("weight_kg", "age_years"), ost, 1, "OST ≤ −1",
        "OST: 0.2 × (weight − age), of postmenopausal Asian women (Koh 2001, Osteoporos Int 12:699)",
    ),
    "orai": ClinicalScore(
        "ORAI", ("age_years", "weight_kg", "sex", "oestrogen"), orai, 9, "ORAI ≥ 9",
        "ORAI: women alone (Cadarette 2000, CMAJ 162:1289)",
    ),
    "age": ClinicalScore(
        "age alone", ("age_years",), age, 65, "age ≥ 65", "age alone, from 65 (USPSTF 2018, JAMA 319:2521, of women)"
    ),
}  # fmt: skip


def chosen(names: Sequence[str]) -> dict[str, ClinicalScore]:
    """Scores by what tables call them, from their names in the configuration.

    Raises
    ------
    ConfigError
        There is no such score.

    Examples
    --------
    >>> women = pd.DataFrame({"age_years": [58.0, 77.0], "weight_kg": [64.0, 52.5], "sex": "F", "oestrogen": [1, 0]})
    >>> {name: score.risk(women).tolist() for name, score in chosen(["ost", "orai"]).items()}
    {'OST': [-1.0, 4.0], 'ORAI': [8.0, 26.0]}
    """
    if unknown := [name for name in names if name not in SCORES]:
        raise ConfigError(
            f"no clinical rule {', '.join(unknown)}", "evaluation.binary.rules", f"choose of {', '.join(SCORES)}"
        )
    return {SCORES[name].name: SCORES[name] for name in names}


def ranking_alone(names: Sequence[str]) -> dict[str, ClinicalScore]:
    """Scores that were made for another outcome or horizon; a name that is none of `SCORES` is a column of the cohort.

    Examples
    --------
    >>> score = ranking_alone(["frax_major"])["frax_major"]
    >>> score.risk(pd.DataFrame({"frax_major": [6.5, 12.0]})).tolist(), score.cut
    ([6.5, 12.0], None)
    """
    own = {name: ClinicalScore(name, (name,), partial(_numbers, column=name), None, "", "") for name in names}
    known = {name: replace(SCORES.get(name, own[name]), cut=None) for name in names}
    return {score.name: score for score in known.values()}


def _numbers(table: pd.DataFrame, column: str) -> Array:
    return table[column].to_numpy(dtype=float, na_value=np.nan)


def _banded(values: Array, points: dict[int, float]) -> Array:
    """Points (n,) by the band in which each value lies; NaN under the first."""
    starts = [*points]
    place = np.searchsorted(starts, values, side="right") - 1
    return np.where((place < 0) | np.isnan(values), np.nan, np.array([*points.values()])[place.clip(0)])
