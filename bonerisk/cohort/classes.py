"""Clinical classes of a T-score and of an age.

A T-score is a reading of one decimal, so that every limit applies to the T-score rounded to one decimal, halves away
from zero (−2.45 counts as −2.5). A missing value has no class.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES

WHO_AGE = 50.0  # years; below it WHO's classes don't apply
AGE_BANDS = {"50-54": 50, "55-59": 55, "60-64": 60, "65+": 65}  # from this age on, to the next band (OsPenScreen)
AGE_DECADES = {"<60": 0, "60-69": 60, "70-79": 70, "80+": 80}  # AI-CXR
SEVERITIES = ("mild", "moderate", "advanced")


def bone_class(t_score: pd.Series) -> pd.Series:
    """WHO class: normal from −1.0 up, osteoporosis from −2.5 down, low_bone_mass between them.

    Parameters
    ----------
    t_score : Series, shape (n,)
        The lowest of lumbar spine, femoral neck and total hip, in standard deviations; never a Z-score.

    Returns
    -------
    Series of str or None, shape (n,), with the index of `t_score`.

    Examples
    --------
    >>> bone_class(pd.Series([-0.9, -1.1, -2.45, None])).tolist()
    ['normal', 'low_bone_mass', 'osteoporosis', None]
    """
    t = _rounded(t_score)
    return _named(t, {"normal": t >= -1.0, "low_bone_mass": (t < -1.0) & (t > -2.5), "osteoporosis": t <= -2.5})


def class_number(bone_class: pd.Series) -> pd.Series:
    """Number of each class (n,) of int64: 0 normal, 1 low bone mass, 2 osteoporosis; none may be missing."""
    return bone_class.map({name: number for number, name in enumerate(BONE_CLASSES)}).astype("int64")


def severity(t_score: pd.Series) -> pd.Series:
    """Severity of low bone mass: mild −1.0 > T > −1.5, moderate −1.5 ≥ T > −2.0, advanced −2.0 ≥ T > −2.5.

    Source: OsPenScreen, subgroups by T-score, where the printed signs are garbled. Shapes as in `bone_class`.
    """
    t = _rounded(t_score)
    return _named(
        t,
        {
            "mild": (t < -1.0) & (t > -1.5),
            "moderate": (t <= -1.5) & (t > -2.0),
            "advanced": (t <= -2.0) & (t > -2.5),
        },
    )


def age_band(age_years: pd.Series) -> pd.Series:
    """Age band in completed years, one of `AGE_BANDS`; None under 50. Shapes as in `bone_class`."""
    return _banded(age_years, AGE_BANDS)


def age_decade(age_years: pd.Series) -> pd.Series:
    """Decade of age in completed years, one of `AGE_DECADES`. Shapes as in `bone_class`."""
    return _banded(age_years, AGE_DECADES)


def _banded(age_years: pd.Series, bands: dict[str, int]) -> pd.Series:
    age, ends = age_years.astype("float64"), [*bands.values(), np.inf]
    return _named(age, {band: (age >= start) & (age < ends[i + 1]) for i, (band, start) in enumerate(bands.items())})


def _rounded(t_score: pd.Series) -> pd.Series:
    """Round to one decimal, halves away from zero; 1e-9 keeps −2.45 a half, whatever its binary form."""
    t = t_score.astype("float64")
    return ((t.abs() * 10 + 0.5 + 1e-9) // 1 / 10) * np.sign(t)


def _named(values: pd.Series, masks: dict[str, pd.Series]) -> pd.Series:
    """Return the name of the mask that holds for each of `values`; None if none does."""
    names = np.select([mask.to_numpy() for mask in masks.values()], list(masks), "")
    named = pd.Series(names, index=values.index, dtype="object")
    return named.where(named != "", None)
