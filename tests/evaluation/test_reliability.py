from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.intervals.interval import wilson
from bonerisk.evaluation.reliability import COLUMNS, off, reliability

CUTOFFS = {"normal": 0.9, "low_bone_mass": 0.75}


def drawn(n: int, sharper: float = 1.0) -> tuple[pd.DataFrame, pd.Series]:
    """Probabilities that are true, or too extreme, and the classes of the films."""
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 2, n)
    low = rng.random(n) < 1 / (1 + np.exp(-logit))
    risk = 1 / (1 + np.exp(-sharper * logit))
    true = pd.Series(np.where(low, "low_bone_mass", "normal"))
    return pd.DataFrame({"normal": 1 - risk, "low_bone_mass": risk}), true


def test_the_share_above_each_cut_off_with_wilsons_interval() -> None:
    probability, true = drawn(400)
    found = reliability(probability, true, np.arange(400), CUTOFFS).set_index(["class", "metric"])
    assert (*found.index.names, *found.columns) == (
        "class",
        "metric",
        *(c for c in COLUMNS if c not in found.index.names),
    )
    for name, cutoff in CUTOFFS.items():
        above = probability[name] >= cutoff
        right, n = int((true[above] == name).sum()), int(above.sum())
        row = found.loc[name, "ppv"]
        assert (row["n_events"], row["n"], row["method"]) == (right, n, "Wilson")
        assert row[["estimate", "lower", "upper"]].tolist() == pytest.approx([right / n, *wilson(right, n)])


def test_films_of_one_patient_are_drawn_together() -> None:
    probability, true = drawn(400)
    row = (
        reliability(probability, true, np.arange(400) // 4, CUTOFFS).set_index(["class", "metric"]).loc["normal", "ppv"]
    )
    assert row["method"].startswith("patient bootstrap")
    assert row["lower"] < row["estimate"] < row["upper"]


def test_probabilities_that_are_too_extreme_are_off() -> None:
    assert off(reliability(*drawn(800), np.arange(800), CUTOFFS)).empty
    wrong = off(reliability(*drawn(800, sharper=3), np.arange(800), CUTOFFS))
    assert wrong["metric"].tolist().count("calibration_slope") == 1  # that of both classes is the same
    assert wrong.loc[wrong["metric"] == "calibration_slope", "upper"].item() < 1


def test_nothing_is_claimed_without_films() -> None:
    probability, true = drawn(30)
    assert reliability(probability[:0], true[:0], np.arange(0), CUTOFFS).empty
    row = reliability(probability, true, np.arange(30), {"normal": 1.0}).set_index("metric").loc["ppv"]
    assert np.isnan(row["estimate"]) and (row["n"], row["note"]) == (0, "no film is positive")
