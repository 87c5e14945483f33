"""Clinical scores: their points, and how they are judged beside a film."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.models.clinical_scores import SCORES, chosen

Simulation = Callable[..., pd.DataFrame]


def risk(name: str, **columns: object) -> float:
    return SCORES[name].risk(pd.DataFrame({key: [value] for key, value in columns.items()}))[0]


@pytest.mark.parametrize(
    ("weight", "age", "index"), [(60, 60, 0), (50, 70, -4), (52, 70, -3), (60, 64, 0), (60, 65, -1), (75, 51.9, 4)]
)
def test_ost_is_cut_towards_zero(weight: float, age: float, index: int) -> None:
    assert risk("ost", weight_kg=weight, age_years=age) == -index


@pytest.mark.parametrize(
    ("age", "weight", "oestrogen", "points"),
    [(75, 59.9, 0, 26), (74.9, 60.0, 0, 14), (64, 69.9, 1, 8), (54.9, 70.0, 1, 0), (45, 80, 0, 2), (65, 59, 1, 18)],
)
def test_orai_has_the_published_points(age: float, weight: float, oestrogen: int, points: int) -> None:
    assert risk("orai", age_years=age, weight_kg=weight, oestrogen=oestrogen, sex="F") == points


@pytest.mark.parametrize("change", [{"sex": "M"}, {"age_years": 44.0}, {"weight_kg": np.nan}, {"oestrogen": None}])
def test_orai_does_not_apply(change: dict[str, object]) -> None:
    assert np.isnan(risk("orai", **{"age_years": 70.0, "weight_kg": 60.0, "oestrogen": 0.0, "sex": "F"} | change))


def test_an_unknown_score_is_refused() -> None:
    with pytest.raises(ConfigError, match="no clinical rule osta"):
        chosen(["osta"])


def weighed(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(weight_kg=(table["bmi_kg_m2"] * 1.6**2).round(1))


def test_scores_are_judged_beside_the_film(evaluation: Callable[..., Evaluation], simulation: Simulation) -> None:
    test, tune, training = (
        weighed(simulation(300, split, seed)) for seed, split in enumerate(["test", "tune", "train"])
    )
    result = evaluation(binary={"rules": ["ost", "orai", "age"]}).run(test, tune, training)
    rules = result.models[result.models["role"] == "rule"].set_index("model")
    assert list(rules.index) == ["OST", "ORAI", "age alone"]
    assert "no column oestrogen" in rules["note"]["ORAI"]
    assert "logistic regression on the tuning split" in rules["note"]["OST"]
    metrics = result.metrics[result.metrics["subgroup"] == "all"].set_index(
        ["model", "reference", "metric", "threshold"]
    )
    called, low = SCORES["ost"].risk(test) >= 1, test["label"] == 1
    assert metrics.loc[("OST", "", "sensitivity", "OST ≤ −1"), "estimate"] == pytest.approx(called[low].mean())
    assert metrics.loc[("OST", "", "specificity", "OST ≤ −1"), "estimate"] == pytest.approx(1 - called[~low].mean())
    raw = SCORES["ost"].risk(test)
    pairs = raw[low][:, None] - raw[~low][None]
    assert metrics.loc[("OST", "", "auc", ""), "estimate"] == pytest.approx(
        (pairs > 0).mean() + (pairs == 0).mean() / 2
    )
    assert np.isfinite(metrics.loc[("net", "OST", "auc", ""), ["lower", "upper"]].astype(float)).all()
    assert "no column oestrogen" in metrics.loc[("ORAI", "", "auc", ""), "note"]
    assert set(result.curves["decision"]["model"]) >= {"OST", "age alone"}


def test_a_score_that_misleads_on_tuning_is_not_turned_around(
    evaluation: Callable[..., Evaluation], simulation: Simulation
) -> None:
    test, tune = simulation(200, "test", 1), simulation(200, "tune", 2)
    tune = tune.assign(age_years=130 - tune["age_years"])  # the older, the better the bone
    result = evaluation(binary={"rules": ["age"], "baselines": []}).run(test, tune, simulation(50, "train", 3))
    rows = result.metrics[(result.metrics["model"] == "age alone") & (result.metrics["subgroup"] == "all")]
    assert set(rows["metric"]) == {"auc", "average_precision"}
    assert rows.set_index("metric").loc["auc", "estimate"] > 0.5
    assert rows["note"].str.contains("does not rise with the outcome on tuning").all()
