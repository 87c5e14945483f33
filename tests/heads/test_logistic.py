from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.heads import logistic


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return json.loads((Path(__file__).parents[1] / "golden/binary.json").read_text())


@pytest.fixture
def table(golden: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(golden["data"])


def test_coefficients_and_risks_are_those_of_glm(table: pd.DataFrame, golden: dict[str, Any]) -> None:
    model, expected = logistic.fit(table, ["age", "sex"]), golden["logistic"]
    assert model.intercept == pytest.approx(expected["intercept"], rel=1e-7)
    assert model.coefficients == pytest.approx(
        {("age", None): expected["age"], ("sex", "M"): expected["sexM"]}, rel=1e-7
    )
    assert model.risk(table)[:5] == pytest.approx(expected["fitted"], rel=1e-7)


def test_glow500_gives_the_published_coefficients(real_data: Path) -> None:
    table = pd.read_csv(real_data / "glow/glow500.csv")
    table["label"] = (table["fracture"] == "Yes").astype(int)
    table["raterisk"] = pd.Categorical(table["raterisk"], ["Less", "Same", "Greater"])
    model = logistic.fit(table, ["age", "priorfrac", "raterisk"])
    published = [-4.991, 0.046, 0.700, 0.549, 0.866]
    assert [model.intercept, *model.coefficients.values()] == pytest.approx(published, abs=5e-4)
    assert model.n_fitted == 500


def test_units_do_not_matter(table: pd.DataFrame) -> None:
    days = table.assign(age=table["age"] * 365.25)
    np.testing.assert_allclose(
        logistic.fit(days, ["age"]).risk(days), logistic.fit(table, ["age"]).risk(table), rtol=1e-8
    )


def test_rows_without_a_value_are_left_out_and_counted(table: pd.DataFrame) -> None:
    gaps = table.copy()
    gaps.loc[:9, "age"] = np.nan
    gaps.loc[10:14, "sex"] = None
    model = logistic.fit(gaps, ["age", "sex"])
    assert (model.n_fitted, model.n_missing) == (185, 15)
    assert model.coefficients == pytest.approx(logistic.fit(table[15:], ["age", "sex"]).coefficients)
    assert np.isnan(model.risk(gaps)[:15]).all()
    assert np.isfinite(model.risk(gaps)[15:]).all()


def test_a_level_not_fitted_has_no_risk(table: pd.DataFrame) -> None:
    women = table[table["sex"] == "F"]
    model = logistic.fit(women, ["age", "sex"])
    assert model.design.constant == ("sex",)
    assert np.isnan(model.risk(table)[table["sex"] == "M"]).all()
    assert np.isfinite(model.risk(women)).all()


@pytest.mark.parametrize(
    ("changes", "columns", "what"),
    [
        ({}, ["age", "bmi"], "no column bmi"),
        ({"label": 1}, ["age"], "both outcomes"),
        ({"age": np.nan}, ["age"], "no row has a value in age"),
        ({"months": lambda t: t["age"] * 12}, ["age", "months"], "no maximum"),
        ({"sure": lambda t: t["label"] * 2.0}, ["age", "sure"], "no maximum"),
        ({"sure": lambda t: np.where(t["label"] == 1, np.arange(len(t)) % 3 == 0, 0)}, ["age", "sure"], "no maximum"),
    ],
    ids=["absent", "one outcome", "all missing", "collinear", "separated", "half separated"],
)
def test_what_cannot_be_fitted_is_refused(table: pd.DataFrame, changes: Any, columns: list[str], what: str) -> None:
    with pytest.raises(DataError, match=what):
        logistic.fit(table.assign(**changes), columns)


def test_columns_without_a_value_are_named(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no row has a value in age, sex together"):
        logistic.fit(table.assign(sex=None), ["age", "sex"])


def test_a_table_without_the_columns_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no column age"):
        logistic.fit(table, ["age"]).risk(table.drop(columns="age"))
