"""Curves and incidences within strata are those of the stratum's patients alone, with the evaluation's draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.calibration import curves
from bonerisk.evaluation.metrics.decision import decision_curve
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import AtHorizon, Followed
from bonerisk.evaluation.tables import strata
from bonerisk.evaluation.tables.result import Result
from bonerisk.survival.incidence import at_horizons

DRAWS, SEED, LEVEL = 40, 7, 0.9
ASKED = {"strata": ["dxa"], "subgroups": [], "dxa_groups": True, "incidence_years": [2, 5]}
Build = Callable[..., Evaluation]


@pytest.fixture(scope="module")
def films(followed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    found = followed(500, "test", 1)
    return found.assign(t_score=found["t_score"].where(np.arange(500) % 3 > 0))


@pytest.fixture(scope="module")
def result(evaluation: Build, tables: Any, films: pd.DataFrame) -> Result:
    return evaluation(survival=ASKED, n_draws=DRAWS, seed=SEED, level=LEVEL).run(**tables(films))


def sample(films: pd.DataFrame, stratum: str) -> tuple[Followed, Draws]:
    patient = pd.factorize(films["patient_id"], sort=True)[0]
    keep = (films["t_score"].notna() == (stratum == "dxa=yes")).to_numpy()
    predicted = {5.0: 1 - films["survival_5y"][keep]}
    of = Followed.of(films["risk"][keep], films["time_years"][keep], status_of(films[keep]), patient[keep], predicted)
    return of, Draws.of(500, DRAWS, SEED)


@pytest.mark.parametrize("stratum", ["dxa=yes", "dxa=no"])
def test_calibration_is_that_of_the_stratum_alone(result: Result, films: pd.DataFrame, stratum: str) -> None:
    found, (of, draws) = result.strata_calibration, sample(films, stratum)
    assert list(found) == list(strata.CALIBRATION)
    ours = found[(found["model"] == "net") & (found["subgroup"] == stratum)]
    assert set(ours["n"]) == {len(of)} and set(ours["n_events"]) == {of.n_events_by(5)}
    for curve, points in {"smooth": curves.smooth, "groups": curves.groups}.items():
        expected, rows = points(of, 5.0, draws, LEVEL), ours[ours["curve"] == curve]
        for name in ("predicted", "observed", "lower", "upper"):
            np.testing.assert_allclose(rows[name], expected[name])
    assert ours.loc[ours["curve"] == "groups", "n_group"].sum() == len(of)


def test_decision_curves_of_a_stratum_share_their_probabilities(result: Result, films: pd.DataFrame) -> None:
    found, (of, draws) = result.strata_decision, sample(films, "dxa=yes")
    assert list(found) == list(strata.DECISION)
    rows = found[found["subgroup"] == "dxa=yes"]
    assert set(rows["model"]) == {"net", "t_score", "age_years + sex", "age_years + sex + bmi_kg_m2"}
    ours = rows[rows["model"] == "net"]
    assert (
        rows.groupby("model")["probability"].apply(lambda of_model: list(of_model) == list(ours["probability"])).all()
    )
    expected = decision_curve(AtHorizon(of, 5.0, predicted=True), ours["probability"], draws, LEVEL)
    for name in ("net_benefit", "net_benefit_lower", "treat_all", "advantage", "avoided_per_100_upper"):
        np.testing.assert_allclose(ours[name], expected[name])


def test_a_model_without_a_probability_in_a_stratum_says_so(result: Result) -> None:
    for found in (result.strata_calibration, result.strata_decision):
        [row] = found[(found["model"] == "t_score") & (found["subgroup"] == "dxa=no")].to_dict("records")
        assert (row["n"], row["note"]) == (0, "no films")


def test_incidence_is_given_at_the_years_asked_for_by_both_estimators(result: Result, films: pd.DataFrame) -> None:
    found = result.strata_incidence
    assert list(found) == list(strata.INCIDENCE)
    assert set(zip(found["model"], found["subgroup"], strict=True)) == {
        ("net", "dxa=yes"),
        ("net", "dxa=no"),
        ("t_score", "dxa=yes"),
    }
    rows = found[(found["model"] == "t_score") & (found["group"] == "high")]
    high = films[films["t_score"] <= -2.5]
    expected = at_horizons(high["time_years"], status_of(high), [2, 5], competing=True, level=LEVEL)
    assert list(rows["estimator"]) == ["Aalen–Johansen", "Kaplan–Meier"] * 2
    assert list(rows["horizon_years"]) == [2, 2, 5, 5]
    np.testing.assert_array_equal(rows["incidence"], [row.incidence for row in expected])
    np.testing.assert_array_equal(rows["upper"], [row.upper for row in expected])
    assert set(rows["n"]) == {len(high)} and set(rows["n_events_total"]) == {int(high["event"].sum())}


def test_a_stratum_with_too_few_has_its_sizes_and_a_note(
    evaluation: Build, tables: Any, followed: Callable[..., pd.DataFrame]
) -> None:
    films = followed(500, "test", 1)
    films["t_score"] = films["t_score"].where(np.arange(500) < 30)
    result = evaluation(survival=ASKED, n_draws=5, min_n=40).run(**tables(films))
    for found in (result.strata_calibration, result.strata_decision):
        [row] = found[(found["model"] == "net") & (found["subgroup"] == "dxa=yes")].to_dict("records")
        assert (row["n"], row["note"]) == (30, "under 40 patients")
    rows = result.strata_incidence
    rows = rows[(rows["model"] == "t_score") & (rows["group"] == "low")]
    assert rows["incidence"].isna().all() and set(rows["note"]) == {"under 40 patients"}
    assert list(rows["horizon_years"]) == [2, 5] and (rows["n"] > 0).all()


def test_without_strata_there_are_none(evaluation: Build, tables: Any, films: pd.DataFrame) -> None:
    result = evaluation(n_draws=5, survival={"subgroups": []}).run(**tables(films))
    assert result.strata_calibration.empty and result.strata_decision.empty and result.strata_incidence.empty
