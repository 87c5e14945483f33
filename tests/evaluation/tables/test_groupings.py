"""High and low risk by film and by DXA, within strata: against estimates made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.tables.result import Result
from bonerisk.survival import cox

Array = np.ndarray
ASKED = {"strata": ["dxa"], "dxa_groups": True, "subgroups": ["dxa", "dxa*sex"]}


@pytest.fixture(scope="module")
def films(followed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Half of them without T-score."""
    films = followed(600, "test", 1)
    return films.assign(t_score=(-1.5 - films["risk"]).round(1).where(np.arange(len(films)) % 2 == 0))


@pytest.fixture(scope="module")
def result(evaluation: Callable[..., Evaluation], tables: Any, films: pd.DataFrame) -> Result:
    return evaluation(survival=ASKED, n_draws=20).run(**tables(films))


def incidence(films: pd.DataFrame, horizon: float) -> float:
    """Aalen and Johansen's, day by day."""
    time, free, had = films["time_years"], 1.0, 0.0
    for at in np.unique(time[time <= horizon]):
        now, at_risk = films[time == at], (time >= at).sum()
        had += free * now["event"].sum() / at_risk
        free *= 1 - (now["event"] + now["competing_event"]).sum() / at_risk
    return had


def of(metrics: pd.DataFrame, **where: Any) -> pd.DataFrame:
    return metrics[np.logical_and.reduce([metrics[name] == value for name, value in where.items()])]


def test_dxa_groups_have_the_incidence_and_the_hazard_ratio_of_their_films(result: Result, films: pd.DataFrame) -> None:
    known = films[films["t_score"].notna()]
    high = known["t_score"] <= -2.5
    for group, keep in (("high", high), ("low", ~high)):
        where = {"model": "t_score", "threshold": "-2.5", "metric": "incidence"}
        row = of(result.metrics, subgroup=f"dxa=yes & risk={group}", **where)
        assert row["estimate"].item() == pytest.approx(incidence(known[keep], 5), abs=1e-12)
        assert row["n"].item() == keep.sum()
    found = of(result.metrics, model="t_score", threshold="-2.5", subgroup="dxa=yes", metric="hazard_ratio")
    fit = cox.fit(high.to_numpy(float)[:, None], known["time_years"], known["event"]).hazard_ratios()
    assert found["estimate"].item() == pytest.approx(fit.estimate[0])
    assert "dxa=no" not in set(of(result.metrics, model="t_score", threshold="-2.5")["subgroup"])


def test_strata_part_the_groups(result: Result, films: pd.DataFrame) -> None:
    rows = of(result.metrics, model="net", metric="incidence", threshold="youden").set_index("subgroup")
    for group in ("high", "low"):
        whole, *parts = (rows.loc[f"{stratum}risk={group}"] for stratum in ("", "dxa=yes & ", "dxa=no & "))
        assert sum(part["n"] for part in parts) == whole["n"]
        assert sum(part["n_events"] for part in parts) == whole["n_events"]
    threshold = next(each["value"] for each in result.thresholds["thresholds"] if each["model"] == "net")
    without = films[films["t_score"].isna() & (films["risk"] >= threshold)]
    assert rows.loc["dxa=no & risk=high", "estimate"] == pytest.approx(incidence(without, 5), abs=1e-12)
    adjusted = of(result.metrics, model="net", metric="hazard_ratio_adjusted", threshold="youden")
    assert list(adjusted["subgroup"]) == ["all", "dxa=yes", "dxa=no"]


def test_curves_are_there_by_stratum_with_the_numbers_at_risk(result: Result, films: pd.DataFrame) -> None:
    curve = result.curves["incidence"]
    found = set(curve[["model", "threshold", "subgroup"]].itertuples(index=False, name=None))
    assert found == {("net", "youden", stratum) for stratum in ("all", "dxa=yes", "dxa=no")} | {
        ("t_score", "-2.5", stratum) for stratum in ("all", "dxa=yes")
    }
    points = of(curve, model="t_score", subgroup="dxa=yes", group="high")
    time = films.loc[films["t_score"] <= -2.5, "time_years"].to_numpy()
    np.testing.assert_array_equal(points["at_risk"], (time >= points["time_years"].to_numpy()[:, None]).sum(axis=1))


def test_films_are_parted_by_whether_they_have_a_t_score(result: Result, films: pd.DataFrame) -> None:
    n = of(result.metrics, model="net", metric="c_index", reference="").set_index("subgroup")["n"]
    known = films["t_score"].notna()
    assert (n["dxa=yes"], n["dxa=no"]) == (known.sum(), (~known).sum())
    assert n["dxa=yes & sex=F"] == (known & (films["sex"] == "F")).sum()


@pytest.mark.parametrize("without", [{"columns": "t_score"}, None])
def test_a_cohort_without_t_scores_is_evaluated_without_a_word_of_dxa(
    evaluation: Callable[..., Evaluation], tables: Any, films: pd.DataFrame, without: dict[str, str] | None
) -> None:
    test = films.drop(**without) if without else films.assign(t_score=np.nan)
    metrics = evaluation(survival=ASKED, n_draws=5).run(**tables(test)).metrics
    assert set(metrics["subgroup"]) == {"all", "risk=high", "risk=low"}
    assert "-2.5" not in set(metrics["threshold"])
