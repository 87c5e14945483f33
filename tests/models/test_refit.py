"""A refit learns everything from the rows that it is given, and nothing from the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.models.refit import Refit

N = 150
COLUMNS = ["x0", "x1", "zone"]
FEATURES = "bonerisk.features.features.Features"
CHAINS: dict[str, dict[str, Any]] = {
    "imputed, Cox": {
        "features": {"columns": COLUMNS, "missing": "impute"},
        "head": {"_target_": "bonerisk.heads.cox.Cox", "target": "fracture"},
    },
    "left out, ridge by its own cross-validation": {
        "features": {"columns": COLUMNS},
        "head": {"_target_": "bonerisk.heads.cox.CoxRidge", "target": "fracture", "penalties": 5, "folds": 3},
    },
    "embedding, logistic ridge": {
        "features": {"embedding": True, "columns": []},
        "head": {
            "_target_": "bonerisk.heads.fitted_logistic.LogisticRidge",
            "target": "any_fracture",
            "penalties": 5,
            "folds": 3,
        },
    },
    "risk of the image out of fold, trees stopped on tuning": {
        "features": {"image_risk": "out_of_fold", "columns": ["x0"]},
        "head": {"_target_": "bonerisk.heads.xgboost.XGBoostCox", "target": "fracture", "rounds": 20},
    },
}


def table(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 2))
    time, censored = rng.exponential(4 * np.exp(-x[:, 0])), rng.uniform(1, 9, N)
    films = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "zone": rng.choice(["a", "b", "c"], N)})
    films.loc[rng.random(N) < 0.1, "x1"] = np.nan
    event = (time <= censored).astype(int)
    films = films.assign(event=event, label=event, time_years=np.minimum(time, censored).round(3) + 0.001)
    names = [f"{number:03}" for number in range(N)]
    return films.assign(site="A", patient_id=names, image_id=names, split=np.where(np.arange(N) % 5, "train", "tune"))


def embeddings(films: pd.DataFrame, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(N, 6))
    return np.column_stack([films["x0"], noise]).astype(np.float32)


def refit(chain: str, films: pd.DataFrame, embedded: np.ndarray) -> Refit:
    config = {**CHAINS[chain], "seed": 0}
    config["features"] = {"_target_": FEATURES, **config["features"]}
    sees = config["features"].get("embedding") or config["features"].get("image_risk")
    known = np.ones(N, dtype=bool)
    return Refit(config, films, (), known, embedded if sees else None)


@pytest.mark.parametrize("chain", CHAINS)
def test_rows_that_are_left_out_have_no_effect(chain: str) -> None:
    films = table()
    embedded, out = embeddings(films), np.arange(0, N, 3)
    rows = np.setdiff1d(np.arange(N), out)
    rows = np.concatenate([rows, rows[:30]])  # some of them twice
    found = refit(chain, films, embedded)(rows)
    other, strange = films.copy(), table(7)
    strange[["x0", "x1", "time_years"]] += 50
    for name in ("x0", "x1", "zone", "event", "label", "time_years"):
        other.loc[out, name] = strange.loc[out, name]
    changed = embedded.copy()
    changed[out] = 50
    again = refit(chain, other, changed)(rows)
    kept = np.unique(rows)
    np.testing.assert_array_equal(again.risk[kept], found.risk[kept])
    for horizon, values in found.survival.items():
        np.testing.assert_array_equal(again.survival[horizon][kept], values[kept])
    whole = refit(chain, films, embedded)(np.arange(N))
    assert not np.allclose(whole.risk[kept], found.risk[kept], equal_nan=True)  # the rows do matter


def test_strata_are_refitted_as_strata() -> None:
    films = table()
    later = films.assign(time_years=films["time_years"] + 20 * (films["zone"] == "b"), stratum=films["zone"])
    columns = {"columns": ["x0", "x1"], "missing": "impute"}
    with_strata, without = (
        Refit(
            {
                "features": {"_target_": FEATURES, **columns},
                "head": {**CHAINS["imputed, Cox"]["head"], "horizons_years": [5]},
                "seed": 0,
            },
            *(rows, (), np.ones(N, dtype=bool), None),
        )(np.arange(N))
        for rows in (later, later.drop(columns="stratum"))
    )
    assert (with_strata.survival[5][films["zone"] == "b"] == 1).all()  # nobody there has an event so early
    assert (without.survival[5] < 1).all()
    assert not np.allclose(with_strata.risk, without.risk)


def test_an_unseen_level_and_a_missing_value_have_no_prediction() -> None:
    films = table()
    chain = "left out, ridge by its own cross-validation"
    rows = np.flatnonzero(films["zone"] != "c")
    risk = refit(chain, films, embeddings(films))(rows).risk
    unknown = (films["zone"] == "c") | films["x1"].isna()
    assert unknown.any()
    np.testing.assert_array_equal(np.isnan(risk), unknown)


def test_a_sample_without_events_is_an_error_and_so_is_one_without_tuning_rows() -> None:
    films = table()
    with pytest.raises(DataError, match="event"):
        refit("imputed, Cox", films, embeddings(films))(np.flatnonzero(films["event"] == 0))
    trees = "risk of the image out of fold, trees stopped on tuning"
    with pytest.raises(DataError, match="no row of split tune"):
        refit(trees, films, embeddings(films))(np.flatnonzero(films["split"] == "train"))
