"""Bootstrap optimism as rms::validate computes it from the same draws; cross-validation as riskRegression judges it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.metric import Key
from bonerisk.evaluation.validation.crossval import judge, predict_out
from bonerisk.evaluation.validation.development import Attempts, Development
from bonerisk.evaluation.validation.optimism import optimism
from bonerisk.models.refit import Refit

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[2] / "golden/validation.json").read_text())
HEADS = {
    "binary": {"_target_": "bonerisk.heads.fitted_logistic.LogisticHead", "target": "any_fracture"},
    "survival": {"_target_": "bonerisk.heads.cox.Cox", "target": "fracture", "horizons_years": [2]},
}


def development(evaluation: Evaluation, outcome: str) -> Development[Any]:
    rows = pd.DataFrame(GOLDEN["data"]).rename(columns={"time": "time_years"})
    names = [f"{number:03}" for number in range(len(rows))]
    films = rows.assign(dataset="R", site="A", split="train", patient_id=names, image_id=names)
    features = {"_target_": "bonerisk.features.features.Features", "columns": ["a", "b", "g"]}
    config = {"features": features, "head": HEADS[outcome], "seed": 0}
    refit = Refit(config, films, (), np.ones(len(films), bool), None)
    return Development(getattr(evaluation, outcome), films, {"m": refit})


@pytest.mark.parametrize("outcome", ["binary", "survival"])
def test_optimism_is_that_of_rms_from_the_same_draws(evaluation: Callable[..., Evaluation], outcome: str) -> None:
    of = development(evaluation(), outcome)
    n = len(of.films)
    apparent = of.refits["m"](np.arange(n))
    draws = Draws(np.stack([np.bincount(rows, minlength=n) for rows in GOLDEN["rows"]]).astype(np.uint8))
    if outcome == "binary":
        expected, keys = (
            GOLDEN["logistic"],
            {"dxy": Key("auc"), "slope": Key("calibration_slope"), "brier": Key("brier")},
        )
    else:
        expected, keys = GOLDEN["cox"], {"dxy": Key("c_index")}
    excess, said = optimism(of, of.table({"m": apparent}), "m", list(keys.values()), [], draws)
    assert said == ""
    for name, key in keys.items():
        scale = 2 if name == "dxy" else 1  # Dxy is 2·AUC − 1
        assert len(excess[key]) == expected["used"]
        assert scale * excess[key].mean() == pytest.approx(expected[name][3], abs=1e-6), name


def test_cross_validation_judges_the_predictions_of_all_folds_together(evaluation: Callable[..., Evaluation]) -> None:
    of = development(evaluation(), "binary")
    everyone = np.arange(len(of.films))
    table, draws = of.table({"m": of.refits["m"](everyone)}), Draws.of(len(everyone), n_draws=1)
    for number, fold in enumerate(GOLDEN["fold"]):
        attempts = Attempts(of.refits["m"], np.ones(len(everyone), bool))
        pooled = predict_out(of, table, attempts, np.array(fold))
        assert pooled is not None
        found = judge(of, table, pooled, [Key("auc"), Key("brier")], [], draws, False)
        for name in ("auc", "brier"):
            assert found[Key(name)].estimate == pytest.approx(GOLDEN["crossval"][name][number], abs=1e-9)
