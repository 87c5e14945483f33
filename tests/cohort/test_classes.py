from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import age_band, bone_class, severity


def test_classes_at_their_limits() -> None:
    t = pd.Series([0.0, -1.0, -1.04, -1.05, -1.1, -2.4, -2.44, -2.45, -2.5, -4.0, np.nan])
    low, porous = "low_bone_mass", "osteoporosis"
    assert bone_class(t).tolist() == [*["normal"] * 3, *[low] * 4, *[porous] * 3, None]


def test_severities_at_their_limits() -> None:
    t = pd.Series([-1.0, -1.1, -1.4, -1.5, -1.9, -2.0, -2.4, -2.5, np.nan], index=range(10, 19))
    found = severity(t)
    assert found.tolist() == [None, "mild", "mild", "moderate", "moderate", "advanced", "advanced", None, None]
    assert found.index.tolist() == t.index.tolist()


def test_age_bands_count_completed_years() -> None:
    ages = pd.Series([49.9, 50, 54.99, 55, 60, 64.9, 65, 101, np.nan])
    assert age_band(ages).tolist() == [None, "50-54", "50-54", "55-59", "60-64", "60-64", "65+", "65+", None]
