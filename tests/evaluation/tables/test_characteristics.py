"""Who is at high risk: counts and tests against scipy's, on each patient's first film."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bonerisk.errors import ConfigError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.tables.characteristics import GROUPS

COLUMNS = ["age_years", "sex", "race", "finding_*"]


@pytest.fixture(scope="module")
def films(followed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """The first third of the patients have a later film, of another risk, that stands before the others."""
    rng, films = np.random.default_rng(0), followed(300, "test", 1)
    films = films.assign(film_date=pd.Timestamp("2016-01-01"), race=rng.choice(["a", "b", "c"], len(films)))
    films["finding_effusion"] = (rng.random(len(films)) < np.where(films["risk"] > 0, 0.3, 0.1)).astype(float)
    films.loc[:20, "finding_effusion"] = np.nan
    films["finding_none"] = 0
    again = films[:100].assign(film_date=pd.Timestamp("2017-01-01"), risk=-films["risk"], finding_effusion=1.0)
    return pd.concat([again.assign(image_id=again["image_id"] + "_2"), films], ignore_index=True)


@pytest.fixture(scope="module")
def groups(evaluation: Callable[..., Evaluation], tables: Any, films: pd.DataFrame) -> pd.DataFrame:
    asked = {"characteristics": COLUMNS, "subgroups": [], "thresholds": ["0"]}
    return evaluation(survival=asked, n_draws=5).run(**tables(films)).groups


@pytest.fixture
def sides(films: pd.DataFrame) -> list[pd.DataFrame]:
    first = films[films["film_date"] == "2016-01-01"]
    return [first[first["risk"] >= 0], first[first["risk"] < 0]]


def test_a_finding_is_compared_by_fishers_test(groups: pd.DataFrame, sides: list[pd.DataFrame]) -> None:
    [row] = groups[groups["column"] == "finding_effusion"].to_dict("records")
    counts = [side["finding_effusion"].value_counts() for side in sides]
    assert [row["high_value"], row["low_value"]] == [count[1] for count in counts]
    assert [row["high_n"], row["low_n"]] == [count.sum() for count in counts]
    assert row["p_value"] == pytest.approx(stats.fisher_exact([[count[0], count[1]] for count in counts]).pvalue)
    assert (row["level"], row["kind"], row["test"]) == ("1", "share", "Fisher's exact")
    assert row["note"] == "first film of each of 300 patients"


def test_a_number_is_compared_by_welchs_test(groups: pd.DataFrame, sides: list[pd.DataFrame]) -> None:
    [row] = groups[groups["column"] == "age_years"].to_dict("records")
    high, low = (side["age_years"] for side in sides)
    assert row["p_value"] == pytest.approx(stats.ttest_ind(high, low, equal_var=False).pvalue)
    assert row["high_value"] == pytest.approx(high.mean())
    assert row["low_sd"] == pytest.approx(low.std())


def test_text_has_a_row_a_level_and_one_test(groups: pd.DataFrame, sides: list[pd.DataFrame]) -> None:
    rows = groups[groups["column"] == "race"]
    counts = np.array([[(side["race"] == level).sum() for level in "abc"] for side in sides])
    np.testing.assert_array_equal(rows[["high_value", "low_value"]].to_numpy(float), counts.T)
    assert list(rows["level"]) == ["a", "b", "c"]
    assert (rows["p_value"] == stats.chi2_contingency(counts, correction=False).pvalue).all()
    sexes = groups[groups["column"] == "sex"]
    assert list(sexes["level"]) == ["F", "M"]
    assert set(sexes["test"]) == {"Fisher's exact"}


def test_p_values_are_adjusted_over_columns(groups: pd.DataFrame) -> None:
    assert list(groups) == list(GROUPS)
    column = groups.drop_duplicates("column")
    assert list(column["column"]) == ["age_years", "sex", "race", "finding_effusion", "finding_none"]
    np.testing.assert_allclose(column["p_holm"], adjust(column["p_value"]).holm)


def test_a_finding_that_nobody_has_gets_no_test(groups: pd.DataFrame) -> None:
    [row] = groups[groups["column"] == "finding_none"].to_dict("records")
    assert np.isnan(row["p_value"])
    assert row["note"].startswith("the same in all films")
    assert row["high_value"] == row["low_value"] == 0


@pytest.mark.parametrize("wrong", ["age_year", "image_id"])
def test_a_column_that_is_none_to_compare_is_refused(
    evaluation: Callable[..., Evaluation], tables: Any, films: pd.DataFrame, wrong: str
) -> None:
    with pytest.raises(ConfigError, match=r"did you mean age_years|image_id has 400 levels"):
        evaluation(survival={"characteristics": [wrong], "subgroups": []}, n_draws=5).run(**tables(films))


def test_one_group_alone_has_no_test(evaluation: Callable[..., Evaluation], tables: Any, films: pd.DataFrame) -> None:
    asked = {"characteristics": COLUMNS, "subgroups": [], "thresholds": ["-100"]}
    groups = evaluation(survival=asked, n_draws=5).run(**tables(films)).groups
    assert groups["p_value"].isna().all()
    assert (groups["low_n"] == 0).all()
    assert (groups["note"] != "").all()
