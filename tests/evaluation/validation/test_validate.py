"""The rows of a validation: what they add up to, how failures are told, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.validation.development import Predicted, Refit
from bonerisk.evaluation.validation.validate import Validation
from tests.evaluation.validation.conftest import LEAN, cox, noise

Judged = Callable[..., pd.DataFrame]
KEY = ["model", "reference", "metric", "threshold", "horizon_years"]


class Failing:
    """A refit that fails regularly, never at first, when it learns from all rows."""

    def __init__(self, refit: Refit, every: int = 2) -> None:
        self.refit, self.every, self.calls = refit, every, 0

    def __call__(self, rows: np.ndarray) -> Predicted:
        self.calls += 1
        if self.calls > 1 and self.calls % self.every == 0:
            raise DataError("no maximum")
        return self.refit(rows)


def split(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[rows["split"] == name].set_index(KEY)


def test_corrected_is_apparent_less_optimism_and_its_interval_is_moved_alike(judged: Judged) -> None:
    films = noise(100, 5, 0)
    rows = judged(films, {"m": cox(films)}, "optimism", 5, survival={"horizons_years": [3]})
    apparent, amount, corrected = (split(rows, name) for name in ("apparent", "optimism", "corrected"))
    assert apparent.index.equals(amount.index) and apparent.index.equals(corrected.index)
    np.testing.assert_allclose(corrected["estimate"], apparent["estimate"] - amount["estimate"])
    ranking = corrected.index.get_level_values("metric") == "c_index"
    np.testing.assert_allclose(corrected.loc[ranking, "lower"], (apparent["lower"] - amount["estimate"])[ranking])
    known = amount[amount["estimate"].notna()]
    assert len(known) > 15
    assert (known["lower"] <= known["estimate"]).all()
    assert known["method"].str.contains("5 refits").all()
    sensitivity = corrected.xs("sensitivity", level="metric")
    assert sensitivity["upper"].le(1).all()
    assert sensitivity["method"].str.contains("shifted by the optimism of 5 refits").all()  # not Wilson's any more


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(judged: Judged) -> None:
    films = noise(80, 3, 0)
    for method in ("optimism", "crossval"):
        first, again = (judged(films, {"m": cox(films)}, method, 3) for _ in range(2))
        pd.testing.assert_frame_equal(first, again)
        other = judged(films, {"m": cox(films)}, method, 3, seed=1)
        assert not np.allclose(first["estimate"], other["estimate"], equal_nan=True)


def test_refits_that_fail_are_counted_and_told(judged: Judged) -> None:
    films = noise(80, 3, 0)
    rows = judged(films, {"m": Failing(cox(films))}, "optimism", 6)
    told = "3 of 6 draws left out: a refit failed, mostly since no maximum"
    assert split(rows, "corrected")["note"].str.contains(told).all()
    assert not split(rows, "apparent")["note"].str.contains("refit").any()
    rows = judged(films, {"m": Failing(cox(films), every=9)}, "crossval", 3)
    assert split(rows, "crossval")["note"].str.contains("1 of 3 repeats left out: a refit failed").all()
    with pytest.raises(DataError, match="a refit failed in each of 2 draws: no maximum"):
        judged(films, {"m": Failing(cox(films), every=1)}, "optimism", 2)


def test_rows_that_a_refit_cannot_predict_are_told(judged: Judged) -> None:
    films = noise(80, 2, 0)
    rows = judged(films, {"m": Absent(cox(films))}, "crossval", 1)
    assert split(rows, "crossval")["note"].str.contains("in 5 refits, rows with a level that they had not seen").all()


class Absent:
    """A refit that predicts row 0 only when it has learnt from all rows."""

    def __init__(self, refit: Refit) -> None:
        self.refit = refit

    def __call__(self, rows: np.ndarray) -> Predicted:
        found = self.refit(rows)
        risk = found.risk.copy()
        risk[0] = risk[0] if len(rows) == len(risk) else np.nan
        return Predicted(risk, found.survival)


def test_models_are_compared_on_the_same_draws(judged: Judged) -> None:
    films = noise(80, 6, 0)
    refits = {"six": cox(films), "two": cox(films, ["z0", "z1"])}
    rows = judged(films, refits, "optimism", 4)
    c = split(rows, "corrected").xs("c_index", level="metric").reset_index().set_index(["model", "reference"])
    difference = c.loc[("two", "six"), "estimate"]
    assert difference == pytest.approx(c.loc[("two", ""), "estimate"] - c.loc[("six", ""), "estimate"])


def test_too_few_events_give_a_note(judged: Judged) -> None:
    films = noise(60, 2, 0)
    films["event"] = (np.arange(60) < 4).astype(int)
    rows = judged(films, {"m": cox(films)}, "optimism", 2)
    assert rows["estimate"].isna().all()
    assert rows["note"].str.contains("under 5 patients with the outcome").any()


def test_settings_that_cannot_be_are_refused(judged: Judged) -> None:
    with pytest.raises(ConfigError, match="1 repeats of optimism, which needs 2 at least"):
        Validation.of("optimism", 1, 10)
    with pytest.raises(ConfigError, match="0 repeats of crossval"):
        Validation.of("crossval", 0, 10)
    assert Validation.of("optimism", None, 10).repeats == 200
    films = noise(60, 2, 0)
    films["event"] = (np.arange(60) < 6).astype(int)
    for folds in (1, 7):
        with pytest.raises(ConfigError, match=f"{folds} folds for 6 patients with the outcome"):
            judged(films, {"m": cox(films)}, "crossval", 1, folds)


def test_apparent_alone_refits_nothing_and_has_subgroups(judged: Judged) -> None:
    films = noise(80, 2, seed=3).assign(sex=["F", "M"] * 40)
    asked = []

    def once(rows: np.ndarray) -> Predicted:
        asked.append(len(rows))
        return Predicted(films["z0"].to_numpy())

    rows = judged(films, {"z0": once}, "apparent", 1, survival=LEAN | {"subgroups": ["sex"]}, min_n=5, min_events=2)
    assert asked == [80] and set(rows["split"]) == {"apparent"}
    assert set(rows["subgroup"]) == {"all", "sex=F", "sex=M"}
