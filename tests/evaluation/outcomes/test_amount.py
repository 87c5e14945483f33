"""A T-score model through the whole evaluation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.parts import lacks

CLINICAL = "age_years + sex + bmi_kg_m2"
Simulation = Callable[..., pd.DataFrame]


def estimated(table: pd.DataFrame, bias: float = 0.2) -> pd.DataFrame:
    """Films of which the T-score is estimated with an error of 0.5 and a bias."""
    estimate = table["t_score"] + bias + 0.5 * np.random.default_rng(len(table)).normal(size=len(table))
    return table.assign(risk=-estimate, estimate=estimate).drop(columns="label")


@pytest.fixture(scope="module")
def result(evaluation: Callable[..., Evaluation]) -> object:
    from tests.evaluation.conftest import simulate

    training = simulate(600, "train", 3).drop(columns=["risk", "model", "label"])
    tables = estimated(simulate(300, "test", 1)), estimated(simulate(200, "tune", 2)), training
    return evaluation(stratify=None).run(*tables, outcome="amount", target="t_score")


def pick(metrics: pd.DataFrame, **where: str) -> pd.Series:
    where = {"model": "net", "reference": "", "subgroup": "all", "threshold": "", **where}
    rows = metrics[np.logical_and.reduce([metrics[name] == value for name, value in where.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


def test_it_has_the_members_of_the_contract(evaluation: Callable[..., Evaluation]) -> None:
    assert not lacks(type(evaluation().amount), Outcome)


def test_metrics_say_what_the_films_say(result) -> None:
    films = result.predictions[result.predictions["model"] == "net"]
    error = films["estimate"] - films["t_score"]
    for name, expected in {"mean_error": error.mean(), "mae": error.abs().mean(), "sd_error": error.std()}.items():
        row = pick(result.metrics, metric=name)
        assert row["estimate"] == pytest.approx(expected)
        assert row["lower"] < row["estimate"] < row["upper"]
    assert pick(result.metrics, metric="mean_error")["lower"] > 0  # the bias is seen
    low = pick(result.metrics, metric="sensitivity", threshold="T < −1.0")
    assert low["method"] == "Wilson"
    assert low["n_events"] == (films["t_score"] < -1).sum()
    empty = result.metrics["estimate"].isna()
    assert (result.metrics.loc[empty, "note"] != "").all()


def test_each_model_has_its_own_estimate_and_the_film_beats_the_baseline(result) -> None:
    assert set(result.roles.values()) == {"film", "baseline", "refitted", "combined", "oracle"}
    of = result.predictions.set_index("model")
    assert (of["estimate"] == -of["risk"]).all()
    assert pick(result.metrics, model="net", reference=CLINICAL, metric="mae")["upper"] < 0
    assert pick(result.metrics, model=f"net + {CLINICAL}", reference=f"{CLINICAL} (tuning)", metric="pearson_r")[
        "lower"
    ] > 0  # fmt: skip


def test_an_impossible_estimate_is_refused(evaluation: Callable[..., Evaluation], simulation: Simulation) -> None:
    test, tune = estimated(simulation(50, "test", 1)), estimated(simulation(50, "tune", 2))
    training = simulation(50, "train", 3)
    wrong = test.assign(risk=np.where(test.index == 7, 151.0, test["risk"]))
    with pytest.raises(DataError, match="beyond ±15") as caught:
        evaluation().run(wrong, tune, training, outcome="amount")
    assert "test1_7" in str(caught.value)


@pytest.mark.parametrize("setting", [{"stratify": "event"}, {"recalibration": "slope"}])
def test_settings_of_events_are_refused(
    evaluation: Callable[..., Evaluation], simulation: Simulation, setting: dict[str, str]
) -> None:
    test, tune = estimated(simulation(50, "test", 1)), estimated(simulation(50, "tune", 2))
    with pytest.raises(ConfigError, match="T-score"):
        evaluation(**setting).run(test, tune, simulation(50, "train", 3), outcome="amount")
