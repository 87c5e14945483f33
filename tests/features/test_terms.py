"""Reference levels, splines and tests of several coefficients, against R; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.design import Design, as_levels
from bonerisk.cohort.spline import Spline
from bonerisk.errors import ConfigError, DataError
from bonerisk.features.columns import Columns
from bonerisk.features.terms import terms
from bonerisk.heads.cox import Cox
from bonerisk.heads.fitted_logistic import LogisticHead, LogisticRidge
from bonerisk.heads.row_outcomes import RowOutcomes

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/design.json").read_text())
DATA = pd.DataFrame(GOLDEN["data"])


def fitted(reference: dict[str, str] | None = None, splines: dict[str, int] | None = None) -> Columns:
    columns = Columns(["age", "smoker"], reference=reference, splines=splines)
    columns.fit(DATA, ())
    return columns


@pytest.mark.parametrize("case", GOLDEN["bases"], ids=lambda case: f"{case['n']} knots")
def test_knots_and_basis_are_those_of_hmisc(case: dict[str, Any]) -> None:
    bmi = DATA["bmi"].to_numpy()
    spline = Spline.of(bmi, case["n"], "bmi")
    np.testing.assert_allclose(spline.knots, case["knots"], rtol=1e-12)
    np.testing.assert_allclose(Spline.of(bmi[:60], case["n"], "bmi").knots, case["few"], rtol=1e-12)
    np.testing.assert_allclose(spline.columns(bmi[:8]), case["basis"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", ["cox", "logistic"])
def test_a_spline_and_a_reference_give_the_fit_and_the_tests_of_r(kind: str) -> None:
    golden, columns = GOLDEN[kind], fitted({"smoker": "never"}, {"age": 4})
    assert columns.names == ["age", "age'", "age''", "smoker=former", "smoker=now"]
    assert columns.design.references == ["", "", "", "smoker=never", "smoker=never"]
    patient = np.arange(len(DATA))
    outcomes = RowOutcomes(patient, None, DATA["time"].to_numpy(), DATA["event"].to_numpy())
    head: Any = Cox(columns.names) if kind == "cox" else LogisticHead(columns.names)
    if kind == "logistic":
        outcomes = RowOutcomes(patient, DATA["label"].to_numpy())
    x = columns.matrix(DATA)
    head.fit(x, outcomes, (x, outcomes), seed=0)
    table = head.table()
    np.testing.assert_allclose(table["coefficient"], golden["coefficients"], rtol=1e-6)
    assert head.covariance is not None
    np.testing.assert_allclose(head.covariance, np.array(golden["covariance"])[-5:, -5:], rtol=1e-5)
    found = terms(columns.design, table["coefficient"].to_numpy()[-5:], head.covariance).set_index("term")
    for name in ("age", "smoker"):
        np.testing.assert_allclose(found.loc[name, ["chi2", "df", "p"]].astype(float), [*golden[name].values()], 1e-5)
    bends = found.loc["age", ["nonlinear_chi2", "nonlinear_df", "nonlinear_p"]].astype(float)
    np.testing.assert_allclose(bends, [*golden["bends"].values()], rtol=1e-5)
    np.testing.assert_allclose(found.loc["age", ["low", "high"]].astype(float), GOLDEN["quartiles"], rtol=1e-12)
    np.testing.assert_allclose(found.loc["age", ["ratio", "lower", "upper"]].astype(float), golden["effect"], 1e-5)
    if kind == "logistic":
        np.testing.assert_allclose(table[["odds_ratio", "lower", "upper"]], GOLDEN["odds_ratios"], rtol=1e-5)
        np.testing.assert_allclose(table["p"], GOLDEN["p"], rtol=1e-5)


def test_shrunken_coefficients_have_an_effect_but_no_test() -> None:
    columns = fitted(splines={"age": 3})
    head = LogisticRidge(columns.names)
    x, outcomes = columns.matrix(DATA), RowOutcomes(np.arange(len(DATA)), DATA["label"].to_numpy())
    head.fit(x, outcomes, (x, outcomes), seed=0)
    assert head.covariance is None
    found = terms(columns.design, head.coefficients[1:], None).set_index("term")
    assert found.loc["age", "ratio"] > 1
    assert found[["p", "nonlinear_p", "lower", "upper"]].isna().all(axis=None)


def test_a_singular_covariance_gives_no_test() -> None:
    found = terms(Design(("smoker",), {"smoker": ("never", "former", "now")}), np.ones(2), np.ones((2, 2)))
    assert found["p"].isna().all()


def test_the_reference_is_the_first_in_sorted_order_whatever_is_common() -> None:
    assert fitted().design.levels == {"smoker": ("former", "never", "now")}
    assert fitted({"smoker": "now"}).design.levels == {"smoker": ("now", "former", "never")}


def test_a_column_of_numbers_with_a_reference_becomes_levels() -> None:
    table = pd.DataFrame({"stage": [1.0, 2, 10, 2, np.nan], "age_years": [50.0, 60, 70, 80, 90]})
    columns = Columns(["stage", "age_years"], impute=True, reference={"stage": "2"})
    columns.fit(table, ())
    assert columns.names == ["stage=1", "stage=10", "age_years"]  # in order of numbers
    assert columns.matrix(table)[:, :2].tolist() == [[1, 0], [0, 0], [0, 1], [0, 0], [0, 0]]  # imputed: the commonest
    new = table.assign(stage=[1.0, 3, 2, 2, 2])
    assert columns.complete(new).tolist() == [True, False, True, True, True]
    assert columns.lacking(new) == ["stage with a level not learnt, as 3, 1"]


def test_splines_and_levels_are_kept_with_the_model() -> None:
    columns, again = fitted({"smoker": "never"}, {"age": 5}), Columns(None)
    again.restore(json.loads(json.dumps(columns.state())))
    assert again.design == columns.design
    np.testing.assert_array_equal(again.matrix(DATA[:9]), columns.matrix(DATA[:9]))
    old = {name: of for name, of in columns.state()["design"].items() if name != "splines"}  # type: ignore[attr-defined]
    assert Design.restored(old).names == ["age", "smoker=former", "smoker=now"]


def test_a_whole_number_has_no_decimal_point_as_a_level() -> None:
    assert as_levels(pd.Series([2.0, 1e7, 0.5])).tolist() == ["2", "10000000", "0.5"]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"reference": {"smoker": "nevr"}}, ConfigError, "did you mean never\\? levels: former, never, now"),
        ({"reference": {"smokr": "now"}}, ConfigError, "did you mean smoker"),
        ({"splines": {"bmi": 4}}, ConfigError, "no column of the features"),
        ({"splines": {"age": 2}}, ConfigError, "3 to 7 knots, not 2"),
        ({"splines": {"smoker": 3}}, DataError, "a spline is of numbers"),
        ({"reference": {"age": "50"}}, DataError, "171 levels"),
    ],
    ids=str,
)
def test_what_has_no_reference_or_spline_is_refused(given: dict[str, Any], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        fitted(**given)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ones(240), "1 distinct values are too few for 4 knots"),
        (np.arange(240) % 5, "5 distinct values are too few"),
        (np.where(np.arange(240) < 200, 0, np.arange(240)), "4 knots lie at 0, 0, 0, "),
    ],
    ids=["constant", "few values", "most alike"],
)
def test_a_spline_needs_values_that_differ(values: Any, said: str) -> None:
    columns = Columns(["x", "age"], splines={"x": 4})
    with pytest.raises(DataError, match=said):
        columns.fit(DATA.assign(x=values.astype(float)), ())


def test_hundreds_of_levels_are_refused() -> None:
    columns = Columns(["age", "doctor"])
    with pytest.raises(DataError, match="240 levels, of at most 100"):
        columns.fit(DATA.assign(doctor=[f"D{i}" for i in range(240)]), ())
